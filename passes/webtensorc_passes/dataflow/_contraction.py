"""What the passes need to know of a contraction with a weight: where its output channels are."""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout, DotLayout


@dataclass(frozen=True)
class Contraction:
    """A convolution or matrix product whose one operand is a weight.

    Attributes:
        op: the operation.
        weight: the operand that is a weight.
        weight_axis: the weight's dimension that runs over output channels.
        result_axis: the result's dimension that runs over output channels.
    """

    op: Operation
    weight: Value
    weight_axis: int
    result_axis: int

    @classmethod
    def of(cls, graph: Graph, value: Value) -> Contraction | None:
        """The contraction that computes `value`, or None."""
        op = mlir.owner(value)
        if op is None or op.name not in ("stablehlo.convolution", "stablehlo.dot_general"):
            return None
        if graph.weight_name(op.operands[1]) is not None:
            return _of_convolution(op) if op.name == "stablehlo.convolution" else _of_dot(op)
        return None


def _of_convolution(op: Operation) -> Contraction | None:
    if mlir.integer(op, "batch_group_count", 1) != 1:
        return None
    layout = ConvolutionLayout.of(op)
    return Contraction(op, op.operands[1], layout.kernel.index("o"), layout.output.index("f"))


def _of_dot(op: Operation) -> Contraction | None:
    weight = op.operands[1]
    free = DotLayout.of(op).right_free(len(mlir.shape_of(weight)))
    return Contraction(op, weight, free[0], len(mlir.shape_of(op.results[0])) - 1) if len(free) == 1 else None
