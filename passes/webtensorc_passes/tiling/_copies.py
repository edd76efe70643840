"""Finding rows that are only moved: picked from a table, or exchanged between two dimensions.

Exchanged rows that something is computed with right before or behind stay with the native compiler, which does all in
one loop. Picked ones do not: it picks number by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.copies import Exchange, Pick
from webtensorc_kernels.epilogue import Epilogue

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused
from webtensorc_passes.tiling._structured import (
    element,
    forwards,
    in_use,
    indexing_maps,
    is_float32,
    is_known_at_load,
    unreshaped,
)

__all__ = ["CopySite", "copy_sites"]

_RESHAPES = ("tensor.collapse_shape", "tensor.expand_shape")


@dataclass(frozen=True)
class CopySite:
    """An operation that moves rows of its operands."""

    operands: tuple[Any, ...]
    problem: Exchange | Pick
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        kind = "exchange" if isinstance(self.problem, Exchange) else "pick"
        return f"{kind}_{self.problem.rows}x{self.problem.row}"


def copy_sites(operations: Sequence[Any]) -> Iterator[CopySite]:
    """Every one among operations in program order, last one first."""
    for op in reversed(in_use(operations)):
        is_moved = op.name == "linalg.generic" and len(op.operands) == 2 and len(op.results) == 1
        if not is_moved or not is_float32(op.results[0]) or is_known_at_load(op.operands[0]):
            continue
        found = _exchange(op) or _pick(op)
        if found is not None:
            yield found


def _is_used_in_loops(value: Any) -> bool:
    """Whether a tensor is used, seen through reshapes, by what the native compiler would move it within."""
    users = mlir.users(value)
    return any(_is_used_in_loops(u.results[0]) if u.name in _RESHAPES else u.name.startswith("linalg.") for u in users)


def _exchange(op: Any) -> CopySite | None:
    """A transposition of two adjacent groups of dimensions that leaves the last ones where they are."""
    maps, given = indexing_maps(op), op.operands[0]
    producer = mlir.owner(unreshaped(given))
    is_computed = producer is not None and producer.name.startswith("linalg.")
    if not forwards(op) or not maps or is_computed or _is_used_in_loops(op.results[0]):
        return None
    order, extents = maps[0], mlir.shape_of(op.results[0])  # loops are the result's dimensions
    if maps[1] != tuple(range(len(extents))) or sorted(map(str, order)) != sorted(map(str, maps[1])):
        return None
    pieces: list[list[int]] = []
    for loop in order:
        if loop is None:
            return None
        if pieces and loop == pieces[-1][-1] + 1:
            pieces[-1].append(loop)
        else:
            pieces.append([loop])
    sizes = [prod(extents[loop] for loop in piece) for piece in pieces]
    ranks = sorted(range(len(pieces)), key=lambda i: pieces[i][0])
    sizes, ranks = ([1, *sizes], [0, *(i + 1 for i in ranks)]) if len(ranks) == 3 else (sizes, ranks)
    if ranks != [0, 2, 1, 3]:
        return None
    fused = Fused(op.results[0], op, [op], Epilogue(), [])
    return CopySite((unreshaped(given),), Exchange(*sizes), fused)


def _pick(op: Any) -> CopySite | None:
    """Rows of a table of two dimensions by indices that have all but the last dimension of the result."""
    maps, extents = indexing_maps(op), mlir.shape_of(op.results[0])
    last, index = len(extents) - 1, element(op.operands[0])
    if maps != (tuple(range(last)), tuple(range(last + 1))) or index not in ("i32", "i64"):
        return None
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if [each.name for each in body] != ["arith.index_cast", "linalg.index", "tensor.extract", "linalg.yield"]:
        return None
    row, column, taken, end = body
    table = taken.operands[0]
    is_plain = row.operands[0] == block.arguments[0] and int(column.attributes["dim"]) == last
    is_plain &= list(taken.operands)[1:] == [row.results[0], column.results[0]] and end.operands[0] == taken.results[0]
    if not is_plain or not is_float32(table) or mlir.shape_of(table)[1:] != (extents[last],):
        return None
    rows = mlir.shape_of(table)[0]
    if rows == 1:  # whatever the indices are: the native compiler sees a constant, and could not run a kernel for it
        return None
    problem = Pick(prod(extents[:last]), rows, extents[last], index)
    return CopySite((table, op.operands[0]), problem, Fused(op.results[0], op, [op], Epilogue(), []))
