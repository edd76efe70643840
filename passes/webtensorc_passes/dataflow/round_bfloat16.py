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
            found = [(op, x) for op in mlir.nested(module) if (x := _narrowed(op)) and _elements(op, x) == kinds]
            for op, x in found:
                with op.location, ir.InsertionPoint(op):
                    mlir.replace(op, [_rounded(x)])
        return len(found)


def _narrowed(op: Operation) -> Value | None:
    """The number that an operation widens again."""
    narrow = mlir.owner(op.operands[0]) if op.name == "arith.extf" else None
    return narrow.operands[0] if narrow is not None and narrow.name == "arith.truncf" else None


def _elements(widen: Operation, x: Value) -> tuple[Any, ...]:
    """The types that a number, or each of a vector, goes through."""
    kinds = x.type, widen.operands[0].type, widen.results[0].type
    return tuple(getattr(kind, "element_type", kind) for kind in kinds)


def _rounded(x: Value) -> Value:
    element = ir.IntegerType.get_signless(32)
    is_vector = isinstance(x.type, ir.VectorType)
    whole = ir.VectorType.get(x.type.shape, element) if is_vector else element

    def number(value: int) -> Value:
        one = ir.IntegerAttr.get(element, value)
        return arith.constant(whole, ir.DenseElementsAttr.get_splat(whole, one) if is_vector else one)

    bits = arith.bitcast(whole, x)
    last = arith.andi(arith.shrui(bits, number(16)), number(1))
    nearest = arith.addi(bits, arith.addi(last, number(0x7FFF)))  # ties to even
    bits = arith.select(arith.cmpf(arith.CmpFPredicate.UNO, x, x), arith.ori(bits, number(1 << 22)), nearest)
    return arith.bitcast(x.type, arith.andi(bits, number(-(1 << 16))))
