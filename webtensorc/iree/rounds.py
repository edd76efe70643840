"""How many rounds of loops one invocation of a SPIR-V kernel goes through, as the compiler's IR says."""

from __future__ import annotations

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value

__all__ = ["rounds"]

_COMPARISONS = ("spirv.SLessThan", "spirv.ULessThan")


def rounds(op: Operation) -> int:
    """Rounds of all loops in the regions of `op`, inner ones as often as they begin.

    Of a branch both ways count. A loop whose bounds are no constants counts as one round, and one that begins at an
    invocation's place as if it began at 0.
    """
    total = 0
    for region in op.regions:
        for block in region.blocks:
            for inner in block.operations:
                own = rounds(inner.operation)
                total += _trips(inner.operation) * (1 + own) if inner.operation.name == "spirv.mlir.loop" else own
    return total


def _trips(loop: Operation) -> int:
    """Of a loop that counts up while a comparison with a constant holds (blocks: entry, header, ..., last, merge)."""
    blocks = list(loop.regions[0].blocks)
    if len(blocks) < 4:
        return 1
    entry, header, last = blocks[0], blocks[1], blocks[-2]
    compared = mlir.owner(mlir.terminator(header).operands[0])
    if compared is None or compared.name not in _COMPARISONS:
        return 1
    counter, bound = compared.operands
    position = next((at for at, each in enumerate(header.arguments) if each == counter), None)
    if position is None:
        return 1
    start, following = (mlir.terminator(each).operands[position] for each in (entry, last))
    added, most = mlir.owner(following), _number(bound)
    if added is None or added.name != "spirv.IAdd" or most is None:
        return 1
    steps = [_number(each) for each in added.operands if each != counter]
    return max(0, -(-(most - (_number(start) or 0)) // steps[0])) if len(steps) == 1 and steps[0] else 1


def _number(value: Value) -> int | None:
    made = mlir.owner(value)
    return int(made.attributes["value"]) if made is not None and made.name == "spirv.Constant" else None
