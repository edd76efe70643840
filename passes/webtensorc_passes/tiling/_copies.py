"""Finding numbers that are only moved: picked by an index, exchanged between two dimensions, or padded.

Exchanged rows that something is computed with right before or behind stay with the native compiler, which does all in
one loop. Picked ones do not: it picks number by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.copies import Exchange, Padding, Pick
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.interleave import Transposition

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused
from webtensorc_passes.tiling._picks import match_pick
from webtensorc_passes.tiling._structured import (
    RESHAPES,
    forwards,
    in_use,
    indexing_maps,
    is_float32,
    is_known_at_load,
    scalar_constant,
    unreshaped,
)

__all__ = ["CopySite", "copy_sites"]

_WIDEST = 128
"""Elements beside a row that are written out, at most."""


@dataclass(frozen=True)
class CopySite:
    """An operation that moves rows of its operands."""

    operands: tuple[Any, ...]
    problem: Exchange | Padding | Pick | Transposition
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        p = self.problem
        sizes = (p.lead, p.first, p.second) if isinstance(p, Transposition) else (p.rows, p.row)
        return f"{type(p).__name__.lower()}_{'x'.join(map(str, sizes))}"


def copy_sites(operations: Sequence[Any]) -> Iterator[CopySite]:
    """Every one among operations in program order, last one first."""
    for op in reversed(in_use(operations)):
        if len(op.results) != 1 or not is_float32(op.results[0]):
            continue
        found = _exchange(op) or _pick(op) or _pad(op)
        if found is not None and not all(map(is_known_at_load, found.operands)):
            yield found


def _is_used_in_loops(value: Any) -> bool:
    """Whether a tensor is used, seen through reshapes, by what the native compiler would move it within."""
    users = mlir.users(value)
    return any(_is_used_in_loops(u.results[0]) if u.name in RESHAPES else u.name.startswith("linalg.") for u in users)


def _transposed(op: Any) -> tuple[list[int], list[int]] | None:
    """Of a transposition the extents of the groups of dimensions that stay together, and where each of them goes."""
    if op.name != "linalg.generic" or len(op.operands) != 2:
        return None
    maps = indexing_maps(op)
    if not forwards(op) or not maps:
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
    return sizes, sorted(range(len(pieces)), key=lambda i: pieces[i][0])


def _exchange(op: Any) -> CopySite | None:
    """A transposition of two adjacent groups of dimensions: of tables, or one that leaves the last ones where they are.

    Tables with a short side are moved many times faster than the native compiler moves what it computes with them.
    """
    found = _transposed(op)
    if found is None:
        return None
    sizes, ranks = found
    given, fused = unreshaped(op.operands[0]), Fused(op.results[0], op, [op], Epilogue(), [])
    if ranks in ([1, 0], [0, 2, 1]):
        return CopySite((given,), Transposition(*[1, *sizes][-3:]), fused)
    producer = mlir.owner(given)
    is_computed = producer is not None and producer.name.startswith("linalg.")
    if is_computed or _is_used_in_loops(op.results[0]):
        return None
    sizes, ranks = ([1, *sizes], [0, *(i + 1 for i in ranks)]) if len(ranks) == 3 else (sizes, ranks)
    return CopySite((given,), Exchange(*sizes), fused) if ranks == [0, 2, 1, 3] else None


def _pick(op: Any) -> CopySite | None:
    found = match_pick(op)
    if found is None:
        return None
    return CopySite(found[1], found[0], Fused(op.results[0], op, [op], Epilogue(), []))


def _pad(op: Any) -> CopySite | None:
    """Padding of the last dimensions: that of the last one, and of one before it."""
    if (
        op.name != "tensor.pad"
        or len(op.operands) != 1
        or not is_float32(op.operands[0])
        or op.attributes.get("nofold")
    ):
        return None
    block = op.regions[0].blocks[0]
    value = scalar_constant(mlir.terminator(block).operands[0])
    low, high = mlir.integers(op, "static_low"), mlir.integers(op, "static_high")
    padded = [d for d in range(len(low)) if low[d] or high[d]]
    if value is None or not 1 <= len(padded) <= 2 or _is_used_in_loops(op.results[0]):
        return None
    shape, first, last = mlir.shape_of(op.operands[0]), padded[0], padded[-1]
    if len(padded) == 1 and prod(shape[last + 1 :]) > _WIDEST:  # whole rows
        sizes, around, sides = (shape[last], prod(shape[last + 1 :])), (low[last], high[last]), (0, 0)
    else:
        inner = prod(shape[last + 1 :])
        sizes, around, sides = (1, shape[last] * inner), (0, 0), (low[last] * inner, high[last] * inner)
    if first != last:
        sizes, around = (shape[first], sizes[1]), (low[first], high[first])
        if prod(shape[first + 1 : last]) != 1:
            return None
    if max(sides) > _WIDEST:
        return None
    return CopySite(
        (op.operands[0],),
        Padding(prod(shape[:first]), *sizes, *around, *sides, value),
        Fused(op.results[0], op, [op], Epilogue(), []),
    )
