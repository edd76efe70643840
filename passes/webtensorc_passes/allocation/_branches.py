"""What branches hand over to the blocks that they go to."""

from __future__ import annotations

from collections.abc import Iterator

from webtensorc.iree.mlir import Block, Operation

__all__ = ["handed_over"]


def handed_over(op: Operation) -> Iterator[tuple[Block, range]]:
    """Every block that `op` may branch to, and the numbers of the operands that its arguments stand for, in order."""
    if op.name == "cf.br":
        yield op.successors[0], range(len(op.operands))
    elif op.name == "cf.cond_br":
        _, first, second = op.attributes["operandSegmentSizes"]
        yield op.successors[0], range(1, 1 + first)
        yield op.successors[1], range(1 + first, 1 + first + second)
