"""Add up half-precision products in float32 and round once, as XLA and ONNX Runtime do.

The native compiler would round after every addition, to three digits (float16) or two (bfloat16).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_PRODUCTS = ("stablehlo.dot_general", "stablehlo.convolution")


@dataclass(frozen=True)
class WideAccumulation(Pass):
    """Give matrix products and convolutions of 16-bit and 8-bit floating-point results a float32 result, converted."""

    name: ClassVar[str] = "wide-accumulation"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that were changed."""
        found = [op for op in mlir.nested(module) if op.name in _PRODUCTS and _is_narrow(op)]
        for op in found:
            build, kind = Builder(op), op.results[0].type
            wide = build.kind(mlir.shape_of(op.results[0]), "f32")
            product = mlir.clone_with(op, list(op.operands), [wide], {}).result
            mlir.replace(op, [build.convert(product, kind.element_type)])
        return len(found)


def _is_narrow(op: Operation) -> bool:
    text = str(op.results[0].type.element_type)
    return text in ("f16", "bf16") or text.startswith("f8")
