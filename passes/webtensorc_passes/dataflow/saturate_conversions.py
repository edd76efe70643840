"""Give conversions of floats to integers a value where the float is beyond them.

That is left undefined (LLVM's `fptosi`, StableHLO's `convert`, ONNX's `Cast`), and what came out differed between
vectors and single numbers, and from one processor to another. It is what XLA has on processors: the integer that is
nearest, and 0 for NaN (decision 0052). A number that has been limited before is left as it is: nothing is to be gained
there but the 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._ranges import range_of

_CONVERSIONS = ("arith.fptosi", "arith.fptoui")
_DIGITS = {32: 24, 64: 53}
"""Binary digits of a float, by its width."""


@dataclass(frozen=True)
class SaturateConversions(Pass):
    """Limit floats to what the integers can hold that they become."""

    name: ClassVar[str] = "saturate-conversions"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 40  # before passes that convert what they know to be small

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of conversions that were rewritten."""
        found = [op for op in mlir.nested(module) if op.name in _CONVERSIONS and _may_be_beyond(op)]
        for op in found:
            with module.context, op.location, ir.InsertionPoint(op):
                mlir.replace(op, [_saturated(op)])
        return len(found)


def _limits(op: Operation) -> tuple[int, int]:
    """The least and the greatest integer of the type that a conversion gives."""
    width = op.results[0].type.width
    return (0, (1 << width) - 1) if op.name == "arith.fptoui" else (-(1 << (width - 1)), (1 << (width - 1)) - 1)


def _may_be_beyond(op: Operation) -> bool:
    if not isinstance(op.operands[0].type, ir.FloatType) or not isinstance(op.results[0].type, ir.IntegerType):
        return False
    within, (least, most) = range_of(op.operands[0]), _limits(op)
    return not (within.least > least - 1 and within.most < most + 1)


def _saturated(op: Operation) -> Value:
    x, kind = op.operands[0], op.results[0].type
    if x.type.width < 32:  # whose infinity is nearer than the ends of some integers
        x = arith.extf(ir.F32Type.get(), x)
    least, most = _limits(op)
    largest = most + 1 - max(1, most + 1 >> _DIGITS[x.type.width])  # that the float can be

    def number(value: float) -> Value:
        return arith.constant(x.type, ir.FloatAttr.get(x.type, value))

    def integer(value: int) -> Value:
        return arith.constant(kind, value - (1 << kind.width) if value >= 1 << (kind.width - 1) else value)

    def limited(predicate: arith.CmpFPredicate, value: Value, limit: Value) -> Value:
        return arith.select(arith.cmpf(predicate, value, limit), value, limit)

    within = limited(arith.CmpFPredicate.OGT, x, number(least))  # a NaN is the least
    within = limited(arith.CmpFPredicate.OLT, within, number(largest))
    result = arith.fptosi(kind, within) if op.name == "arith.fptosi" else arith.fptoui(kind, within)
    if largest < most:
        result = arith.select(arith.cmpf(arith.CmpFPredicate.OGE, x, number(most + 1)), integer(most), result)
    if least < 0:
        result = arith.select(arith.cmpf(arith.CmpFPredicate.UNO, x, x), integer(0), result)
    return result
