"""Pass no buffer or fence twice to the same block.

Where a branch hands one reference to two arguments of a block and one of these is kept in the register that the
reference is in already, IREE 3.13 moves the reference to the other and leaves nothing in the first
(https://github.com/iree-org/iree/pull/24781). A loop whose state shares one allocation then reads from no buffer at
all. Every repetition becomes a value of its own, by a choice that the native compiler cannot see through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


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
            for operands in _handed_over(op):
                seen: set[Value] = set()
                for index in operands:
                    value = op.operands[index]
                    if value in seen:
                        op.operands[index] = _another(value, op)
                        changes += 1
                    seen.add(value)
        return changes


def _handed_over(op: Operation) -> Iterator[list[int]]:
    """For every block that `op` may branch to, the numbers of the operands that are references to its arguments."""
    if op.name == "cf.br":
        groups = [range(len(op.operands))]
    elif op.name == "cf.cond_br":
        _, first, second = op.attributes["operandSegmentSizes"]
        groups = [range(1, 1 + first), range(1 + first, 1 + first + second)]
    else:
        return
    for group in groups:
        yield [index for index in group if str(op.operands[index].type).startswith("!")]


def _another(value: Value, before: Operation) -> Value:
    """`value != null ? value : null`, which is `value` in a register of its own."""
    null = mlir.create("util.null", [], [value.type], before=before).result
    bit = ir.IntegerType.get_signless(1, before.context)
    is_set = mlir.create("util.cmp.ne", [value, null], [bit], before=before).result
    return mlir.create("arith.select", [is_set, value, null], [value.type], before=before).result
