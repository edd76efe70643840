"""Finding rows, or single numbers, of a dimension that are picked by an index.

The native compiler picks number by number. What it picks by is a block's argument, or extracted in the body from a
table of indices; clamped or not, as the kernel clamps anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from webtensorc_kernels.copies import Pick

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import element, indexing_maps, is_float32

__all__ = ["match_pick"]

_FIRST = -1
"""Stands for the loop of an index that is always 0."""


def match_pick(op: Any) -> tuple[Pick, tuple[Any, Any]] | None:
    """The problem, and the table and the indices, if a generic operation does nothing else."""
    taken = _yielded(op)
    if taken is None or taken.name != "tensor.extract" or not is_float32(taken.operands[0]):
        return None
    table, *where = taken.operands
    shape, extents = mlir.shape_of(table), mlir.shape_of(op.results[0])
    loops = [_loop(each) for each in where]
    axis = loops.index(None) if loops.count(None) == 1 else 0
    if loops.count(None) != 1 or shape[axis] == 1:  # of one row the native compiler sees a constant
        return None
    found = _indices(op, where[axis], shape[axis])
    if found is None:
        return None
    index, along = found
    order = [each for each in (*loops[:axis], *along, *loops[axis + 1 :]) if each not in (None, _FIRST)]
    of_loops = [1 if each == _FIRST else extents[each] for each in loops if each is not None]
    is_whole = of_loops == [size for d, size in enumerate(shape) if d != axis]
    if not is_whole or _long(order, extents) != _long(range(len(extents)), extents):
        return None
    lead, row = prod(shape[:axis]), prod(shape[axis + 1 :])
    return Pick(lead, prod(extents[d] for d in along), shape[axis], row, element(index)), (table, index)


def _yielded(op: Any) -> Any:
    if op.name != "linalg.generic" or indexing_maps(op)[-1:] != (tuple(range(len(mlir.shape_of(op.results[0])))),):
        return None
    *_, last = op.regions[0].blocks[0].operations
    return mlir.owner(last.operation.operands[0])


def _long(loops: Sequence[int | None], extents: Sequence[int]) -> list[int]:
    """Those of more than one round."""
    return [d for d in loops if d is not None and extents[d] > 1]


def _loop(value: Any) -> int | None:
    """The loop that an index is the count of; None if it is anything else."""
    op = mlir.owner(value)
    if op is not None and op.name == "linalg.index":
        return int(op.attributes["dim"])
    return _FIRST if _number(value) == 0 else None


def _number(value: Any) -> int | None:
    op = mlir.owner(value)
    return int(op.attributes["value"].value) if op is not None and op.name == "arith.constant" else None


def _indices(op: Any, value: Any, extent: int) -> tuple[Any, list[int]] | None:
    """The tensor that an index is read from, and the loops, in order, that go through all of it."""
    limits = {"arith.maxsi": 0, "arith.minsi": extent - 1}
    inner = mlir.owner(value)
    while inner is not None and inner.name in limits and _number(inner.operands[1]) == limits[inner.name]:
        inner = mlir.owner(inner.operands[0])
    if inner is None or inner.name != "arith.index_cast":
        return None
    given, read = inner.operands[0], mlir.owner(inner.operands[0])
    if read is None:
        number = list(op.regions[0].blocks[0].arguments).index(given)
        index, maps = op.operands[number], indexing_maps(op)[number]
        loops = [_FIRST if loop is None else loop for loop in maps]
    elif read.name == "tensor.extract":
        index, *where = read.operands
        found = [_loop(each) for each in where]
        loops = [each for each in found if each is not None]
        if len(loops) != len(found):
            return None
    else:
        return None
    extents = mlir.shape_of(op.results[0])
    is_whole = mlir.shape_of(index) == tuple(1 if loop == _FIRST else extents[loop] for loop in loops)
    along = [loop for loop in loops if loop != _FIRST]
    if not is_whole or element(index) not in ("i32", "i64") or along != sorted(set(along)):
        return None
    return index, along
