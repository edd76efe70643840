"""Make checks of guards: a run comes to an end where what a value depends on does not hold.

A guard (`webtensorc.guard`) stands in a branch that fits some sizes only: its condition is computed on the host, from
sizes, and costs nothing. The check is of a status, because the native compiler (IREE 3.13) strips assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc.portable import GUARD

_FAILED_PRECONDITION = 9
"""Of the engine's status codes."""


@dataclass(frozen=True)
class StateGuards(Pass):
    """State guards as checks of a status."""

    name: ClassVar[str] = "state-guards"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of guards."""
        guards = [op for op in mlir.nested(module) if _is_guard(op)]
        for op in guards:
            value, holds = op.operands
            is_right = mlir.create("tensor.extract", [holds], [holds.type.element_type], before=op).result
            fine, failed = (_status(code, op) for code in (0, _FAILED_PRECONDITION))
            status = mlir.create("arith.select", [is_right, fine, failed], [fine.type], before=op).result
            message = ir.StringAttr.get(op.attributes["backend_config"].value, op.context)
            mlir.create("util.status.check_ok", [status], [], {"message": message}, before=op)
            mlir.replace(op, [value])
        return len(guards)


def _is_guard(op: mlir.Operation) -> bool:
    return bool(op.name == "stablehlo.custom_call" and op.attributes["call_target_name"].value == GUARD)


def _status(code: int, before: mlir.Operation) -> mlir.Value:
    return mlir.constant(ir.IntegerAttr.get(ir.IntegerType.get_signless(32, before.context), code), before=before)
