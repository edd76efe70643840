"""Fold per-channel scales and shifts, such as batch normalisation, into the contraction in front of them.

With a convolution or matrix product `W x` and per-channel `s` and `b` that are known at compile time:

    (W x) * s         ->  (s W) x
    (W x + a) * s     ->  (s W) x + s a
    (W x + a) + b     ->  W x + (a + b)        and the same with `-` and `/`

What is left behind a contraction is at most one addition of one bias. This reassociates floating-point arithmetic; the
new weights are computed in float64 and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._contraction import Contraction

_AFFINE = {"stablehlo.add", "stablehlo.subtract", "stablehlo.multiply", "stablehlo.divide"}


@dataclass(frozen=True)
class _Normal:
    """A value in the form `contraction + bias` that nothing else uses; both biases are None if there is no addition.

    Attributes:
        contraction: the contraction.
        bias: float64[channels] or float64[1].
        bias_value: the operand of the addition that holds it.
    """

    contraction: Contraction
    bias: Array | None = None
    bias_value: Value | None = None


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """Fold per-channel scale and shift by known values into the preceding convolution or matrix product."""

    name: ClassVar[str] = "fold-batch-norm"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 40

    def precise(self) -> None:
        """Factors are taken into sums."""
        return

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of scales and shifts that were folded."""
        changes = 0
        with Graph(module, context.weights) as graph:
            evaluator = Evaluator(graph)
            for op in graph.operations():
                if op.name in _AFFINE and _fold(graph, evaluator, op):
                    evaluator = Evaluator(graph)
                    changes += 1
        return changes


def _fold(graph: Graph, evaluator: Evaluator, op: Operation) -> bool:
    left, right = op.operands
    for value, other in ((left, right), (right, left)):
        if value != left and op.name in ("stablehlo.subtract", "stablehlo.divide"):
            continue
        if str(value.type.element_type) not in ("f32", "f64") or not mlir.has_one_use(value):
            continue
        normal = _normal_form(graph, evaluator, value)
        if normal is None:
            continue
        operand = _per_channel(evaluator, other, normal.contraction.result_axis)
        if operand is not None and _fold_operand(graph, op, normal, operand):
            return True
    return False


def _fold_operand(graph: Graph, op: Operation, normal: _Normal, operand: Array) -> bool:
    contraction, bias = normal.contraction, normal.bias
    if op.name in ("stablehlo.add", "stablehlo.subtract"):
        if bias is None and op.name == "stablehlo.add":
            return False  # already in the form that this pass makes
        shift = operand if op.name == "stablehlo.add" else -operand
        bias = shift if bias is None else bias + shift
    else:
        scale = operand if op.name == "stablehlo.multiply" else _inverse(operand)
        if not mlir.has_one_use(contraction.weight) or not _scale(graph, contraction, scale):
            return False
        bias = None if bias is None else bias * scale
    _rebuild(graph, op, normal, bias)
    return True


def _inverse(operand: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(1 / operand)


def _rebuild(graph: Graph, op: Operation, normal: _Normal, bias: Array | None) -> None:
    """Replace `op` by `contraction + bias`, changing the weight of a bias that is there already."""
    result, axis = normal.contraction.op.results[0], normal.contraction.result_axis
    if bias is None:
        mlir.replace_chain(op, [result])
        return
    shape = mlir.shape_of(result)
    array = np.ascontiguousarray(np.broadcast_to(bias, [shape[axis]]).astype(mlir.dtype_of(result)))
    old = normal.bias_value
    leaf = None if old is None else _own_weight(graph, old, axis)
    if leaf is not None:
        graph.change_weight(leaf, array)
        mlir.replace_chain(op, [mlir.users(old)[0].results[0]])
        return
    weight = graph.add_weight(f"{graph.weight_name(normal.contraction.weight)}.bias", array)
    wide = stablehlo.broadcast(weight, shape, [axis], op)
    mlir.replace_chain(op, [stablehlo.binary("stablehlo.add", result, wide, op)])


def _own_weight(graph: Graph, value: Value, axis: int) -> Value | None:
    """The weight[channels] that `value` broadcasts, if nothing else uses either."""
    op = mlir.owner(value)
    if op is None or op.name != "stablehlo.broadcast_in_dim" or mlir.integers(op, "broadcast_dimensions") != (axis,):
        return None
    own = graph.weight_name(op.operands[0]) is not None and mlir.has_one_use(op.operands[0]) and mlir.has_one_use(value)
    return op.operands[0] if own else None


def _normal_form(graph: Graph, evaluator: Evaluator, value: Value) -> _Normal | None:
    contraction = Contraction.of(graph, value)
    if contraction is not None:
        return _Normal(contraction)
    op = mlir.owner(value)
    if op is None or op.name != "stablehlo.add":
        return None
    for inner, other in (tuple(op.operands), tuple(op.operands)[::-1]):
        contraction = Contraction.of(graph, inner)
        if contraction is not None and mlir.has_one_use(inner):
            bias = _per_channel(evaluator, other, contraction.result_axis)
            if bias is not None:
                return _Normal(contraction, bias, other)
    return None


def _per_channel(evaluator: Evaluator, value: Value, axis: int) -> Array | None:
    """The float64[channels] or float64[1] that a known value repeats along all dimensions but `axis`, or None."""
    known = evaluator.known(value)
    if known is None or known.array.size != known.array.shape[axis]:
        return None
    return known.array.reshape(-1).astype(np.float64)


def _scale(graph: Graph, contraction: Contraction, scale: Array) -> bool:
    """Multiply the weight by `scale`, unless a product leaves its range where the scaled result might not."""
    weight = graph.weights[graph.weight_name(contraction.weight) or ""]
    shape = [-1 if i == contraction.weight_axis else 1 for i in range(weight.ndim)]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (weight * scale.reshape(shape)).astype(weight.dtype)
    is_new = ~np.isfinite(scaled) & np.isfinite(weight)
    if not np.isfinite(scale).all() or is_new.any():
        return False
    graph.change_weight(contraction.weight, scaled)
    return True
