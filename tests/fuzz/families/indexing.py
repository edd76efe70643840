"""Reading and writing by index; indices count from either end."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzzing.case import Array, Case, Known
from fuzzing.draw import Drawer, array, axis, case, dtype, family, flag, integer, pick, shape


def indices(draw: Drawer, kind: Any, sizes: tuple[int, ...], count: int, *, negative: bool = True) -> Array:
    """Positions on an axis of `count` elements."""
    rng = np.random.default_rng(integer(draw, 0, 2**16))
    return rng.integers(-count if negative else 0, count, sizes).astype(kind)


@family()
def gather(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    along = axis(draw, len(sizes))
    x = array(draw, dtype(draw, "Gather", opset), sizes, wild=True)
    where = indices(draw, pick(draw, np.int64, np.int32), shape(draw, 0, 3), sizes[along], negative=opset >= 11)
    return case(draw, opset, "Gather", [x, where], axis=along if along or flag(draw) else None)


@family(since=11)
def gather_elements(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    along = axis(draw, len(sizes))
    x = array(draw, dtype(draw, "GatherElements", opset), sizes, wild=True)
    fewer = tuple(integer(draw, 0, 5) if d == along % len(sizes) else integer(draw, 1, n) for d, n in enumerate(sizes))
    where = indices(draw, pick(draw, np.int64, np.int32), fewer, sizes[along])
    how = {"oracle": "onnxruntime"}  # the evaluator wants both of one shape
    return case(draw, opset, "GatherElements", [x, where], axis=along, how=how)


def tuples(draw: Drawer, sizes: tuple[int, ...], batch: int) -> Array:
    """Index tuples into the axes from `batch` on, in an array that has the batch axes too."""
    depth = integer(draw, 1, len(sizes) - batch)
    lead = (*sizes[:batch], *shape(draw, 0, 2, largest=3))
    each = [indices(draw, np.int64, lead, sizes[batch + i]) for i in range(depth)]
    return np.stack(each, -1)


@family(since=11)
def gather_nd(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    batch = integer(draw, 0, len(sizes) - 1) if opset >= 12 else 0
    x = array(draw, dtype(draw, "GatherND", opset), sizes, wild=True)
    how = {"oracle": "onnxruntime"} if batch else {}
    return case(draw, opset, "GatherND", [x, tuples(draw, sizes, batch)], batch_dims=batch or None, how=how)


def reduction(draw: Drawer, opset: int, since: int) -> str | None:
    """How elements that meet are combined."""
    if opset < since:
        return None
    return pick(draw, None, "none", "add", "mul", *(("max", "min") if opset >= 18 else ()))


@family(since=9)
def scatter_elements(draw: Drawer, opset: int) -> Case:
    operator = "Scatter" if opset < 11 else "ScatterElements"
    sizes = shape(draw, 1, 4, smallest=1)
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    kind = dtype(draw, operator, opset)
    how = reduction(draw, opset, 16)
    if kind == np.bool_:
        how = None
    fewer = [integer(draw, 1, n) for n in sizes]
    where = indices(draw, pick(draw, np.int64, np.int32), tuple(fewer), sizes[along], negative=opset >= 11)
    if how in (None, "none"):  # which of two equal indices wins is not said
        order = np.argsort(np.random.default_rng(integer(draw, 0, 99)).random(sizes), along)
        where = order[tuple(slice(n) for n in fewer)]
    updates = array(draw, kind, fewer)
    oracle = {"oracle": "onnxruntime" if operator == "Scatter" else "onnx"}  # the evaluator has no Scatter
    inputs = [array(draw, kind, sizes), where, updates]
    return case(draw, opset, operator, inputs, axis=along, reduction=how, how=oracle)


@family(since=11)
def scatter_nd(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    kind = dtype(draw, "ScatterND", opset)
    how = reduction(draw, opset, 16)
    if kind == np.bool_:
        how = None
    where = tuples(draw, sizes, 0)
    if how in (None, "none"):
        flat = where.reshape(-1, where.shape[-1])
        seen = {tuple(row % sizes[: len(row)]) for row in flat}
        if len(seen) < len(flat):
            where = where.reshape(-1, where.shape[-1])[:1]
    updates = array(draw, kind, (*where.shape[:-1], *sizes[where.shape[-1] :]))
    return case(draw, opset, "ScatterND", [array(draw, kind, sizes), where, updates], reduction=how)


@family(since=9)
def one_hot(draw: Drawer, opset: int) -> Case:
    depth = integer(draw, 1, 5)
    kind = dtype(draw, "OneHot", opset)
    sizes = shape(draw, 0, 3)
    rng = np.random.default_rng(integer(draw, 0, 99))
    low = 0 if np.issubdtype(kind, np.unsignedinteger) or opset < 11 else -depth - 1
    where = rng.integers(low, depth + 2, sizes).astype(kind)
    values = array(draw, pick(draw, np.float32, np.int64, np.int32), (2,))
    along = pick(draw, None, integer(draw, -len(sizes) - 1, len(sizes)))
    return case(draw, opset, "OneHot", [where, Known(np.asarray(depth, np.int64)), values], axis=along)


@family(since=9)
def data_dependent(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "NonZero", "Compress", *(("Unique",) if opset >= 11 else ()))
    sizes = shape(draw, 1, 3, smallest=1)
    x = array(draw, dtype(draw, operator, opset), sizes)
    if operator == "NonZero":
        return case(draw, opset, operator, [x])
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    along = along if flag(draw) else None
    if operator == "Unique":
        order = pick(draw, None, 0, 1)
        # The evaluator orders what is not to be sorted by the places of the sorted.
        oracle = {"oracle": "onnxruntime" if order == 0 else "onnx"}
        x = x.astype(np.float32) if order == 0 else x
        return case(draw, opset, operator, [x], outputs=integer(draw, 1, 4), axis=along, sorted=order, how=oracle)
    most = x.size if along is None else sizes[along]
    return case(draw, opset, operator, [x, array(draw, bool, (integer(draw, 1, most),))], axis=along)


@family(since=10)
def non_max_suppression(draw: Drawer, opset: int) -> Case:
    batch, classes, boxes = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 6)
    rng = np.random.default_rng(integer(draw, 0, 2**16))
    corners = np.round(rng.random((batch, boxes, 4)) * 8).astype(np.float32) / 8
    scores = rng.permuted(np.arange(batch * classes * boxes)).reshape(batch, classes, boxes).astype(np.float32) / 16
    inputs = [
        corners,
        scores,
        Known(np.asarray([integer(draw, 0, 4)], np.int64)) if flag(draw) else None,
        np.asarray([pick(draw, 0.3, 0.0, 0.6)], np.float32) if flag(draw) else None,
        np.asarray([pick(draw, 0.3, 0.0)], np.float32) if flag(draw) else None,
    ]
    how = {"oracle": "onnxruntime"}  # the evaluator wants all the inputs
    return case(draw, opset, "NonMaxSuppression", inputs, center_point_box=pick(draw, None, 0, 1), how=how)
