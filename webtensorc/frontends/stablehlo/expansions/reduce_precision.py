"""Rounding to fewer bits than the type has; the native compiler stops at tensors of open size."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands


@expands("stablehlo.reduce_precision", fixed=0)
def reduce_precision(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """`x` as a float of that many exponent and mantissa bits has it (StableHLO specification, "reduce_precision").

    To nearest, ties to even; what is too small for a normal number is 0, what is too large infinite.
    """
    kind = jnp.finfo(x.dtype)
    integer = jnp.dtype(f"uint{kind.bits}")
    bits, one = lax.bitcast_convert_type(x, integer), integer.type(1)
    sign = bits & integer.type(1 << (kind.bits - 1))
    bits = bits ^ sign
    dropped = kind.nmant - call.attributes["mantissa_bits"]
    if dropped > 0:
        last = (bits >> integer.type(dropped)) & one
        bits = (bits + last + integer.type((1 << (dropped - 1)) - 1)) & ~integer.type((1 << dropped) - 1)
    if call.attributes["exponent_bits"] < kind.nexp:
        bias, reduced = ((1 << (count - 1)) - 1 for count in (kind.nexp, call.attributes["exponent_bits"]))
        exponent = bits >> integer.type(kind.nmant)
        infinite = integer.type(((1 << kind.nexp) - 1) << kind.nmant)
        bits = jnp.where(exponent > integer.type(bias + reduced), infinite, bits)
        bits = jnp.where(exponent <= integer.type(bias - reduced), integer.type(0), bits)
    return (jnp.where(jnp.isnan(x), x, lax.bitcast_convert_type(bits | sign, x.dtype)),)
