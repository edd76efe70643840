"""Turn depthwise convolutions with several results a channel into those with one, over repeated channels.

    convolution(x[n, h, w, c], k[kh, kw, 1, c * m], groups = c)
      ->  convolution(reshape(broadcast(x)[n, h, w, c, m])[n, h, w, c * m], k, groups = c * m)

Kernels for windows that keep channels apart have a channel of the image in the lane of the result. Channels are
repeated by whatever moves or pads the image before, or by a copy, which is little beside the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class RepeatChannels(Pass):
    """Give channels-last depthwise convolutions as many image channels as they have results."""

    name: ClassVar[str] = "repeat-channels"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 55

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of convolutions that were rewritten."""
        with Graph(module, context.weights) as graph:
            found = [op for op in graph.operations() if op.name == "stablehlo.convolution" and _has_several(op)]
            for op in found:
                mlir.replace(op, [_repeated(op)])
        return len(found)


def _has_several(op: Operation) -> bool:
    if not all(mlir.is_static_tensor(value) for value in (*op.operands, *op.results)):
        return False
    layout, kernel = ConvolutionLayout.of(op), mlir.shape_of(op.operands[1])
    return (
        layout == ConvolutionLayout.channels_last(len(kernel) - 2)
        and kernel[-2] == 1
        and 1 < mlir.integer(op, "feature_group_count", 1) < kernel[-1]
        and mlir.integer(op, "batch_group_count", 1) == 1
    )


def _repeated(op: Operation) -> Value:
    image, outputs = op.operands[0], mlir.shape_of(op.operands[1])[-1]
    *extents, channels = mlir.shape_of(image)
    rank = len(extents) + 1
    wide = stablehlo.broadcast(image, [*extents, channels, outputs // channels], range(rank), op)
    repeated = stablehlo.reshape(wide, [*extents, outputs], op)
    groups = ir.IntegerAttr.get(ir.IntegerType.get_signless(64, op.context), outputs)
    kinds = [op.results[0].type]
    return mlir.clone_with(op, [repeated, op.operands[1]], kinds, {"feature_group_count": groups}).results[0]
