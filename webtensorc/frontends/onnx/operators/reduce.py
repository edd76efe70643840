"""Reductions. `axes` is an attribute in older opsets and an input since opset 13 (ReduceSum) or 18 (the others)."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, known_ints, xp


def _reduce(
    function: Callable[..., Value], data: Value, axes: Value, keepdims: int, noop_with_empty_axes: int
) -> Value:
    """Apply `function(data, axis, keepdims)`; empty or absent axes mean all, or with the flag none."""
    which = () if axes is None else known_ints(axes, "axes")
    if not which and noop_with_empty_axes:
        return function(data, (), True)
    return function(data, which or None, bool(keepdims))


def _sum(data: Value, axis: Value, keepdims: bool) -> Value:
    return xp(data).sum(data, axis=axis, keepdims=keepdims, dtype=data.dtype)


@op("ReduceSum")
def reduce_sum(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum."""
    return _reduce(_sum, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceMean")
def reduce_mean(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Mean; integers are divided towards zero."""

    def mean(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).mean(x, axis=axis, keepdims=keepdims).astype(x.dtype)

    return _reduce(mean, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceMax")
def reduce_max(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Maximum; the lowest value of the type over nothing."""

    def largest(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).max(x, axis=axis, keepdims=keepdims, initial=_bound(x, "min"))

    return _reduce(largest, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceMin")
def reduce_min(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Minimum; the highest value of the type over nothing."""

    def least(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).min(x, axis=axis, keepdims=keepdims, initial=_bound(x, "max"))

    return _reduce(least, data, axes, keepdims, noop_with_empty_axes)


def _bound(x: Value, end: str) -> Value:
    if x.dtype == bool:
        return end == "max"
    if jnp.issubdtype(x.dtype, jnp.integer):
        return np.asarray(getattr(jnp.iinfo(x.dtype), end), x.dtype)
    return np.asarray(np.inf if end == "max" else -np.inf, x.dtype)


@op("ReduceProd")
def reduce_prod(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Product."""

    def product(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    return _reduce(product, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceL1")
def reduce_l1(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum of magnitudes."""
    return reduce_sum(xp(data).abs(data), axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)


@op("ReduceL2")
def reduce_l2(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Square root of the sum of squares."""
    squares = reduce_sum(data * data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)
    return xp(squares).sqrt(squares).astype(data.dtype)


@op("ReduceSumSquare")
def reduce_sum_square(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum of squares."""
    return reduce_sum(data * data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)


@op("ReduceLogSum")
def reduce_log_sum(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Logarithm of the sum."""
    total = reduce_sum(data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)
    return xp(total).log(total).astype(data.dtype)


@op("ReduceLogSumExp")
def reduce_log_sum_exp(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Logarithm of the sum of exponentials, kept from overflowing by the maximum."""

    def log_sum_exp(x: Value, axis: Value, keepdims: bool) -> Value:
        peak = jnp.max(x, axis=axis, keepdims=True, initial=-np.inf)
        peak = jnp.where(jnp.isfinite(peak), peak, np.zeros((), x.dtype))
        total = jnp.log(jnp.sum(jnp.exp(x - peak), axis=axis, keepdims=True)) + peak
        return total if keepdims else jnp.squeeze(total, axis)

    return _reduce(log_sum_exp, data, axes, keepdims, noop_with_empty_axes)


@op("ArgMax")
def arg_max(data: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    """Position of the maximum along an axis: the first, or the last (opset 12)."""
    return _position(jnp.argmax, data, axis, keepdims, select_last_index)


@op("ArgMin")
def arg_min(data: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    """Position of the minimum along an axis: the first, or the last (opset 12)."""
    return _position(jnp.argmin, data, axis, keepdims, select_last_index)


def _position(function: Callable[..., Value], data: Value, axis: int, keepdims: int, last: int) -> Value:
    if not last:
        return function(data, axis, keepdims=bool(keepdims)).astype(jnp.int64)
    found = function(jnp.flip(data, axis), axis, keepdims=bool(keepdims)).astype(jnp.int64)
    return data.shape[axis] - 1 - found
