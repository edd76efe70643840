"""Finding softmax over the last axis, and its logarithm, in the structured operations that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.epilogue import Epilogue

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused
from webtensorc_passes.tiling._structured import forwards, indexing_maps, is_float32, unreshaped

__all__ = ["SoftmaxSite", "softmax_sites"]


@dataclass(frozen=True)
class SoftmaxSite:
    """Operations that compute exp(x - max x) / sum exp(x - max x) of `given`, float32[..., length], or its log."""

    given: Any
    rows: int
    length: int
    fused: Fused
    logarithm: bool

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        return f"{'log_' * self.logarithm}softmax_{self.rows}x{self.length}"


def softmax_sites(operations: Sequence[Any]) -> Iterator[SoftmaxSite]:
    """Every softmax among operations in program order, last one first."""
    for op in reversed(operations):
        found = _match(op)
        if found is not None:
            yield found


def _match(op: Any) -> SoftmaxSite | None:
    shifted = (_quotient(op) or _logarithm(op)) if len(op.results) == 1 and is_float32(op.results[0]) else None
    difference = _elementwise(mlir.owner(shifted), "arith.subf", 2) if shifted is not None else None
    if difference is None or not _folds(difference[1], "arith.maximumf", difference[0]):
        return None
    shape = mlir.shape_of(op.results[0])
    if shape[-1] < 2:
        return None
    fused = Fused(op.results[0], op, [op], Epilogue(), [])
    return SoftmaxSite(difference[0], prod(shape[:-1]), shape[-1], fused, _quotient(op) is None)


def _quotient(op: Any) -> Any:
    """Of exponentials divided by their sum what they are exponentials of."""
    division = _elementwise(op, "arith.divf", 2)
    exponential = _elementwise(mlir.owner(division[0]), "math.exp", 1) if division is not None else None
    if division is None or exponential is None or not _folds(division[1], "arith.addf", division[0]):
        return None
    return exponential[0]


def _logarithm(op: Any) -> Any:
    """What the logarithm of the sum of its exponentials is subtracted from."""
    difference = _elementwise(op, "arith.subf", 2)
    power = _reduced(difference[1], "arith.addf", "math.log") if difference is not None else None
    exponential = _elementwise(mlir.owner(power), "math.exp", 1) if power is not None else None
    if difference is None or exponential is None or exponential[0] != difference[0]:
        return None
    return difference[0]


def _elementwise(op: Any, operation: str, inputs: int) -> list[Any] | None:
    """The inputs of an operation that does nothing but `operation`, on elements at equal places."""
    if op is None or op.name != "linalg.generic" or len(op.operands) != inputs + 1 or len(op.results) != 1:
        return None
    maps = indexing_maps(op)
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if not maps or len(set(maps)) != 1 or [each.name for each in body] != [operation, "linalg.yield"]:
        return None
    if list(body[0].operands) != [block.arguments[i] for i in range(inputs)]:
        return None
    return list(op.operands)[:inputs]


def _folds(value: Any, operation: str, elements: Any) -> bool:
    """Whether `value` is the fold of these elements along the last axis, repeated along that."""
    found = _reduced(value, operation)
    return found is not None and bool(found == elements)


def _reduced(value: Any, operation: str, function: str = "") -> Any:
    """What `value` is the fold of along the last axis, repeated along that; None if it is anything else.

    With a `function`, `value` is the function of the fold.
    """
    repeated = mlir.owner(value)
    if repeated is None or not forwards(repeated):
        return None
    maps = indexing_maps(repeated)
    rank = len(mlir.shape_of(value))
    if (
        not maps
        or maps[1] != tuple(range(rank))
        or tuple(i for i in maps[0] if i is not None) != tuple(range(rank - 1))
    ):
        return None
    folded = unreshaped(repeated.operands[0])
    if function:
        given = _elementwise(mlir.owner(folded), function, 1)
        folded = unreshaped(given[0]) if given is not None else None
    fold = mlir.owner(folded) if folded is not None else None
    if fold is None or fold.name != "linalg.generic" or len(fold.operands) != 2:
        return None
    inner = indexing_maps(fold)
    body = [each.operation.name for each in fold.regions[0].blocks[0].operations]
    rank = len(mlir.shape_of(fold.operands[0]))
    if inner != (tuple(range(rank)), tuple(range(rank - 1))) or body != [operation, "linalg.yield"]:
        return None
    return fold.operands[0]
