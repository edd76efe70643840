"""Functions of complex numbers that the native compiler lacks, from functions on real and imaginary parts.

W. Kahan, Branch cuts for complex elementary functions (1987); branch cuts are those of C99, annex G. complex64
stays with the native compiler, which has it, but for the size, which overflows and underflows there, and the tangents,
which are off by 20 units in the last place, as powers are.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands
from webtensorc.frontends.stablehlo.expansions._exact import product, total

_DTYPES = ("complex128",)
_BOTH = ("complex64", "complex128")


@expands("stablehlo.abs", dtypes=("complex64",), fixed=0)
def size(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """|z|, without overflow."""
    x, y = jnp.abs(z.real), jnp.abs(z.imag)
    low, high = jnp.minimum(x, y), jnp.maximum(x, y)
    ratio = jnp.where(high == 0, 0, low / jnp.where(high == 0, 1, high))
    value = high * jnp.sqrt(1 + ratio * ratio)
    return (jnp.where(jnp.isinf(x) | jnp.isinf(y), jnp.inf, value),)


@expands("stablehlo.exponential", dtypes=_DTYPES, fixed=0)
def exponential(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """e^z."""
    return (_exp(z),)


@expands("stablehlo.exponential_minus_one", dtypes=_DTYPES, fixed=0)
def exponential_minus_one(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """e^z - 1, accurate near 0."""
    x, y = z.real, z.imag
    half = jnp.sin(y / 2)
    real = jnp.expm1(x) * jnp.cos(y) - 2 * half * half
    return (lax.complex(real, jnp.where(y == 0, y, jnp.exp(x) * jnp.sin(y))),)


@expands("stablehlo.log", dtypes=_DTYPES, fixed=0)
def log(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """The principal logarithm."""
    return (_log(z),)


@expands("stablehlo.log_plus_one", dtypes=_DTYPES, fixed=0)
def log_plus_one(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """log(1 + z), accurate near 0."""
    x, y = z.real, z.imag
    near = jnp.log1p(_grown(x, y)) / 2
    is_near = (jnp.abs(x) < 0.5) & (jnp.abs(y) < 0.5)
    return (lax.complex(jnp.where(is_near, near, _log_size(1 + x, y)), jnp.arctan2(y, 1 + x)),)


@expands("stablehlo.rsqrt", dtypes=_DTYPES, fixed=0)
def rsqrt(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """1 / sqrt(z): the conjugate of the root over the size, of z scaled to the larger of its parts."""
    high = jnp.maximum(jnp.abs(z.real), jnp.abs(z.imag))
    ordinary = (high > 0) & (high < jnp.inf)
    scale = jnp.where(ordinary, high, 1)
    x, y = (jnp.where(ordinary, part / scale, 1) for part in (z.real, z.imag))
    length = jnp.sqrt(x * x + y * y)
    root = jnp.sqrt((jnp.abs(x) + length) / 2)
    other = jnp.abs(y) / (2 * root)
    factor = 1 / (length * jnp.sqrt(scale))
    real, imaginary = (jnp.where(x < 0, *pair) * factor for pair in ((other, root), (root, other)))
    value = lax.complex(real, jnp.copysign(imaginary, -z.imag))
    limit = jnp.where(high == 0, jnp.inf, jnp.where(high == jnp.inf, 0, jnp.nan))
    return (jnp.where(ordinary, value, limit.astype(z.dtype)),)


@expands("stablehlo.power", dtypes=_BOTH, fixed=0)
def power(call: Call, z: jax.Array, w: jax.Array) -> tuple[jax.Array]:
    """z^w; 0^0 is 1 and 0^w is 0. The size is a power of |z|: e^(w log z) would lose what log z has in front."""
    zero = z == 0
    base = jnp.where(zero, 1, z)
    (length,), angle = size(call, base), jnp.arctan2(base.imag, base.real)
    grown = length**w.real * jnp.exp(-w.imag * angle)
    turned = w.imag * _log_size(base.real, base.imag) + w.real * angle
    real, imaginary = grown * jnp.cos(turned), jnp.where(turned == 0, turned, grown * jnp.sin(turned))
    return (jnp.where(zero, (w == 0).astype(z.dtype), lax.complex(real, imaginary)),)


@expands("stablehlo.sine", dtypes=_DTYPES, fixed=0)
def sine(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """sin(z)."""
    x, y = z.real, z.imag
    return (lax.complex(jnp.sin(x) * jnp.cosh(y), jnp.cos(x) * jnp.sinh(y)),)


@expands("stablehlo.cosine", dtypes=_DTYPES, fixed=0)
def cosine(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """cos(z)."""
    x, y = z.real, z.imag
    return (lax.complex(jnp.cos(x) * jnp.cosh(y), -jnp.sin(x) * jnp.sinh(y)),)


@expands("stablehlo.tanh", dtypes=_BOTH, fixed=0)
def tanh(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """tanh(z)."""
    return (_tanh(z.real, z.imag),)


@expands("stablehlo.tan", dtypes=_BOTH, fixed=0)
def tan(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """tan(z) = -i tanh(i z)."""
    turned = _tanh(-z.imag, z.real)
    return (lax.complex(turned.imag, -turned.real),)


@expands("stablehlo.logistic", dtypes=_DTYPES, fixed=0)
def logistic(call: Call, z: jax.Array) -> tuple[jax.Array]:
    """1 / (1 + e^-z)."""
    return (1 / (1 + _exp(-z)),)


def _grown(x: jax.Array, y: jax.Array) -> jax.Array:
    """`|1 + x + i y|^2 - 1` for small float64 numbers; its terms may cancel each other."""
    (xx, x_lost), (yy, y_lost) = product(x, x), product(y, y)
    first, first_lost = total(2 * x, xx)
    value, lost = total(first, yy)
    return value + (lost + first_lost + x_lost + y_lost)


def _exp(z: jax.Array) -> jax.Array:
    x, y = z.real, z.imag
    grown = jnp.exp(x)
    # An infinite size with no angle stays on the real axis: 0 times infinity would be NaN.
    return lax.complex(jnp.where(y == 0, grown, grown * jnp.cos(y)), jnp.where(y == 0, y, grown * jnp.sin(y)))


def _log(z: jax.Array) -> jax.Array:
    return lax.complex(_log_size(z.real, z.imag), jnp.arctan2(z.imag, z.real))


def _log_size(x: jax.Array, y: jax.Array) -> jax.Array:
    """log |x + i y|, without overflow, and accurate where the size is near 1."""
    low, high = jnp.minimum(jnp.abs(x), jnp.abs(y)), jnp.maximum(jnp.abs(x), jnp.abs(y))
    infinite = jnp.isinf(x) | jnp.isinf(y)
    ratio = jnp.where(high == 0, 0, low / jnp.where(high == 0, 1, high))
    far = jnp.log(high) + jnp.log1p(ratio * ratio) / 2
    near = jnp.log1p((high - 1) * (high + 1) + low * low) / 2
    return jnp.where(infinite, jnp.inf, jnp.where((high > 0.7) & (high < 1.5), near, far))


def _tanh(x: jax.Array, y: jax.Array) -> jax.Array:
    bounded = jnp.minimum(jnp.abs(x), 20)
    t, s = jnp.tan(y), jnp.sinh(jnp.copysign(bounded, x))
    beta = 1 + t * t
    denominator = 1 + beta * s * s
    large = jnp.abs(x) >= 20
    imaginary = jnp.where(large, 4 * jnp.sin(y) * jnp.cos(y) * jnp.exp(-2 * jnp.abs(x)), t / denominator)
    return lax.complex(jnp.where(large, jnp.sign(x), beta * jnp.sqrt(1 + s * s) * s / denominator), imaginary)
