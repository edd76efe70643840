"""Take barriers away once they have kept apart what was not to be fused.

IREE 3.13 holds the two sides of a `util.optimization_barrier` for two tensors but gives them one buffer, so that a
scatter or `dynamic_update_slice` behind the barrier writes over what is still read in front of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LiftBarriers(Pass):
    """Replace the results of barriers on tensors by their operands, after dispatches are formed."""

    name: ClassVar[str] = "lift-barriers"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers that are gone."""
        found = [op for op in mlir.nested(module) if op.name == "util.optimization_barrier" and _is_on_tensors(op)]
        for op in found:
            for result, operand in zip(op.results, op.operands, strict=True):
                result.replace_all_uses_with(operand)
            op.erase()
        return len(found)


def _is_on_tensors(op: mlir.Operation) -> bool:
    return all(isinstance(each.type, ir.RankedTensorType) for each in op.operands)
