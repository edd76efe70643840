"""Functions of real numbers that the native compiler lacks or has with a large error.

IREE 3.13 computes float64 functions in single precision, or not at all, and `expm1` and `log1p` as `exp(x) - 1` and
`log(1 + x)`; its float32 sine of small negative numbers has the absolute error of numbers near 1 (12 % at -1e-6).
Kernels and constants are those of fdlibm (Sun Microsystems, 1993): below one unit in the last place, before the final
arithmetic. Arguments of sine, cosine and tangent are reduced with pi in parts (W. J. Cody, W. Waite, Software Manual
for the Elementary Functions, 1980), whose products with each half of a multiple's digits are exact: all digits are
right up to 1e12 in float64 and 4e6 in float32, where the multiple is not that nearest to the argument any more.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_SIN = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
_COS = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
_ATAN = (
    3.33333333333329318027e-01,
    -1.99999999998764832476e-01,
    1.42857142725034663711e-01,
    -1.11111104054623557880e-01,
    9.09088713343650656196e-02,
    -7.69187620504482999495e-02,
    6.66107313738753120669e-02,
    -5.83357013379057348645e-02,
    4.97687799461593236017e-02,
    -3.65315727442169155270e-02,
    1.62858201153657823623e-02,
)
_EXPM1 = (
    -3.33333333333331316428e-02,
    1.58730158725481460165e-03,
    -7.93650757867487942473e-05,
    4.00821782732936239552e-06,
    -2.01099218183624371326e-07,
)
_LOG_2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""log 2 in two parts; products of the first with small integers are exact."""

_HALF_PI = {
    "float64": (2.0**20, (1.57079632673412561417e00, 6.07710050630396597660e-11), 2.02226624879595063154e-21),
    "float32": (2.0**12, (1.5703125, 4.837512969970703125e-04, 7.549533620476723e-08), 2.5633440682570896e-12),
}
"""pi / 2 in parts, and what they lack; products of these parts with integers up to the number before are exact."""

_TRIGONOMETRIC = ("float32", "float64")


@expands("stablehlo.sine", dtypes=_TRIGONOMETRIC, fixed=0)
def sine(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """sin(x), x in radians."""
    sin, cos, quadrant = _reduced(x)
    value = jnp.where(quadrant % 2 == 1, cos, sin)
    return (jnp.where(quadrant >= 2, -value, value),)


@expands("stablehlo.cosine", dtypes=_TRIGONOMETRIC, fixed=0)
def cosine(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """cos(x), x in radians."""
    sin, cos, quadrant = _reduced(x)
    value = jnp.where(quadrant % 2 == 1, sin, cos)
    return (jnp.where((quadrant == 1) | (quadrant == 2), -value, value),)


@expands("stablehlo.tan", dtypes=_TRIGONOMETRIC, fixed=0)
def tan(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """sin(x) / cos(x)."""
    sin, cos, quadrant = _reduced(x)
    return (jnp.where(quadrant % 2 == 1, -cos / sin, sin / cos),)


@expands("stablehlo.exponential_minus_one", dtypes=("float64",), fixed=0)
def expm1(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """e^x - 1: with `x = k log 2 + r`, from `e^r - 1` by a rational function (fdlibm's s_expm1.c)."""
    bounded = jnp.clip(x, -40, 710)
    k = jnp.round(bounded / jnp.log(2.0))
    high, low = bounded - k * _LOG_2[0], k * _LOG_2[1]
    r = high - low
    lost = (high - r) - low
    half = r / 2
    square = r * half
    q = 1 + square * _horner(square, _EXPM1)
    t = 3 - q * half
    e = square * ((q - t) / (6 - r * t))
    e = r * (e - lost) - lost - square
    power = k.astype(jnp.int64)
    value = (1 - _power_of_two(-power)) - (e - r)
    value = value * _power_of_two(power // 2) * _power_of_two(power - power // 2)
    value = jnp.where(jnp.abs(x) < 1e-16, x, jnp.where(x > 709.79, jnp.inf, value))
    return (jnp.where(jnp.isnan(x), x, value),)


@expands("stablehlo.log_plus_one", dtypes=("float64",), fixed=0)
def log1p(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """log(1 + x): what rounding takes from `1 + x` is given back (fdlibm's s_log1p.c)."""
    near = 1 + x
    lost = jnp.where(x > 1, 1 - (near - x), x - (near - 1))
    ordinary = (near > 0) & (near < jnp.inf)
    value = jnp.log(near) + jnp.where(ordinary, lost / jnp.where(ordinary, near, 1), 0)
    return (jnp.where(x == 0, x, value),)


@expands("stablehlo.tanh", dtypes=("float64",), fixed=0)
def tanh(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """The hyperbolic tangent, by expm1."""
    size = jnp.abs(x)
    small = jnp.expm1(-2 * size)
    large = 1 - 2 / (jnp.expm1(2 * jnp.minimum(size, 22)) + 2)
    value = jnp.where(size < 1, -small / (small + 2), large)
    return (jnp.where(jnp.isnan(x), x, jnp.copysign(value, x)),)


@expands("stablehlo.cbrt", dtypes=_FLOATS, fixed=0)
def cbrt(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """The real cube root, by two steps of Newton's method; the native one of infinity is NaN."""
    kind, x = x.dtype, _in_single_at_least(x)
    size = jnp.abs(x)
    ordinary = (size > 0) & (size < jnp.inf)
    safe = jnp.where(ordinary, size, 1)
    root = jnp.exp(jnp.log(safe) / 3)
    for _ in range(2):
        root = root - (root - safe / (root * root)) / 3
    return (jnp.where(ordinary, jnp.copysign(root, x), x).astype(kind),)


@expands("stablehlo.atan2", dtypes=_FLOATS, fixed=0)
def atan2(call: Call, y: jax.Array, x: jax.Array) -> tuple[jax.Array]:
    """The angle of the point (x, y), from -pi to pi.

    The native one is off by 20 units in the last place in float32, and loses signs and infinities in half precision.
    """
    kind, y, x = x.dtype, _in_single_at_least(y), _in_single_at_least(x)
    a, b = jnp.abs(y), jnp.abs(x)
    low, high = jnp.minimum(a, b), jnp.maximum(a, b)
    ratio = jnp.where(low == high, jnp.where(low == 0, 0, 1), low / high)
    angle = _atan(ratio)
    angle = jnp.where(a > b, jnp.pi / 2 - angle, angle)
    negative = jnp.signbit(x)
    angle = jnp.where(negative, jnp.pi - (angle - 1.2246467991473531772e-16), angle)
    value = jnp.where(jnp.isnan(x) | jnp.isnan(y), jnp.nan, jnp.copysign(angle, y))
    return (value.astype(kind),)


def _in_single_at_least(x: jax.Array) -> jax.Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _atan(x: jax.Array) -> jax.Array:
    """The arc tangent of numbers from 0 to 1."""
    middle, upper = (x >= 7 / 16) & (x < 11 / 16), x >= 11 / 16
    t = jnp.where(middle, (2 * x - 1) / (2 + x), jnp.where(upper, (x - 1) / (x + 1), x))
    high = jnp.where(middle, 4.63647609000806093515e-01, jnp.where(upper, 7.85398163397448278999e-01, 0))
    low = jnp.where(middle, 2.26987774529616870924e-17, jnp.where(upper, 3.06161699786838301793e-17, 0))
    z = t * t
    return high - ((t * z * _horner(z, _ATAN) - low) - t)


def _reduced(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Sine and cosine of `x - n pi / 2`, and `n` modulo 4."""
    step, (*parts, last), rest = _HALF_PI[x.dtype.name]
    n = jnp.round(x * (2 / jnp.pi))
    upper = jnp.round(n / step) * step
    lower = n - upper
    y = x
    for part in parts:
        y = (y - upper * part) - lower * part
    first = y - upper * last
    second = lower * last
    high = first - second
    low = ((first - high) - second) - n * rest
    y = high + low
    tail = (high - y) + low
    z = y * y
    cube = z * y
    r = _horner(z, _SIN[1:])
    sin = y - ((z * (tail / 2 - cube * r) - tail) - cube * _SIN[0])
    half = z / 2
    one = 1 - half
    cos = one + (((1 - one) - half) + (z * z * _horner(z, _COS) - y * tail))
    return sin, cos, (n - 4 * jnp.floor(n / 4)).astype(jnp.int32)


def _horner(x: jax.Array, coefficients: Sequence[float]) -> jax.Array:
    value = jnp.full_like(x, coefficients[-1])
    for each in reversed(coefficients[:-1]):
        value = value * x + each
    return value


def _power_of_two(exponent: jax.Array) -> jax.Array:
    return jax.lax.bitcast_convert_type((exponent + 1023) << 52, jnp.float64)
