"""Hand over numbers of 32 bits as numbers of 64 bits to blocks that take some of these.

The registers of IREE's virtual machine have 32 bits, and a number of 64 bits is in two of them. What a branch hands
over is copied one by one, in an order in which nothing is overwritten that is still to be copied; but IREE 3.13 knows a
number of 64 bits by the first of its registers, and does not see that a number of 32 bits is in the second
(`FeedbackArcSet` in `compiler/src/iree/compiler/Dialect/VM/Analysis/RegisterAllocation.cpp`). The counter of a loop
that carries offsets beside it was one of them, and the loop ended before it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.allocation._branches import handed_over

_WIDE = {"index", "i64", "f64"}
_NARROW = {"i1", "i8", "i16", "i32", "f32"}


@dataclass(frozen=True)
class WidenArguments(Pass):
    """Make numbers of up to 32 bits that go to a block together with some of 64 bits as wide as these."""

    name: ClassVar[str] = "widen-arguments"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.HAL
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of arguments that became wider."""
        changes = 0
        for function in [op for op in mlir.nested(module) if op.name in ("util.func", "util.initializer")]:
            blocks = list(function.regions[0].blocks)
            ends = [mlir.terminator(block) for block in blocks]
            branches = [(op, target, operands) for op in ends for target, operands in handed_over(op)]
            for block in blocks[1:]:
                kinds = {str(argument.type) for argument in block.arguments}
                if kinds & _WIDE:
                    handing = [(op, operands) for op, target, operands in branches if target == block]
                    narrow = [each for each in block.arguments if str(each.type) in _NARROW]
                    changes += sum(_widen(argument, block, handing) for argument in narrow)
        return changes


def _widen(argument: Value, block: Block, handing: list[tuple[Operation, range]]) -> bool:
    """Make an argument wide, and narrow again what the block reads of it."""
    kind, context = argument.type, block.owner.context
    whole = ir.IntegerType.get_signless(32, context) if str(kind) == "f32" else kind
    wide = ir.IntegerType.get_signless(64, context)
    for op, operands in handing:
        number = operands[argument.arg_number]
        value = op.operands[number]
        if whole != kind:
            value = mlir.create("arith.bitcast", [value], [whole], before=op).result
        op.operands[number] = mlir.create("arith.extui", [value], [wide], before=op).result
    argument.set_type(wide)
    start = block.operations[0].operation
    narrow = made = mlir.create("arith.trunci", [argument], [whole], before=start)
    if whole != kind:
        narrow = mlir.create("arith.bitcast", [made.result], [kind], before=start)
    argument.replace_all_uses_except(narrow.result, made)
    return True
