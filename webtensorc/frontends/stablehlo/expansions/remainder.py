"""C's fmod of float64, exact for all arguments.

With `|x| = a 2^e` and `|y| = b 2^f` in integers, the remainder is `(a 2^(e - f) mod b) 2^f`. The power of two, up to
2^2046, is taken modulo `b` by repeated squaring.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands

_FRACTION = 52
_MOST = 2046
"""Bits of a float64's fraction, and how far apart two exponents may be."""


@expands("stablehlo.remainder", dtypes=("float64",), fixed=0)
def remainder(call: Call, x: jax.Array, y: jax.Array) -> tuple[jax.Array]:
    """The remainder with the sign of `x`; NaN where `x` is infinite or `y` is 0."""
    a, e = _parts(x)
    b, f = _parts(y)
    invalid = jnp.isnan(x) | jnp.isnan(y) | (b == 0) | jnp.isinf(x)
    modulus = jnp.where(b == 0, 1, b)
    rest = _product(a % modulus, _power(jnp.maximum(e - f, 0), modulus), modulus)
    value = jnp.where((e < f) | jnp.isinf(y), jnp.abs(x), _assembled(rest, f))
    return (jnp.where(invalid, jnp.nan, jnp.copysign(value, x)),)


def _parts(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`m` and `e` (int64) with `|x| = m 2^(e - 1075)` and `m < 2^53`."""
    bits = lax.bitcast_convert_type(x, jnp.int64)
    exponent, fraction = (bits >> _FRACTION) & 0x7FF, bits & ((1 << _FRACTION) - 1)
    return fraction | ((exponent > 0).astype(jnp.int64) << _FRACTION), jnp.maximum(exponent, 1)


def _power(k: jax.Array, modulus: jax.Array) -> jax.Array:
    """`2^k mod modulus` for `0 <= k <= 2046`."""
    value = 1 % modulus
    for bit in reversed(range(_MOST.bit_length())):
        value = _product(value, value, modulus)
        value = jnp.where((k >> bit) & 1 == 1, (2 * value) % modulus, value)
    return value


def _product(x: jax.Array, y: jax.Array, modulus: jax.Array) -> jax.Array:
    """`x y mod modulus` for numbers below a modulus below 2^53.

    The quotient of the rounded product is off by a few at most, so the remainder is known from its last 64 bits.
    """
    quotient = (x.astype(jnp.float64) * y.astype(jnp.float64) / modulus.astype(jnp.float64)).astype(jnp.int64)
    return (x * y - quotient * modulus) % modulus


def _assembled(m: jax.Array, exponent: jax.Array) -> jax.Array:
    """The float64 `m 2^(exponent - 1075)`, which exists, by bits: arithmetic would take the smallest ones for 0."""
    shift = jnp.minimum(lax.clz(m) - 11, exponent - 1)
    shifted = m << shift
    is_normal = shifted >> _FRACTION == 1
    fraction = shifted & ((1 << _FRACTION) - 1)
    return lax.bitcast_convert_type((jnp.where(is_normal, exponent - shift, 0) << _FRACTION) | fraction, jnp.float64)
