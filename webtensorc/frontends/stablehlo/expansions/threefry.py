"""Random bits by counters."""

from __future__ import annotations

import jax
from jax.extend.random import threefry2x32_p

from webtensorc.frontends.stablehlo.expansion import Call, expands


@expands("cu_threefry2x32_ffi", "hip_threefry2x32_ffi", fixed=0)
def threefry2x32(call: Call, *words: jax.Array) -> tuple[jax.Array, ...]:
    """jaxlib's kernel of Threefry-2x32 with 20 rounds (Salmon et al. 2011): two words of key, two of counter."""
    return tuple(threefry2x32_p.bind(*words))  # type: ignore[no-untyped-call]
