"""Elementwise arithmetic and elementary functions, with numpy broadcasting (ONNX since opset 7)."""

from __future__ import annotations

import functools
import operator

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.cumulative import cumulated
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, Value, is_known, known_ints, xp


@op("Add")
def add(a: Value, b: Value) -> Value:
    """a + b."""
    return xp(a, b).add(a, b)


@op("Sub")
def sub(a: Value, b: Value) -> Value:
    """a - b."""
    return xp(a, b).subtract(a, b)


@op("Mul")
def mul(a: Value, b: Value) -> Value:
    """a * b."""
    return xp(a, b).multiply(a, b)


@op("Div")
def div(a: Value, b: Value) -> Value:
    """a / b; integers are divided towards zero."""
    np_ = xp(a, b)
    if not jnp.issubdtype(a.dtype, jnp.integer):
        return np_.true_divide(a, b)
    if is_known(a) and is_known(b):
        return ((a - np.fmod(a, b)) // b).astype(a.dtype)
    return lax.div(*jnp.broadcast_arrays(a, b))


@op("Mod")
def mod(a: Value, b: Value, *, fmod: int = 0) -> Value:
    """Remainder with the sign of the divisor, or with `fmod` that of the dividend."""
    np_ = xp(a, b)
    return np_.fmod(a, b) if fmod else np_.mod(a, b)


@op("Pow")
def pow_(base: Value, exponent: Value) -> Value:
    """base ** exponent in the base's type, whatever the exponent's."""
    np_ = xp(base, exponent)
    common = jnp.promote_types(base.dtype, exponent.dtype)
    if is_known(exponent) and exponent.size == 1 and not isinstance(base, np.ndarray):
        shape = jnp.broadcast_shapes(base.shape, exponent.shape)
        special = _small_power(base, exponent.ravel()[0])
        if special is not None:
            return special.reshape(shape)
    is_inverse = jnp.issubdtype(common, jnp.signedinteger) and not (is_known(exponent) and np.all(exponent >= 0))
    power = _signed_power if is_inverse else np_.power
    return power(base.astype(common), exponent.astype(common)).astype(base.dtype)


def _signed_power(base: Value, exponent: Value) -> Value:
    """A power of integers, towards zero: of a negative exponent 1, -1 or 0."""
    np_ = xp(base, exponent)
    inverse = np_.where(base == 1, 1, np_.where(base == -1, 1 - 2 * (exponent & 1), 0))
    return np_.where(exponent < 0, inverse, np_.power(base, np_.maximum(exponent, 0)))


def _small_power(base: Value, exponent: np.generic) -> Value | None:
    """The powers that models use, without a call to `pow`."""
    if exponent == 2:
        return base * base
    if exponent == 3:
        return base * base * base
    return jnp.sqrt(base) if exponent == 0.5 and jnp.issubdtype(base.dtype, jnp.floating) else None


@op("Sum")
def sum_(*data: Value) -> Value:
    """Sum of all operands."""
    return functools.reduce(operator.add, data)


@op("Mean")
def mean(*data: Value) -> Value:
    """Mean of all operands."""
    return functools.reduce(operator.add, data) / np.asarray(len(data), data[0].dtype)


@op("Max")
def max_(*data: Value) -> Value:
    """Elementwise maximum; NaN wins."""
    return functools.reduce(xp(*data).maximum, data)


@op("Min")
def min_(*data: Value) -> Value:
    """Elementwise minimum; NaN wins."""
    return functools.reduce(xp(*data).minimum, data)


@op("Neg")
def neg(x: Value) -> Value:
    """-x."""
    return xp(x).negative(x)


@op("Abs")
def abs_(x: Value) -> Value:
    """|x|."""
    return xp(x).abs(x)


@op("Sign")
def sign(x: Value) -> Value:
    """-1, 0 or 1; NaN stays."""
    return xp(x).sign(x)


@op("Reciprocal")
def reciprocal(x: Value) -> Value:
    """1 / x."""
    return xp(x).reciprocal(x)


@op("Sqrt")
def sqrt(x: Value) -> Value:
    """Square root."""
    return xp(x).sqrt(x)


@op("Exp")
def exp(x: Value) -> Value:
    """e ** x."""
    return xp(x).exp(x)


@op("Log")
def log(x: Value) -> Value:
    """Natural logarithm."""
    return xp(x).log(x)


@op("Floor")
def floor(x: Value) -> Value:
    """Round down."""
    return xp(x).floor(x)


@op("Ceil")
def ceil(x: Value) -> Value:
    """Round up."""
    return xp(x).ceil(x)


@op("Round")
def round_(x: Value) -> Value:
    """Round to nearest, ties to even."""
    return np.rint(x) if is_known(x) else lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


@op("Erf")
def erf(x: Value) -> Value:
    """Error function."""
    return lax.erf(jnp.asarray(x))


@op("IsNaN")
def is_nan(x: Value) -> Value:
    """Which elements are NaN."""
    return xp(x).isnan(x)


@op("IsInf")
def is_inf(x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    """Which elements are infinite, of the signs asked for."""
    np_ = xp(x)
    found = np_.isinf(x)
    if not detect_negative:
        found = found & (x > 0)
    return found if detect_positive else found & (x < 0)


@op("Sin")
def sin(x: Value) -> Value:
    """Sine."""
    return xp(x).sin(x)


@op("Cos")
def cos(x: Value) -> Value:
    """Cosine."""
    return xp(x).cos(x)


@op("Tan")
def tan(x: Value) -> Value:
    """Tangent."""
    return xp(x).tan(x)


@op("Asin")
def asin(x: Value) -> Value:
    """Inverse sine."""
    return xp(x).arcsin(x)


@op("Acos")
def acos(x: Value) -> Value:
    """Inverse cosine."""
    return xp(x).arccos(x)


@op("Atan")
def atan(x: Value) -> Value:
    """Inverse tangent."""
    return xp(x).arctan(x)


@op("Sinh")
def sinh(x: Value) -> Value:
    """Hyperbolic sine."""
    return xp(x).sinh(x)


@op("Cosh")
def cosh(x: Value) -> Value:
    """Hyperbolic cosine."""
    return xp(x).cosh(x)


@op("Tanh")
def tanh(x: Value) -> Value:
    """Hyperbolic tangent."""
    return xp(x).tanh(x)


@op("Asinh")
def asinh(x: Value) -> Value:
    """Inverse hyperbolic sine."""
    return xp(x).arcsinh(x)


@op("Acosh")
def acosh(x: Value) -> Value:
    """Inverse hyperbolic cosine."""
    return xp(x).arccosh(x)


@op("Atanh")
def atanh(x: Value) -> Value:
    """Inverse hyperbolic tangent."""
    return xp(x).arctanh(x)


@op("CumSum", bounded=True)
def cumsum(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """Running sum along an axis."""
    return _cumulative(lax.cumsum, x, axis, exclusive, reverse, 0)


@op("CumProd", since=26, bounded=True)
def cumprod(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """Running product along an axis."""
    return _cumulative(lax.cumprod, x, axis, exclusive, reverse, 1)


def _cumulative(scan: Value, x: Value, axis: Value, exclusive: int, reverse: int, neutral: int) -> Value:
    if isinstance(x, Bounded):
        found = _cumulative(scan, x.filled(neutral), axis, exclusive, reverse, neutral)
        return Bounded(found, x.axis, x.count)
    along = known_ints(axis, "axis")[0] % x.ndim
    if exclusive:
        pads = [(0, 0)] * x.ndim
        pads[along] = (0, 1) if reverse else (1, 0)
        size = x.shape[along]
        x = jnp.pad(x, pads, constant_values=neutral)
        x = lax.slice_in_dim(x, int(bool(reverse)), size + int(bool(reverse)), axis=along)
    return cumulated(scan, jnp.asarray(x), along, neutral, reverse=bool(reverse))
