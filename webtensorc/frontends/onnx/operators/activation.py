"""Activation functions and normalised exponentials."""

from __future__ import annotations

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, arange, xp


@op("Relu")
def relu(x: Value) -> Value:
    """max(x, 0)."""
    return xp(x).maximum(x, np.zeros((), x.dtype))


@op("LeakyRelu")
def leaky_relu(x: Value, *, alpha: float = 0.01) -> Value:
    """x, or alpha * x where negative."""
    return jnp.where(x < 0, x * np.asarray(alpha, x.dtype), x)


@op("PRelu")
def prelu(x: Value, slope: Value) -> Value:
    """x, or slope * x where negative; a vector that cannot meet the last axis is one of channels (opset 6)."""
    if slope.ndim == 1 and slope.size not in (1, x.shape[-1]) and x.ndim > 1 and slope.size == x.shape[1]:
        slope = jnp.reshape(slope, (-1, *(1,) * (x.ndim - 2)))
    return jnp.where(x < 0, x * slope, x)


@op("Sigmoid")
def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x)."""
    return jax.nn.sigmoid(x)


@op("HardSigmoid")
def hard_sigmoid(x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    """alpha * x + beta, clipped to [0, 1]."""
    return jnp.clip(x * np.asarray(alpha, x.dtype) + np.asarray(beta, x.dtype), 0, 1)


@op("HardSwish", since=14)
def hard_swish(x: Value) -> Value:
    """x * clip(x / 6 + 1/2, 0, 1), where a sixth is that of float32."""
    return x * hard_sigmoid(x, alpha=float(np.float32(1 / 6)), beta=0.5)


@op("Elu")
def elu(x: Value, *, alpha: float = 1.0) -> Value:
    """x, or alpha * (e^x - 1) where negative."""
    return jnp.where(x < 0, np.asarray(alpha, x.dtype) * jnp.expm1(jnp.minimum(x, 0)), x)


@op("Selu")
def selu(x: Value, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Value:
    """gamma * elu(x)."""
    return np.asarray(gamma, x.dtype) * elu(x, alpha=alpha)


@op("Celu", since=12)
def celu(x: Value, *, alpha: float = 1.0) -> Value:
    """max(0, x) + min(0, alpha * (e^(x / alpha) - 1))."""
    a = np.asarray(alpha, x.dtype)
    return jnp.maximum(x, 0) + jnp.minimum(0, a * jnp.expm1(x / a))


@op("Gelu", since=20)
def gelu(x: Value, *, approximate: Literal["none", "tanh"] = "none") -> Value:
    """x times the normal distribution function of x, exact or by `tanh`; by erf as ONNX defines it, not by erfc."""
    if approximate == "tanh":
        return jax.nn.gelu(x, approximate=True)
    half, root = np.asarray(0.5, x.dtype), np.asarray(np.sqrt(0.5), x.dtype)
    return half * x * (1 + jax.lax.erf(x * root))


@op("Softplus")
def softplus(x: Value) -> Value:
    """log(1 + e^x)."""
    return jax.nn.softplus(x)


@op("Softsign")
def softsign(x: Value) -> Value:
    """x / (1 + |x|)."""
    return x / (1 + jnp.abs(x))


@op("Mish", since=18)
def mish(x: Value) -> Value:
    """x * tanh(softplus(x))."""
    return x * jnp.tanh(jax.nn.softplus(x))


@op("Swish", since=24)
def swish(x: Value, *, alpha: float = 1.0) -> Value:
    """x * sigmoid(alpha * x)."""
    return x * jax.nn.sigmoid(np.asarray(alpha, x.dtype) * x)


@op("ThresholdedRelu", since=10)
def thresholded_relu(x: Value, *, alpha: float = 1.0) -> Value:
    """x where it is greater than alpha, else 0."""
    return jnp.where(x > np.asarray(alpha, x.dtype), x, np.zeros((), x.dtype))


@op("Shrink", since=9)
def shrink(x: Value, *, bias: float = 0.0, lambd: float = 0.5) -> Value:
    """x + bias below -lambd, x - bias above lambd, 0 between; of integers without what is behind the point."""
    wide = jnp.asarray(x, np.float64) if jnp.issubdtype(x.dtype, jnp.integer) and bias % 1 else x
    b = np.asarray(bias, wide.dtype)
    moved = jnp.where(x < -lambd, wide + b, jnp.where(x > lambd, wide - b, np.zeros((), wide.dtype)))
    return moved.astype(x.dtype)


_LARGEST = float(np.finfo(np.float32).max)


@op("Clip", until=10)
def clip_1(x: Value, *, min: float = -_LARGEST, max: float = _LARGEST) -> Value:
    """Limit to [min, max], by default to what float32 can hold: infinities are cut."""
    return clip_11(x, min, max)


@op("Clip", since=11)
def clip_11(x: Value, min: Value = None, max: Value = None) -> Value:
    """Limit to [min, max], either of which may be absent."""
    np_ = xp(x, min, max)
    if min is not None:
        x = np_.maximum(x, np_.asarray(min, x.dtype))
    return x if max is None else np_.minimum(x, np_.asarray(max, x.dtype))


@op("Softmax", until=12)
def softmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all dimensions from `axis` on, taken together."""
    return _flattened(_softmax, x, axis)


@op("Softmax", since=13)
def softmax_13(x: Value, *, axis: int = -1) -> Value:
    """Along one axis."""
    return _softmax(x, axis)


@op("LogSoftmax", until=12)
def log_softmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all dimensions from `axis` on, taken together."""
    return _flattened(_log_softmax, x, axis)


@op("LogSoftmax", since=13)
def log_softmax_13(x: Value, *, axis: int = -1) -> Value:
    """Along one axis."""
    return _log_softmax(x, axis)


@op("Hardmax", until=12)
def hardmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all dimensions from `axis` on, taken together."""
    return _flattened(_hardmax, x, axis)


@op("Hardmax", since=13)
def hardmax_13(x: Value, *, axis: int = -1) -> Value:
    """One at the first maximum along an axis, zero elsewhere."""
    return _hardmax(x, axis)


def _hardmax(x: Value, axis: int) -> Value:
    along = axis % x.ndim
    if x.shape[along] == 0:
        return x
    best = jnp.expand_dims(jnp.argmax(x, along), along)
    places = arange(x.shape[along]).reshape([x.shape[along] if d == along else 1 for d in range(x.ndim)])
    return (best == places).astype(x.dtype)


def _softmax(x: Value, axis: int) -> Value:
    """Numbers of 16 bits are rounded where the definition has results of theirs, which attention's cases demand."""
    if x.dtype.itemsize != 2:
        return jax.nn.softmax(x, axis)
    wide = _wide(x)
    powers = jnp.exp(wide - wide.max(axis, keepdims=True)).astype(x.dtype).astype(wide.dtype)
    total = powers.sum(axis, keepdims=True).astype(x.dtype).astype(wide.dtype)
    return (powers / total).astype(x.dtype)


def _log_softmax(x: Value, axis: int) -> Value:
    return jax.nn.log_softmax(_wide(x), axis).astype(x.dtype)


def _wide(x: Value) -> Value:
    """Numbers of 16 bits as float32: one rounding in the end, where each of five steps would have its own."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _flattened(function: Value, x: Value, axis: int) -> Value:
    at = axis + x.ndim if axis < 0 else axis
    flat = x.reshape(math.prod(x.shape[:at]), math.prod(x.shape[at:]))
    return function(flat, 1).reshape(x.shape)
