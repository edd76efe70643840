"""Sums of one operand over indices, which StableHLO has from older dialects."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands


@expands("stablehlo.unary_einsum")
def unary_einsum(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """The diagonals, sums and permutations that `einsum_config` says, as `ij->ji`."""
    return (jnp.einsum(call.attributes["einsum_config"], x),)
