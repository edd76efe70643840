"""Finding rows that are divided by the root of their mean square, mostly after their mean was subtracted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.standardise import Rows

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused, fuse
from webtensorc_passes.tiling._structured import forwards, indexing_maps, is_float32, scalar_constant, unreshaped

__all__ = ["StandardisedSite", "standardised_sites"]

_ROOTS = {"arith.mulf": "math.rsqrt", "arith.divf": "math.sqrt"}
"""How a row is divided by a root: by which operation with which function."""

Step = tuple[str, str]
"""An operation on one number for each row, and the typed number that is its other operand, if it has one."""


@dataclass(frozen=True)
class StandardisedSite:
    """Operations that standardise the rows of `given`, float32[..., length], and what follows element by element."""

    given: Any
    problem: Rows
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        return f"standardise_{self.problem.rows}x{self.problem.length}"


def standardised_sites(operations: Sequence[Any]) -> Iterator[StandardisedSite]:
    """Every one among operations in program order, last one first."""
    for op in reversed(operations):
        found = _match(op)
        if found is not None:
            yield found


def _match(op: Any) -> StandardisedSite | None:
    if len(op.results) != 1 or not is_float32(op.results[0]):
        return None
    length = mlir.shape_of(op.results[0])[-1] if mlir.shape_of(op.results[0]) else 0
    for operation, root in _ROOTS.items():
        pair = _elementwise(op, operation)
        statistic = _statistic(pair[1]) if pair is not None else None
        if pair is None or statistic is None or length < 2:
            continue
        epsilon, factor = _epsilon(statistic[0], root, length), _square(statistic[1])
        if epsilon is None or factor is None or factor != pair[0]:
            continue
        given = _centred(pair[0], length)
        rows = prod(mlir.shape_of(op.results[0])[:-1])
        problem = Rows(rows, length, epsilon, given is not None)
        return StandardisedSite(pair[0] if given is None else given, problem, fuse(op, length))
    return None


def _epsilon(steps: Sequence[Step], root: str, length: int) -> float | None:
    """What is added to the mean before the root is taken, if that is what the steps are, the last one first."""
    if [name for name, _ in steps] != [root, "arith.addf", "arith.divf"] or _number(steps[2][1]) != length:
        return None
    return _number(steps[1][1])


def _centred(value: Any, length: int) -> Any:
    """What `value` is without its mean; None if it is anything else."""
    pair = _elementwise(mlir.owner(value), "arith.subf")
    mean = _statistic(pair[1]) if pair is not None else None
    if pair is None or mean is None or mean[1] != pair[0] or [name for name, _ in mean[0]] != ["arith.divf"]:
        return None
    return pair[0] if _number(mean[0][0][1]) == length else None


def _number(text: str) -> float | None:
    try:
        return float(text.split(" : ")[0])
    except ValueError:
        return None


def _elementwise(op: Any, operation: str) -> list[Any] | None:
    """The two inputs of an operation that does nothing but `operation`, on elements at equal places."""
    if op is None or op.name != "linalg.generic" or len(op.operands) != 3 or len(op.results) != 1:
        return None
    maps, block = indexing_maps(op), op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if not maps or len(set(maps)) != 1 or [each.name for each in body] != [operation, "linalg.yield"]:
        return None
    return list(op.operands)[:2] if list(body[0].operands) == list(block.arguments)[:2] else None


def _square(value: Any) -> Any:
    """What `value` is the square of, element by element."""
    op = mlir.owner(value)
    if op is None or op.name != "linalg.generic" or len(op.results) != 1 or len(set(indexing_maps(op))) != 1:
        return None
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if [each.name for each in body] != ["arith.mulf", "linalg.yield"]:
        return None
    numbers = [block.arguments[i] for i in range(len(op.operands) - 1)]
    factors = [op.operands[numbers.index(each)] for each in body[0].operands if each in numbers]
    return factors[0] if len(factors) == 2 and factors[0] == factors[1] else None


def _statistic(value: Any) -> tuple[list[Step], Any] | None:
    """The steps from the sum along the last dimension to `value`, which repeats it along that, and what is summed."""
    repeated, rank = mlir.owner(value), len(mlir.shape_of(value))
    if repeated is None or not forwards(repeated):
        return None
    maps, rows = indexing_maps(repeated), tuple(range(rank - 1))
    if not maps or maps[1] != (*rows, rank - 1) or tuple(i for i in maps[0] if i is not None) != rows:
        return None
    steps: list[Step] = []
    op = mlir.owner(unreshaped(repeated.operands[0]))
    while op is not None and (step := _step(op)) is not None:
        steps.append(step)
        op = mlir.owner(unreshaped(op.operands[0]))
    if op is None or op.name != "linalg.generic" or len(op.operands) != 2:
        return None
    whole = tuple(range(len(mlir.shape_of(op.operands[0]))))
    body = [each.operation.name for each in op.regions[0].blocks[0].operations]
    is_sum = indexing_maps(op) == (whole, whole[:-1]) and body == ["arith.addf", "linalg.yield"]
    return (steps, op.operands[0]) if is_sum else None


def _step(op: Any) -> Step | None:
    """What an operation does to each element of its one input; None if it moves or folds them."""
    if op.name != "linalg.generic" or len(op.operands) != 2 or len(set(indexing_maps(op))) != 1:
        return None
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if len(body) != 2 or body[0].operands[0] != block.arguments[0] or len(body[0].operands) > 2:
        return None
    other = scalar_constant(body[0].operands[1]) if len(body[0].operands) == 2 else ""
    return None if other is None else (str(body[0].name), other)
