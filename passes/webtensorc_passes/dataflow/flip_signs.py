"""Negate numbers of bfloat16 by their sign bit.

The native compiler (IREE 3.13) computes with them in float32 and rounds, by which every NaN becomes the positive one:
the sign that `negate` gives to a NaN was lost, by which a sort finds it at the other end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FlipSigns(Pass):
    """Make `arith.negf` of bfloat16 an exclusive or."""

    name: ClassVar[str] = "flip-signs"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of negations that were rewritten."""
        with module.context, ir.Location.unknown():
            narrow, bits = ir.BF16Type.get(), ir.IntegerType.get_signless(16)
            found = [op for op in mlir.nested(module) if op.name == "arith.negf" and op.results[0].type == narrow]
            for op in found:
                with op.location, ir.InsertionPoint(op):
                    sign = arith.constant(bits, -(2**15))
                    mlir.replace(op, [arith.bitcast(narrow, arith.xori(arith.bitcast(bits, op.operands[0]), sign))])
        return len(found)
