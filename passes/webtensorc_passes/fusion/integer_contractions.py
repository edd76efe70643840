"""Compute products and convolutions of quantised tensors in integers.

Where both operands of a contraction are dequantised integers, or 8-bit integers less their zero points in int32,
scale and zero point are taken out of it:

    sum over k of  s (a - x) * t (b - y)   ->   s t * (sum a b  -  y sum a  -  x sum b  +  x y sum 1)

int8 times int8 is summed in int32, which is exact. The sums of one operand are known at compile time if it is a weight;
none is needed where the other zero point is 0. What was a quantisation behind the contraction is then a requantisation:
it reads the int32 sums, and is fused with it as any elementwise work. Weights stay int8 in the bundle.

Integers of 16 bits are halved, 256 (h - x') + (l - x''), for two products of 8-bit ones: their sums would not fit.

The scales must be the same along what is summed over (per tensor, or per output channel). Grouped convolutions with
weights that have a zero point, and convolutions of two activations, widen their operands to int32 first.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(CVPR 2018), section 2.2 and 2.3; ONNX QLinearConv and QLinearMatMul.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, materialise_like
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.fusion._integer_convolution import can_convolve, convolve
from webtensorc_passes.fusion._integer_dot import can_multiply, multiply
from webtensorc_passes.fusion._integer_sums import INT32
from webtensorc_passes.fusion._quantised import Quantised


@dataclass(frozen=True)
class IntegerContractions(Pass):
    """Contract dequantised operands as the integers that they are."""

    name: ClassVar[str] = "integer-contractions"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 15
    """Before constants are folded, or small dequantised weights would become floats."""

    def precise(self) -> None:
        """Scales are taken out of sums."""
        return

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of contractions that are integer now."""
        changes = 0
        with Graph(module, context.weights) as graph:
            evaluator = Evaluator(graph)
            for op in graph.operations():
                if op.name not in _KINDS or not mlir.is_tensor(op.results[0]):
                    continue
                left, right = (Quantised.of(evaluator, operand) for operand in op.operands)
                if left is not None and right is not None and _rewrite(graph, evaluator, op, left, right):
                    evaluator = Evaluator(graph)
                    changes += 1
        return changes


def _rewrite(graph: Graph, evaluator: Evaluator, op: Operation, left: Quantised, right: Quantised) -> bool:
    is_possible, compute = _KINDS[op.name]
    is_whole = mlir.dtype_of(op.results[0]) == INT32
    if not is_possible(evaluator, op, left, right) or (is_whole and (left.is_wide or right.is_wide)):
        return False
    values = []
    parts = (each.in_bytes(graph, evaluator, op) for each in (left, right))
    for a, b in itertools.product(*parts):
        total, factor = compute(graph, evaluator, op, a, b)
        weights = (*a.scale.weights, *b.scale.weights)
        values.append(total if is_whole else _scaled(graph, total, Known(factor, weights), op))
    mlir.replace_chain(op, [_narrowed(_sum(values, op), op)])
    return True


def _scaled(graph: Graph, total: Value, factor: Known, op: Operation) -> Value:
    """`total * factor` in float32, or in the result's type where that is wider."""
    wide = np.result_type(mlir.dtype_of(op.results[0]), np.float32)
    kind = mlir.tensor_type(mlir.shape_of(total), wide, op.context)
    value = mlir.create("stablehlo.convert", [total], [kind], before=op).result
    scale = Known(factor.array.astype(wide), factor.weights)
    return stablehlo.binary("stablehlo.multiply", value, materialise_like(graph, scale, value, "scale", op), op)


def _sum(values: list[Value], op: Operation) -> Value:
    value = values[0]
    for each in values[1:]:
        value = stablehlo.binary("stablehlo.add", value, each, op)
    return value


def _narrowed(value: Value, op: Operation) -> Value:
    """`value` in the type of the result of `op`."""
    kind = op.results[0].type
    return value if value.type == kind else mlir.create("stablehlo.convert", [value], [kind], before=op).result


_Possible = Callable[[Evaluator, Operation, Quantised, Quantised], bool]
_Compute = Callable[[Graph, Evaluator, Operation, Quantised, Quantised], tuple[Value, Array]]
_KINDS: dict[str, tuple[_Possible, _Compute]] = {
    "stablehlo.dot_general": (can_multiply, multiply),
    "stablehlo.convolution": (can_convolve, convolve),
}
