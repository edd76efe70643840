"""Let nothing be scheduled across a loop with a condition.

IREE 3.13 joins what comes before such a loop with what comes behind it where one reads the other, and finds no order
where the loop is between them ("circular dependency: input operation uses partition output"). What it takes for a side
effect it moves nothing across; a barrier on the condition, which the host waits for anyhow, is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FenceLoops(Pass):
    """Put a barrier on the condition of every loop that has one."""

    name: ClassVar[str] = "fence-loops"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 70  # behind what else is done to loops

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of loops that have a barrier now."""
        found = [op for op in mlir.nested(module) if op.name == "scf.condition" and not _has_barrier(op)]
        for op in found:
            value = op.operands[0]
            barrier = mlir.create("util.optimization_barrier", [value], [value.type], before=op)
            op.operands[0] = barrier.result
        return len(found)


def _has_barrier(condition: Operation) -> bool:
    made = mlir.owner(condition.operands[0])
    return made is not None and made.name == "util.optimization_barrier"
