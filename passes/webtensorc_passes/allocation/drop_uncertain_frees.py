"""Free no memory early that may be in use under another name.

What a loop leaves is what it was given where it does not run at all. IREE 3.13 frees the result after its own last use
all the same, and with it what goes on being used: a later command finds "transient buffer has not been committed". What
is not freed early is freed when nothing refers to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class DropUncertainFrees(Pass):
    """Remove deallocations of what a block was given."""

    name: ClassVar[str] = "drop-uncertain-frees"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.STREAM
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of deallocations that are gone."""
        found = [op for op in mlir.nested(module) if op.name == "stream.resource.dealloca" and _is_uncertain(op)]
        for op in found:
            mlir.replace(op, [_before(op)])
        return len(found)


def _is_uncertain(op: Operation) -> bool:
    return isinstance(op.operands[0], ir.BlockArgument)


def _before(op: Operation) -> Any:
    """The point in time that the deallocation waits for."""
    kind = op.result.type
    awaited = [value for value in op.operands if value.type == kind]
    return awaited[0] if awaited else mlir.create("stream.timepoint.immediate", [], [kind], before=op).result
