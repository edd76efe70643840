"""Reductions. `axes` is an attribute in older opsets and an input since opset 13 (ReduceSum) or 18 (the others)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx import slices
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, Value, end_of, known_ints, xp


def _zero(dtype: Any) -> Value:
    return np.zeros((), dtype)


def _one(dtype: Any) -> Value:
    return np.ones((), dtype)


_lowest = functools.partial(end_of, is_greatest=False)
_highest = functools.partial(end_of, is_greatest=True)


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


@op("ReduceSum", neutral=_zero)
def reduce_sum(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum."""
    return _reduce(_sum, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceMean", bounded=True)
def reduce_mean(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Mean; integers are divided towards zero. That of nothing, left undefined by ONNX, is 0 as in ONNX Runtime."""
    if isinstance(data, Bounded):
        return _mean_of_some(data, axes, keepdims, noop_with_empty_axes)

    def mean(x: Value, axis: Value, keepdims: bool) -> Value:
        if jnp.issubdtype(x.dtype, jnp.integer):
            return _integer_mean(x, axis, keepdims)
        if x.size == 0:
            return _sum(x, axis, keepdims)
        return xp(x).mean(x, axis=axis, keepdims=keepdims).astype(x.dtype)

    return _reduce(mean, data, axes, keepdims, noop_with_empty_axes)


def _integer_mean(x: Value, axis: Value, keepdims: bool) -> Value:
    """The mean of integers, exact: a float's digits would not do for large ones."""
    np_ = xp(x)
    total = np_.sum(x, axis=axis, keepdims=keepdims, dtype=np.uint64 if x.dtype == np.uint64 else np.int64)
    along = range(x.ndim) if axis is None else np.atleast_1d(axis)
    count = np_.maximum(np_.asarray(math.prod(x.shape[each] for each in along), total.dtype), 1)
    return ((total - np_.fmod(total, count)) // count).astype(x.dtype)


def _mean_of_some(data: Bounded, axes: Value, keepdims: int, noop_with_empty_axes: int) -> Value:
    """Mean of a tensor whose size depends on data: over that axis, of the slices that there are."""
    rank = data.array.ndim
    which = {each % rank for each in known_ints(axes, "axes")} if axes is not None else set()
    if not which and not noop_with_empty_axes:
        which = set(range(rank))
    how = {"keepdims": keepdims, "noop_with_empty_axes": noop_with_empty_axes}
    if data.axis not in which:
        return slices.apply(lambda x: reduce_mean(x, axes, **how), [data])
    others = math.prod(data.array.shape[axis] for axis in which if axis != data.axis)
    count = jnp.maximum(data.count * others, 1)
    return (reduce_sum(data.filled(0), axes, **how) / count).astype(data.dtype)


@op("ReduceMax", neutral=_lowest)
def reduce_max(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Maximum; the lowest value of the type over nothing."""

    def largest(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).max(x, axis=axis, keepdims=keepdims, initial=_lowest(x.dtype))

    return _reduce(largest, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceMin", neutral=_highest)
def reduce_min(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Minimum; the highest value of the type over nothing."""

    def least(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).min(x, axis=axis, keepdims=keepdims, initial=_highest(x.dtype))

    return _reduce(least, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceProd", neutral=_one)
def reduce_prod(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Product."""

    def product(x: Value, axis: Value, keepdims: bool) -> Value:
        return xp(x).prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    return _reduce(product, data, axes, keepdims, noop_with_empty_axes)


@op("ReduceL1", neutral=_zero)
def reduce_l1(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum of magnitudes."""
    return reduce_sum(xp(data).abs(data), axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)


@op("ReduceL2", neutral=_zero)
def reduce_l2(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Square root of the sum of squares."""
    squares = reduce_sum(data * data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)
    return xp(squares).sqrt(squares).astype(data.dtype)


@op("ReduceSumSquare", neutral=_zero)
def reduce_sum_square(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Sum of squares."""
    return reduce_sum(data * data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)


@op("ReduceLogSum", neutral=_zero)
def reduce_log_sum(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Logarithm of the sum."""
    total = reduce_sum(data, axes, keepdims=keepdims, noop_with_empty_axes=noop_with_empty_axes)
    return xp(total).log(total).astype(data.dtype)


@op("ReduceLogSumExp", neutral=_lowest)
def reduce_log_sum_exp(data: Value, axes: Value = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    """Logarithm of the sum of exponentials, kept from overflowing by the maximum; of integers in float."""

    def log_sum_exp(x: Value, axis: Value, keepdims: bool) -> Value:
        peak = jnp.max(x, axis=axis, keepdims=True, initial=-np.inf)
        peak = jnp.where(jnp.isfinite(peak), peak, np.zeros((), x.dtype))
        total = jnp.log(jnp.sum(jnp.exp(x - peak), axis=axis, keepdims=True)) + peak
        return total if keepdims else jnp.squeeze(total, axis)

    data, kind = jnp.asarray(data), data.dtype
    if jnp.issubdtype(kind, jnp.integer):
        data = data.astype(np.float64)
    return _reduce(log_sum_exp, data, axes, keepdims, noop_with_empty_axes).astype(kind)


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
