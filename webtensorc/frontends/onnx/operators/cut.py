"""Cutting ranges out of tensors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx import symbolic, truths
from webtensorc.frontends.onnx.extents import Extents, is_computed, is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotKnownError,
    NotSupportedError,
    Value,
    arange,
    known_ints,
    pick,
)


@op("Slice", until=9)
def slice_1(data: Value, *, starts: tuple[int, ...], ends: tuple[int, ...], axes: Value = None) -> Value:
    """Cut ranges out of axes given as attributes."""
    return slice_10(data, np.asarray(starts), np.asarray(ends), axes)


def _range(low: Value, high: Value, step: int, size: Value) -> slice:
    """A range of an open size.

    Exporters write the largest integers for "to the end", which no expression compares with. What may be counted from
    either end, depending on the dimensions, is counted from the start.
    """
    forward = step > 0
    if not forward and isinstance(low, int) and low < -1:
        low = 0 if _is_end(low) else jax.core.max_dim(low, -size)
    if (_is_end(low) and forward and low > 0) or (_is_end(high) and (high < 0) == forward):
        return slice(0, 0)
    low, high = (None if _is_end(each) else _from_start(each, size) if forward else each for each in (low, high))
    return slice(low, high, step)


def _is_end(bound: Value) -> bool:
    return isinstance(bound, int) and abs(bound) >= 2**31 - 1


def _from_start(bound: Value, size: Value) -> Value:
    """A bound as one that is known to be negative, or known not to be."""
    try:
        bound < 0  # noqa: B015
    except jax.errors.InconclusiveDimensionOperation:
        return jax.core.max_dim(0, truths.chosen(truths.COMPARISONS["less"](bound, 0), bound + size, bound))
    return bound


@op("Slice", since=10, bounded=True)
def slice_10(data: Value, starts: Value, ends: Value, axes: Value = None, steps: Value = None) -> Value:
    """Cut ranges, with steps, out of axes, the first ones by default; bounds are clamped.

    As in Python, but a range that goes backwards from before the first element begins at the first one.
    """
    if isinstance(data, Bounded):
        return _slice_of_some(data, starts, ends, axes, steps)
    if starts.shape == (1,) and (is_computed(starts) or is_computed(ends)):
        return _slice_by_data(data, starts, ends, axes, steps)
    lows, highs = known_ints(starts, "starts"), known_ints(ends, "ends")
    which = range(len(lows)) if axes is None else known_ints(axes, "axes")
    strides = known_ints(steps, "steps") if steps is not None else (1,) * len(which)
    index = [slice(None)] * data.ndim
    for axis, low, high, step in zip(which, lows, highs, strides, strict=True):
        size = data.shape[axis]
        if not is_static((size, low, high)):
            data = jnp.asarray(data)  # numpy takes no open bounds
            index[axis] = _range(low, high, step, size)
        elif step < 0:
            index[axis] = slice(max(low, -size), None if high < -size else high, step)
        else:
            index[axis] = slice(low, high, step)
    for cut, size in zip(index, data.shape, strict=True):
        if not is_static((size,)):
            symbolic.note_cut(cut, size)
    return data[tuple(index)]


def _slice_by_data(data: Value, starts: Value, ends: Value, axes: Value, steps: Value) -> Bounded:
    """A range of one axis, without steps, whose bounds depend on the model's inputs: at most all of the axis."""
    if steps is not None and known_ints(steps, "steps") != (1,):
        raise NotKnownError("starts or ends", starts if is_computed(starts) else ends)
    axis = 0 if axes is None else known_ints(axes, "axes")[0] % data.ndim
    size = jnp.asarray(data.shape[axis], np.int64)

    def inside(bound: Value) -> Value:
        given = jnp.asarray(bound).reshape(()).astype(np.int64)
        return jnp.clip(jnp.where(given < 0, given + size, given), 0, size)

    low, high = inside(starts), inside(ends)
    count = jnp.maximum(high - low, 0)
    if not is_computed(starts) and known_ints(starts, "starts") == (0,):
        return Bounded(jnp.asarray(data), axis, count)
    return pick(jnp.asarray(data), axis, arange(data.shape[axis]) + low, count)


def _is_whole(data: Bounded, starts: Value, ends: Value, axes: Value, steps: Value) -> bool:
    """Whether the bounds are 0 and the size that depends on data."""
    if not isinstance(ends, Extents) or ends.shape != (1,) or not ends.counts or steps is not None:
        return False
    axis = 0 if axes is None else known_ints(axes, "axes")[0] % data.array.ndim
    return axis == data.axis and known_ints(starts, "starts") == (0,) and ends.counts[0].value is data.count


def _slice_of_some(data: Bounded, starts: Value, ends: Value, axes: Value, steps: Value) -> Value:
    """The same where a size depends on data; of that axis all, or a range that is counted from the start."""
    if _is_whole(data, starts, ends, axes, steps):
        return data
    lows, highs = known_ints(starts, "starts"), known_ints(ends, "ends")
    rank = data.array.ndim
    which = [each % rank for each in (range(len(lows)) if axes is None else known_ints(axes, "axes"))]
    strides = known_ints(steps, "steps") if steps is not None else (1,) * len(which)
    count = data.count
    if data.axis in which:
        at = which.index(data.axis)
        low, high = lows[at], highs[at]
        if low < 0 or high < 0 or strides[at] != 1:
            raise NotSupportedError("it cuts an axis whose size depends on data, not from the start or with steps")
        if low > 0 or high < data.array.shape[data.axis]:  # else the size is the same, not only equal
            count = jnp.clip(count - low, 0, max(high - low, 0))
    return Bounded(slice_10(data.array, starts, ends, axes, steps), data.axis, count)
