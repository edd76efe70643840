"""Operators whose output is as large as the data makes it: the bound is known, the size is computed."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx import demands
from webtensorc.frontends.onnx.narrowing import resized
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotSupportedError,
    Value,
    is_known,
    known_ints,
    select,
    smaller,
    xp,
)


@op("NonZero", since=9, neutral=lambda dtype: np.zeros((), dtype))
def non_zero(x: Value, *, node: Value) -> Value:
    """Positions of the elements that are not zero, a column each, in row-major order.

    All positions of a vector that `ConstantOfShape` filled, which is how PyTorch writes `arange` for an open size.
    """
    if is_known(x):
        return np.stack(np.nonzero(np.atleast_1d(x))).astype(np.int64)
    filled, element = node.shared.get(("filled", id(x)), (None, 0))
    if filled is x and x.ndim == 1 and element:
        return jnp.arange(x.shape[0], dtype=np.int64)[None]
    x = jnp.atleast_1d(x)
    positions = jnp.stack([lax.broadcasted_iota(jnp.int64, x.shape, axis).ravel() for axis in range(x.ndim)])
    return select((x != np.zeros((), x.dtype)).ravel(), positions, 1)


@op("Compress", since=9, bounded=True)
def compress(x: Value, condition: Value, *, axis: int | None = None) -> Value:
    """The slices of an axis, or of the flattened tensor, whose condition holds; the condition may be shorter.

    Of a condition with more dimensions than one the elements count, as in ONNX Runtime (PaddlePaddle's masks).
    """
    condition = (condition.filled(False) if isinstance(condition, Bounded) else condition).reshape(-1)
    if isinstance(x, Bounded):
        return _compress_some(x, condition, axis)
    along = 0 if axis is None else axis % x.ndim
    data = x.ravel() if axis is None else x
    size = data.shape[along]
    if is_known(condition):
        kept = np.flatnonzero(condition[:size] if isinstance(size, int) else condition)
        if kept.size:
            demands.not_negative(size - 1 - int(kept[-1]))
        return xp(data).take(data, kept, along)
    return select(_as_long(condition, size), jnp.asarray(data), along)


def _compress_some(x: Bounded, condition: Value, axis: int | None) -> Value:
    """The same of slices as many as there are."""
    if x.array.ndim > 1 if axis is None else axis % x.array.ndim != x.axis:
        raise NotSupportedError("it picks slices of another axis than the one whose size depends on the model's inputs")
    return select(_as_long(condition, x.array.shape[x.axis]) & x.is_there, x.array, x.axis)


def _as_long(condition: Value, size: Any) -> Value:
    """A condition that does not hold from its end on; what is longer is cut, as in ONNX Runtime."""
    return resized(jnp.asarray(condition), 0, size)


@op("Unique", since=11)
def unique(x: Value, *, axis: int | None = None, sorted: int = 1) -> Value:
    """The distinct elements, or slices of an axis; their first positions, the way back to the input, their counts."""
    if is_known(x):
        return _unique_known(x, axis, sorted)
    along = 0 if axis is None else axis % x.ndim
    data = x.ravel() if axis is None else x
    if not data.size:
        return _unique_known(np.zeros(x.shape, x.dtype), axis, sorted)
    rows = jnp.moveaxis(data, along, 0).reshape(data.shape[along], -1)
    size = rows.shape[0]
    below, equal = _compared(rows)
    earlier = np.tri(size, k=-1, dtype=bool)
    is_first = ~(equal & earlier).any(1)
    # The place of a slice among the distinct ones: how many distinct ones come before it.
    before = below if sorted else jnp.broadcast_to(earlier, (size, size))
    first = jnp.argmax(equal, 1)  # position of the first slice equal to each
    place = (before & is_first[None, :]).sum(1)[first].astype(jnp.int64)
    slot = jnp.where(is_first, place, size)
    positions = jnp.zeros(size + 1, jnp.int64).at[slot].set(jnp.arange(size))[:size]
    count = is_first.sum(dtype=jnp.int64)
    counts = jnp.take(equal.sum(1, dtype=jnp.int64), positions, mode="clip")
    values = jnp.take(data, positions, along, mode="clip")
    return Bounded(values, along, count), Bounded(positions, 0, count), place, Bounded(counts, 0, count)


def _compared(rows: jax.Array) -> tuple[jax.Array, jax.Array]:
    """For all pairs (i, j) of rows: whether row j is lexicographically below row i, and whether they are equal.

    As numpy has it, NaN is equal to itself and above all numbers.
    """
    below = jnp.zeros((rows.shape[0],) * 2, bool)
    equal = ~below
    for column in rows.T:
        left, right = column[:, None], column[None, :]
        no_left, no_right = left != left, right != right
        below = below | (equal & ((right < left) | (no_left & ~no_right)))
        equal = equal & ((right == left) | (no_left & no_right))
    return below, equal


def _unique_known(x: np.ndarray, axis: int | None, sorted: int) -> Value:
    values, first, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    inverse = inverse.ravel()
    if not sorted:
        order = np.argsort(first)
        rank = np.argsort(order)
        values = np.take(values, order, axis=0 if axis is None else axis)
        first, counts, inverse = first[order], counts[order], rank[inverse]
    return values, first.astype(np.int64), inverse.astype(np.int64), counts.astype(np.int64)


@op("NonMaxSuppression", since=10, bounded=True)
def non_max_suppression(
    boxes: Value,
    scores: Value,
    max_output_boxes_per_class: Value = None,
    iou_threshold: Value = None,
    score_threshold: Value = None,
    *,
    center_point_box: int = 0,
) -> Value:
    """Boxes by falling score without those that overlap a chosen one: rows of (batch, class, box).

    `boxes` is [batch, boxes, 4], `scores` [batch, classes, boxes]. One round per box that can be chosen takes the best
    one left in every class at once and strikes out what overlaps it.
    """
    most = 0 if max_output_boxes_per_class is None else known_ints(max_output_boxes_per_class, "number of boxes")[0]
    is_there: Value = np.ones((), bool)
    if isinstance(boxes, Bounded) and isinstance(scores, Bounded):
        if (boxes.axis, scores.axis) != (1, 2):
            raise NotSupportedError("the size of its batch or the number of classes depends on the model's inputs")
        is_there, boxes, scores = scores.is_there, boxes.array, scores.array
    batch, classes, count = scores.shape
    rounds = smaller(most, count)
    if rounds <= 0 or 0 in scores.shape:
        return np.zeros((0, 3), np.int64)
    limit = np.float32(0) if iou_threshold is None else jnp.reshape(iou_threshold, ())
    left = jnp.broadcast_to(is_there, scores.shape)
    if score_threshold is not None:
        left = left & (scores > jnp.reshape(score_threshold, ()))
    corners = _corners(jnp.asarray(boxes), center_point_box)

    def choose(step: Value, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        left, chosen = state
        best = jnp.argmax(jnp.where(left, scores, -jnp.inf), -1)
        found = left.any(-1)
        row = jnp.where(found, best, -1).astype(jnp.int64)
        chosen = lax.dynamic_update_index_in_dim(chosen, row, step, 2)
        taken = jnp.arange(count) == best[..., None]
        overlapping = _overlap(corners, best) > limit
        return left & ~taken & ~overlapping, chosen

    with jax.disable_jit(False):
        start = (left, jnp.full((batch, classes, rounds), -1, jnp.int64))
        _, chosen = lax.fori_loop(0, rounds, choose, start)
    b, c = (lax.broadcasted_iota(jnp.int64, chosen.shape, axis) for axis in range(2))
    rows = jnp.stack([b, c, chosen], -1).reshape(-1, 3)
    return select(chosen.ravel() >= 0, rows, 0)


def _corners(boxes: jax.Array, center_point_box: int) -> tuple[jax.Array, ...]:
    """Low and high ends along both dimensions, [batch, boxes] each."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    if center_point_box:
        return a - c / 2, a + c / 2, b - d / 2, b + d / 2
    return jnp.minimum(a, c), jnp.maximum(a, c), jnp.minimum(b, d), jnp.maximum(b, d)


def _overlap(corners: tuple[jax.Array, ...], best: jax.Array) -> jax.Array:
    """Intersection over union of the box `best` [batch, classes] with every box: [batch, classes, boxes]."""
    low0, high0, low1, high1 = (each[:, None, :] for each in corners)
    of = [jnp.take_along_axis(each, best, 1)[..., None] for each in corners]
    width = jnp.maximum(jnp.minimum(high0, of[1]) - jnp.maximum(low0, of[0]), 0)
    height = jnp.maximum(jnp.minimum(high1, of[3]) - jnp.maximum(low1, of[2]), 0)
    shared = width * height
    areas = (high0 - low0) * (high1 - low1), (of[1] - of[0]) * (of[3] - of[2])
    union = areas[0] + areas[1] - shared
    return jnp.where((shared > 0) & (union > 0), shared / jnp.where(union > 0, union, 1), 0)
