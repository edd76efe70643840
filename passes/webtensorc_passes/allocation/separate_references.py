"""Pass no buffer or fence twice to the same block.

Where a branch hands one reference to two arguments of a block and one of these is kept in the register that the
reference is in already, IREE 3.13 moves the reference to the other and leaves nothing in the first
(https://github.com/iree-org/iree/pull/24781). A loop whose state shares one allocation then reads from no buffer at
all. Every repetition becomes a value of its own, by a choice that the native compiler cannot see through; each is made
of the one before, as equal choices would become one value again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.allocation._branches import handed_over


@dataclass(frozen=True)
class SeparateReferences(Pass):
    """Make every reference that a branch repeats a value of its own."""

    name: ClassVar[str] = "separate-references"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.HAL
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of repetitions that became values of their own."""
        changes = 0
        for op in mlir.nested(module):
            for _, operands in handed_over(op):
                last: dict[Value, Value] = {}
                for index in [each for each in operands if str(op.operands[each].type).startswith("!")]:
                    value = op.operands[index]
                    if value in last:
                        op.operands[index] = _another(last[value], op)
                        changes += 1
                    last[value] = op.operands[index]
        return changes


def _another(value: Value, before: Operation) -> Value:
    """`value != null ? value : null`, which is `value` in a register of its own."""
    null = mlir.create("util.null", [], [value.type], before=before).result
    bit = ir.IntegerType.get_signless(1, before.context)
    is_set = mlir.create("util.cmp.ne", [value, null], [bit], before=before).result
    return mlir.create("arith.select", [is_set, value, null], [value.type], before=before).result
