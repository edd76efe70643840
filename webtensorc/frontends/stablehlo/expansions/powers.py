"""float64 powers, with the logarithm in two parts.

`x^y` is `e^(y log x)`; an error of `log x` is multiplied by `y log x`, up to 700, so that one double is not enough for
it. Sums and products without error are those of Dekker, A floating-point technique for extending the available
precision (1971). Special cases are those of C99, annex F.9.4.4.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands

Double = tuple[jax.Array, jax.Array]
"""A number as a sum of two, the second much smaller."""

_LOG_2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""log 2 in two parts; products of the first with exponents are exact."""

_TERMS = 12
"""Of the series of the inverse hyperbolic tangent: `0.172^25` is below `2^-63`."""


@expands("stablehlo.power", dtypes=("float64",), fixed=0)
def power(call: Call, x: jax.Array, y: jax.Array) -> tuple[jax.Array]:
    """x^y."""
    size = jnp.abs(x)
    ordinary = (size > 0) & (size < jnp.inf) & (jnp.abs(y) < 1e300)
    high, low = _log(jnp.where(ordinary, size, 1))
    exponent, rest = product(jnp.where(ordinary, y, 0), high)
    rest = rest + jnp.where(ordinary, y, 0) * low
    grown = jnp.exp(exponent)
    value = grown + jnp.where(jnp.abs(exponent) < 700, grown * rest, 0)
    value = jnp.where(ordinary, value, jnp.exp(y * jnp.log(size)))
    whole = jnp.floor(y) == y
    odd = whole & (jnp.floor(y / 2) != y / 2)
    value = jnp.where(jnp.signbit(x) & odd, -value, value)
    value = jnp.where((x < 0) & (x > -jnp.inf) & ~whole, jnp.nan, value)
    one = (x == 1) | (y == 0) | ((size == 1) & jnp.isinf(y))
    return (jnp.where(one, 1, value),)


def total(a: jax.Array, b: jax.Array) -> Double:
    """a + b without error."""
    value = a + b
    part = value - a
    return value, (a - (value - part)) + (b - part)


def product(a: jax.Array, b: jax.Array) -> Double:
    """a b without error, for factors below 1e300."""
    value = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return value, ((a1 * b1 - value) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: jax.Array) -> Double:
    """The first 26 bits, and the others."""
    mask = jnp.int64(-1) << 27
    high = jax.lax.bitcast_convert_type(jax.lax.bitcast_convert_type(a, jnp.int64) & mask, a.dtype)
    return high, a - high


def _log(x: jax.Array) -> Double:
    """log x of positive numbers: with `x = 2^k m` and `s = (m - 1) / (m + 1)`, `k log 2 + 2 atanh(s)`."""
    tiny = x < 1e-300
    bits = jax.lax.bitcast_convert_type(jnp.where(tiny, x * 2.0**54, x), jnp.int64)
    # Adding what is missing from sqrt(1/2) to 1 carries into the exponent where m is beyond sqrt(2).
    k = ((bits + 0x00095F619980C433) >> 52) - 1023
    m = jax.lax.bitcast_convert_type(bits - (k << 52), x.dtype)
    k = jnp.where(tiny, k - 54, k).astype(x.dtype)
    f, g = m - 1, m + 1
    lost = m - (g - 1)
    s = f / g
    back, error = product(s, g)
    rest = ((f - back) - error - s * lost) / g
    square = s * s
    series = jnp.zeros_like(s)
    for term in range(_TERMS, 0, -1):
        series = square * (series + 1 / (2 * term + 1))
    high, low = total(k * _LOG_2[0], 2 * s)
    return total(high, low + (k * _LOG_2[1] + 2 * rest + 2 * s * series))
