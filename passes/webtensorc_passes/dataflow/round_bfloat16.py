"""Round float32 to bfloat16 and back by its bits.

    extf(truncf(x))  ->  (bits(x) + 0x7FFF + (bit 16 of it)) with zeros for its lower half

IREE 3.13 computes single numbers of bfloat16 in float32, where these two conversions are nothing: scalars, bodies of
scatters and reductions were not rounded, where vectors were. A NaN keeps its sign, which the native rounding loses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class RoundBfloat16(Pass):
    """Write out what `arith.extf` of an `arith.truncf` to bfloat16 does to a number of float32."""

    name: ClassVar[str] = "round-bfloat16"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES  # loops are fused
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of roundings that were written out."""
        with module.context, ir.Location.unknown():
            kinds = (ir.F32Type.get(), ir.BF16Type.get(), ir.F32Type.get())
            found = [(op, x) for op in mlir.nested(module) if (x := _narrowed(op)) and _types(op, x) == kinds]
            for op, x in found:
                with op.location, ir.InsertionPoint(op):
                    mlir.replace(op, [_rounded(x)])
        return len(found)


def _narrowed(op: Operation) -> Value | None:
    """The number that an operation widens again."""
    narrow = mlir.owner(op.operands[0]) if op.name == "arith.extf" else None
    return narrow.operands[0] if narrow is not None and narrow.name == "arith.truncf" else None


def _types(widen: Operation, x: Value) -> tuple[Any, ...]:
    """The types that a number goes through."""
    return x.type, widen.operands[0].type, widen.results[0].type


def _rounded(x: Value) -> Value:
    whole = ir.IntegerType.get_signless(32)

    def number(value: int) -> Value:
        return arith.constant(whole, value)

    bits = arith.bitcast(whole, x)
    last = arith.andi(arith.shrui(bits, number(16)), number(1))
    nearest = arith.addi(bits, arith.addi(last, number(0x7FFF)))  # ties to even
    bits = arith.select(arith.cmpf(arith.CmpFPredicate.UNO, x, x), arith.ori(bits, number(1 << 22)), nearest)
    return arith.bitcast(x.type, arith.andi(bits, number(-(1 << 16))))
