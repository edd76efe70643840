"""Turn channels-last 1x1 convolutions into matrix products over pixels.

    convolution(x[n, h, w, c], k[1, 1, c, o])  ->  reshape(dot(reshape(x)[n h w, c], k[c, o]))

A stride only leaves pixels out, so it becomes a slice in front. Code generators have far better schedules for matrix
products than for convolutions with a trivial window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout, DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class PointwiseToMatmul(Pass):
    """Rewrite every ungrouped, unpadded channels-last convolution whose window is one pixel."""

    name: ClassVar[str] = "pointwise-to-matmul"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 55

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of convolutions that were rewritten."""
        with Graph(module, context.weights) as graph:
            pointwise = [op for op in graph.operations() if op.name == "stablehlo.convolution" and _is_pointwise(op)]
            for op in pointwise:
                mlir.replace(op, [_as_matmul(graph, op)])
        return len(pointwise)


def _is_pointwise(op: Operation) -> bool:
    if not all(mlir.is_static_tensor(value) for value in (*op.operands, *op.results)):
        return False
    layout, kernel = ConvolutionLayout.of(op), mlir.shape_of(op.operands[1])
    spatial = len(kernel) - 2
    return (
        layout == ConvolutionLayout.channels_last(spatial)
        and kernel[:spatial] == (1,) * spatial
        and mlir.integer(op, "feature_group_count", 1) == 1
        and mlir.integer(op, "batch_group_count", 1) == 1
        and not stablehlo.padding(op, spatial).any()
        and set(mlir.integers(op, "lhs_dilation")) <= {1}
    )


def _as_matmul(graph: Graph, op: Operation) -> Value:
    image = op.operands[0]
    shape, result = mlir.shape_of(image), mlir.shape_of(op.results[0])
    strides = mlir.integers(op, "window_strides", [1] * (len(shape) - 2))
    if set(strides) - {1}:
        image = stablehlo.slice_(image, [0] * len(shape), shape, [1, *strides, 1], op)
    rows = stablehlo.reshape(image, [math.prod(result[:-1]), shape[-1]], op)
    layout = DotLayout((), (), (1,), (0,))
    product = stablehlo.dot(rows, _matrix(graph, op), layout, op, like=op)
    return stablehlo.reshape(product, result, op)


def _matrix(graph: Graph, op: Operation) -> Value:
    kernel = op.operands[1]
    shape = mlir.shape_of(kernel)[-2:]
    name = graph.weight_name(kernel)
    if name is None or not mlir.has_one_use(kernel):
        return stablehlo.reshape(kernel, shape, op)
    # The convolution is about to go, so its kernel may change shape under it.
    graph.change_weight(kernel, graph.weights[name].reshape(shape))
    return kernel
