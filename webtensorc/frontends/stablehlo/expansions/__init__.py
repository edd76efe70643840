"""Expansions by family; see `webtensorc.frontends.stablehlo.expansion`."""
