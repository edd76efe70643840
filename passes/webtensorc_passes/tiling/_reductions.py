"""Finding sums and extremes along adjacent dimensions, and positions of extremes.

What is computed element by element right before stays with the native compiler, which does both in one loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.extremes import Extreme
from webtensorc_kernels.reductions import FOLDS, Reduction
from webtensorc_kernels.windows import NEUTRAL

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused, fuse
from webtensorc_passes.tiling._structured import (
    in_use,
    indexing_maps,
    is_float32,
    is_known_at_load,
    scalar_constant,
    unreshaped,
)

__all__ = ["ReductionSite", "reduction_sites"]

_LARGEST = "0xFF800000 : f32", "arith.cmpf ogt"
_SMALLEST = "0x7F800000 : f32", "arith.cmpf olt"
"""What a search for the largest or the smallest element begins with, and how it compares."""


@dataclass(frozen=True)
class ReductionSite:
    """An operation that folds float32 along adjacent dimensions, or finds the position of an extreme there."""

    given: Any
    problem: Reduction
    positions: Extreme | None
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        p, kind = self.problem, self.problem.operation.removeprefix("arith.").rstrip("f")
        return f"{'arg_' if self.positions else ''}{kind}_{p.outer}x{p.length}x{p.inner}"


def reduction_sites(operations: Sequence[Any]) -> Iterator[ReductionSite]:
    """Every one among operations in program order, last one first."""
    for op in reversed(in_use(operations)):
        found = _fold(op) or _position(op)
        if found is not None:
            yield found


def _fold(op: Any) -> ReductionSite | None:
    if op.name != "linalg.generic" or len(op.operands) != 2 or len(op.results) != 1 or not is_float32(op.results[0]):
        return None
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if len(body) != 2 or body[0].name not in FOLDS or set(body[0].operands) != set(block.arguments):
        return None
    shape = _shape(op)
    if shape is None or scalar_constant(op.operands[1]) != NEUTRAL[body[0].name]:
        return None
    problem = Reduction(*shape, body[0].name)
    return ReductionSite(unreshaped(op.operands[0]), problem, None, _with_numbers(op))


def _with_numbers(op: Any) -> Fused:
    """The fold with what follows it, if that has no other operands than numbers."""
    extents = mlir.shape_of(op.results[0])
    fused = fuse(op, extents[-1]) if extents else None
    whole = fused is not None and fused.epilogue.element == "f32" and not fused.epilogue.slot
    if fused is not None and whole and set(fused.epilogue.operands) <= {"all"}:
        return fused
    return Fused(op.results[0], op, [op], Epilogue(), [])


def _shape(op: Any) -> tuple[int, int, int] | None:
    """Outer, folded and inner elements; None if these dimensions do not lie like this in memory, or are computed."""
    maps, given = indexing_maps(op), op.operands[0]
    if len(maps) < 2 or not is_float32(given) or None in maps[0]:
        return None
    if _is_computed(unreshaped(given)) or is_known_at_load(given):
        return None
    loops, kept = maps[0], maps[-1]
    folded = [place for place, loop in enumerate(loops) if loop not in kept]
    if not folded or folded != list(range(folded[0], folded[-1] + 1)):
        return None
    if tuple(loop for loop in loops if loop in kept) != kept or len(set(loops)) != len(loops):
        return None
    extents = mlir.shape_of(given)
    first, last = folded[0], folded[-1] + 1
    return prod(extents[:first]), prod(extents[first:last]), prod(extents[last:])


def _is_computed(value: Any) -> bool:
    """Whether a tensor is made element by element for one use."""
    op = mlir.owner(value)
    return op is not None and op.name in ("linalg.generic", "tensor.pad") and mlir.has_one_use(value)


def _position(op: Any) -> ReductionSite | None:
    """The position of the first extreme, as JAX finds it: a fold of elements and positions together."""
    if op.name != "linalg.generic" or len(op.operands) != 4 or len(op.results) != 2 or mlir.users(op.results[0]):
        return None
    shape, element = _shape(op), str(op.results[1].type.element_type)
    if shape is None or element not in ("i32", "i64") or scalar_constant(op.operands[3]) != f"0 : {element}":
        return None
    body = _signature(op)
    for largest, (initial, compare) in ((True, _LARGEST), (False, _SMALLEST)):
        if body == _search(compare) and scalar_constant(op.operands[2]) == initial and _counts(op):
            fused = Fused(op.results[1], op, [op], Epilogue(), [])
            fold = "arith.maximumf" if largest else "arith.minimumf"
            problem = Reduction(*shape, fold)
            return ReductionSite(unreshaped(op.operands[0]), problem, Extreme(*shape, largest, element), fused)
    return None


def _search(compare: str) -> list[tuple[Any, ...]]:
    """Element 0, position 1, the best element so far 2 and its position 3, then one value an operation."""
    return [
        (compare, 2, 0),  # 4
        ("arith.cmpf une", 2, 2),  # 5: a NaN stays
        ("arith.ori", 4, 5),  # 6
        ("arith.cmpf oeq", 2, 0),  # 7
        ("arith.cmpi slt", 3, 1),  # 8
        ("arith.andi", 7, 8),  # 9
        ("arith.ori", 6, 9),  # 10
        ("arith.select", 6, 2, 0),  # 11
        ("arith.select", 10, 3, 1),  # 12
        ("linalg.yield", 11, 12),
    ]


_PREDICATES = {
    "arith.cmpf": {1: "oeq", 2: "ogt", 4: "olt", 13: "une"},
    "arith.cmpi": {2: "slt"},
}


def _signature(op: Any) -> list[tuple[Any, ...]]:
    """A body's operations, with the numbers of the values that they take."""
    block = op.regions[0].blocks[0]
    numbers = {argument: i for i, argument in enumerate(block.arguments)}
    found: list[tuple[Any, ...]] = []
    for inner in (each.operation for each in block.operations):
        name = str(inner.name)
        if name in _PREDICATES:
            name += " " + _PREDICATES[name].get(int(inner.attributes["predicate"]), "")
        found.append((name, *(numbers.get(operand) for operand in inner.operands)))
        for result in inner.results:
            numbers[result] = len(numbers)
    return found


def _counts(op: Any) -> bool:
    """Whether the second operand counts along the one folded dimension."""
    maps = indexing_maps(op)
    along = [place for place, loop in enumerate(maps[1]) if loop not in maps[-1]]
    count = mlir.owner(op.operands[1])
    if maps[0] != maps[1] or len(along) != 1 or count is None or count.name != "linalg.generic":
        return False
    body = [inner.operation for inner in count.regions[0].blocks[0].operations]
    if len(count.operands) != 1 or [each.name for each in body] != ["linalg.index", "arith.index_cast", "linalg.yield"]:
        return False
    rank = len(mlir.shape_of(op.operands[1]))
    return indexing_maps(count) == (tuple(range(rank)),) and int(body[0].attributes["dim"]) == along[0]
