"""Let the larger of a number and NaN be NaN on the host too.

Numbers that decide where a program goes on may be computed on the host, as in a line search over open sizes. IREE 3.13
computes `arith.maximumf` and `arith.minimumf` there by one comparison, and takes the first number where the second is
NaN, or a zero of another sign; kernels, and StableHLO, take NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_LARGER = {"arith.maximumf": True, "arith.minimumf": False}


@dataclass(frozen=True)
class HostExtremes(Pass):
    """Have functions of the host ask whether one of the two is NaN."""

    name: ClassVar[str] = "host-extremes"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that were rewritten."""
        functions = [op.operation for op in module.regions[0].blocks[0].operations if op.operation.name == "util.func"]
        found = [op for each in functions for op in mlir.nested(each) if op.name in _LARGER]
        for op in found:
            with module.context, op.location, ir.InsertionPoint(op):
                mlir.replace(op, [_extreme(op)])
        return len(found)


def _extreme(op: Operation) -> Value:
    """The larger or the smaller one of two scalars; NaN where either is; of zeros the one that is larger or smaller."""
    a, b = op.operands
    is_larger = _LARGER[op.name]
    predicate = arith.CmpFPredicate.OGT if is_larger else arith.CmpFPredicate.OLT
    chosen = arith.select(arith.cmpf(predicate, a, b), a, b)
    zero = arith.constant(a.type, ir.FloatAttr.get(a.type, 0))
    both = arith.addf(a, b) if is_larger else arith.negf(arith.addf(arith.negf(a), arith.negf(b)))
    are_zeros = arith.andi(*(arith.cmpf(arith.CmpFPredicate.OEQ, each, zero) for each in (a, b)))
    is_unknown = arith.cmpf(arith.CmpFPredicate.UNO, a, b)
    return arith.select(arith.ori(is_unknown, are_zeros), both, chosen)
