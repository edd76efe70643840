"""Normalisation and dropout."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import check_equal
from webtensorc.frontends.onnx.operators.random import generator
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, known


def _per_channel(vector: Value, rank: int) -> Value:
    return jnp.reshape(vector, (1, -1, *(1,) * (rank - 2)))


@op("BatchNormalization", until=13)
def batch_normalization_7(
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    spatial: int = 1,
    node: Value,
) -> Value:
    """Normalise every channel with given statistics; asking for the statistics as outputs means training."""
    if not spatial:
        raise NotSupportedError("`spatial = 0` (statistics per activation, until opset 8) is not implemented")
    training = int(any(node.wants(index) for index in range(1, 5)))
    return batch_normalization_14(
        x, scale, bias, mean, variance, epsilon=epsilon, momentum=momentum, training_mode=training
    )


@op("BatchNormalization", since=14)
def batch_normalization_14(
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Value:
    """Normalise every channel with given statistics, or in training with the batch's and update the running ones."""
    if not training_mode:
        return _normalised(x, scale, bias, mean, variance, epsilon)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    batch_mean = jnp.mean(x, axes).astype(mean.dtype)
    batch_variance = jnp.var(x, axes).astype(variance.dtype)
    keep = np.asarray(momentum, mean.dtype)
    running = (mean * keep + batch_mean * (1 - keep), variance * keep + batch_variance * (1 - keep))
    return (_normalised(x, scale, bias, batch_mean, batch_variance, epsilon), *running)


def _normalised(x: Value, scale: Value, bias: Value, mean: Value, variance: Value, epsilon: float) -> Value:
    factor = scale / jnp.sqrt(variance + np.asarray(epsilon, variance.dtype))
    y = (x - _per_channel(mean, x.ndim)) * _per_channel(factor, x.ndim) + _per_channel(bias, x.ndim)
    return y.astype(x.dtype)


@op("InstanceNormalization")
def instance_normalization(x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5) -> Value:
    """Normalise every channel of every batch entry over its spatial axes."""
    y = _standardised(x, tuple(range(2, x.ndim)), epsilon)[0]
    return y * _per_channel(scale, x.ndim) + _per_channel(bias, x.ndim)


def _standardised(x: Value, axes: tuple[int, ...], epsilon: float) -> tuple[Value, Value, Value]:
    """Zero mean and unit variance over `axes`; also the mean and the inverse standard deviation."""
    mean = jnp.mean(x, axes, keepdims=True)
    centred = x - mean
    inverse = lax.rsqrt(jnp.mean(centred * centred, axes, keepdims=True) + np.asarray(epsilon, x.dtype))
    return centred * inverse, mean, inverse


@op("LayerNormalization", since=17)
def layer_normalization(
    x: Value, scale: Value, bias: Value = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    """Normalise over the axes from `axis` on, in float32 unless `stash_type` is 0 or the input is wider."""
    wide = x.astype(jnp.promote_types(x.dtype, np.float32)) if stash_type else x
    y, mean, inverse = _standardised(wide, tuple(range(axis % x.ndim, x.ndim)), epsilon)
    y = y.astype(x.dtype) * scale
    return (y if bias is None else y + bias), mean, inverse


@op("RMSNormalization", since=23)
def rms_normalization(x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Value:
    """Divide by the root of the mean square over the axes from `axis` on."""
    wide = x.astype(jnp.promote_types(x.dtype, np.float32)) if stash_type else x
    axes = tuple(range(axis % x.ndim, x.ndim))
    inverse = lax.rsqrt(jnp.mean(wide * wide, axes, keepdims=True) + np.asarray(epsilon, wide.dtype))
    return ((wide * inverse).astype(scale.dtype) * scale).astype(scale.dtype)


@op("GroupNormalization", since=18, until=20)
def group_normalization_18(x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5) -> Value:
    """Normalise groups of channels; scale and bias are per group."""
    each = x.shape[1] // num_groups
    return group_normalization_21(
        x, jnp.repeat(scale, each), jnp.repeat(bias, each), num_groups=num_groups, epsilon=epsilon
    )


@op("GroupNormalization", since=21)
def group_normalization_21(
    x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    """Normalise groups of channels; scale and bias are per channel."""
    check_equal(x.shape[1] // num_groups * num_groups, x.shape[1])
    grouped = x.reshape(x.shape[0], num_groups, -1)
    wide = grouped.astype(jnp.promote_types(x.dtype, np.float32)) if stash_type else grouped
    y = _standardised(wide, (2,), epsilon)[0].astype(x.dtype).reshape(x.shape)
    return y * _per_channel(scale, x.ndim) + _per_channel(bias, x.ndim)


@op("LRN")
def lrn(x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    """Divide by a power of the sum of squares over neighbouring channels."""
    before, after = (size - 1) // 2, size // 2
    window = (1, size, *(1,) * (x.ndim - 2))
    pads = [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)]
    squares = lax.reduce_window(x * x, np.zeros((), x.dtype), lax.add, window, (1,) * x.ndim, pads)
    return x / (np.asarray(bias, x.dtype) + np.asarray(alpha / size, x.dtype) * squares) ** np.asarray(beta, x.dtype)


@op("LpNormalization")
def lp_normalization(x: Value, *, axis: int = -1, p: int = 2) -> Value:
    """Divide by the 1- or 2-norm along an axis; zero stays zero."""
    norm = jnp.sum(jnp.abs(x), axis, keepdims=True) if p == 1 else jnp.sqrt(jnp.sum(x * x, axis, keepdims=True))
    return jnp.where(norm == 0, np.zeros((), x.dtype), x / norm)


@op("MeanVarianceNormalization", since=9)
def mean_variance_normalization(x: Value, *, axes: tuple[int, ...] = (0, 2, 3)) -> Value:
    """Zero mean and unit variance over `axes`, with ONNX's epsilon of 1e-9 on the deviation."""
    mean = jnp.mean(x, axes, keepdims=True)
    variance = jnp.mean(x * x, axes, keepdims=True) - mean * mean
    deviation = jnp.sqrt(jnp.maximum(variance, 0))  # rounding makes the variance of equal elements negative
    return (x - mean) / (deviation + np.asarray(1e-9, x.dtype))


@op("Dropout", until=11)
def dropout_7(x: Value, *, ratio: float = 0.5) -> Value:
    """Inference: x, and a mask that keeps everything."""
    return x, jnp.ones(x.shape, bool)


@op("Dropout", since=12)
def dropout_12(
    x: Value, ratio: Value = None, training_mode: Value = None, *, seed: int | None = None, node: Value
) -> Value:
    """x and a mask; when training, elements are zero with probability `ratio` and the others scaled up to make up."""
    if training_mode is None or not known(training_mode, "training_mode"):
        return x, jnp.ones(x.shape, bool)
    share = 0.5 if ratio is None else float(known(ratio, "ratio"))
    if share == 0:
        return x, jnp.ones(x.shape, bool)
    kept = generator(seed, node).uniform(size=x.shape) >= share
    return jnp.where(kept, x / np.asarray(1 - share, x.dtype), np.zeros((), x.dtype)), kept
