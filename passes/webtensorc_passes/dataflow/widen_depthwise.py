"""Give depthwise convolutions operands of the type that they are summed in.

A convolution may sum float16 in float32, or int8 in int32. The native compiler (IREE 3.13) lowers that, but not if
every input channel has a kernel of its own: it reshapes the kernel as if it had the type of the result ("expected
collapsed type to be `f16`, but got `f32`"). With operands converted first it is the same computation; a barrier keeps
the native compiler from taking the conversions back into the convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class WidenDepthwise(Pass):
    """Convert the operands of depthwise convolutions to the element type of the result."""

    name: ClassVar[str] = "widen-depthwise"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 80
    """After constants are folded: weights are stored as narrow as they were."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of convolutions whose operands are wider now."""
        found = [op for op in mlir.nested(module) if op.name == "stablehlo.convolution" and _is_mixed_depthwise(op)]
        for op in found:
            mlir.replace(op, [mlir.clone_with(op, _widened(op), [op.results[0].type], {}).results[0]])
        return len(found)


def _is_mixed_depthwise(op: Operation) -> bool:
    width = mlir.shape_of(op.operands[1])[ConvolutionLayout.of(op).kernel.index("i")]
    types = {str(value.type.element_type) for value in (op.operands[1], *op.results)}
    return width == 1 and mlir.integer(op, "feature_group_count", 1) > 1 and len(types) > 1


def _widened(op: Operation) -> list[Value]:
    kinds = [stablehlo.typed(op.results[0], mlir.shape_of(value)) for value in op.operands]
    wide = [
        mlir.create("stablehlo.convert", [value], [kind], before=op).result
        for value, kind in zip(op.operands, kinds, strict=True)
    ]
    return list(mlir.create("stablehlo.optimization_barrier", wide, kinds, before=op).results)
