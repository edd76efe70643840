"""Compute products and convolutions of quantised tensors in integers.

Where both operands of a contraction are dequantised 8-bit integers, or such integers less their zero points in int32,
scale and zero point are taken out of it:

    sum over k of  s (a - x) * t (b - y)   ->   s t * (sum a b  -  y sum a  -  x sum b  +  x y sum 1)

int8 times int8 is summed in int32, which is exact. The sums of one operand are known at compile time if it is a weight;
none is needed where the other zero point is 0. What was a quantisation behind the contraction is then a requantisation:
it reads the int32 sums, and is fused with it as any elementwise work. Weights stay int8 in the bundle.

The scales must be the same along what is summed over (per tensor, or per output channel). Grouped convolutions with
weights that have a zero point, and convolutions of two activations, widen their operands to int32 first.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(CVPR 2018), section 2.2 and 2.3; ONNX QLinearConv and QLinearMatMul.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, expand, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Attribute, Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout, DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.fusion._quantised import Quantised

_INT32 = np.dtype(np.int32)


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
                rewrite = _REWRITES.get(op.name)
                if rewrite is None or not mlir.is_static_tensor(op.results[0]):
                    continue
                left, right = (Quantised.of(evaluator, operand) for operand in op.operands)
                if left is not None and right is not None and rewrite(graph, evaluator, op, left, right):
                    evaluator = Evaluator(graph)
                    changes += 1
        return changes


def _dot(graph: Graph, evaluator: Evaluator, op: Operation, left: Quantised, right: Quantised) -> bool:
    layout = DotLayout.of(op)
    sides = _Side.of(op, layout)
    for each, side in zip((left, right), sides, strict=True):
        if not all(side.is_uniform(array) for array in (each.scale.array, each.zero)):
            return False
    x, y = sides[0].in_result(left.int8_zero), sides[1].in_result(right.int8_zero)
    a, b = left.int8(graph, evaluator, op), right.int8(graph, evaluator, op)
    total = _contraction(op, a, b)
    if y.any():
        total = _less(graph, total, y, _sums(evaluator, a, sides[0], op), op)
    if x.any():
        total = _less(graph, total, x, _sums(evaluator, b, sides[1], op), op)
    if x.any() and y.any():
        depth = math.prod(mlir.shape_of(a)[i] for i in layout.left_contracting)
        total = _less(graph, total, -x * y, Known(np.full((1,) * x.ndim, depth, np.int32), ()), op)
    scales = sides[0].in_result(left.scale.array), sides[1].in_result(right.scale.array)
    _replace_scaled(graph, op, total, (left, right), scales[0] * scales[1])
    return True


@dataclass(frozen=True)
class _Side:
    """Where the dimensions of one operand of a product are in the result.

    Attributes:
        contracting: dimensions of the operand that are summed over.
        kept: its other dimensions, in the order of the result.
        places: the result's dimensions that they become.
        rank: of the result.
    """

    contracting: tuple[int, ...]
    kept: tuple[int, ...]
    places: tuple[int, ...]
    rank: int

    @classmethod
    def of(cls, op: Operation, layout: DotLayout) -> tuple[_Side, _Side]:
        """Both sides of a `stablehlo.dot_general`."""
        ranks = [len(mlir.shape_of(value)) for value in (*op.operands, *op.results)]
        batch = tuple(range(len(layout.left_batch)))
        left = tuple(i for i in range(ranks[0]) if i not in layout.left_batch + layout.left_contracting)
        right = layout.right_free(ranks[1])
        middle = len(batch) + len(left)
        return (
            cls(layout.left_contracting, layout.left_batch + left, tuple(range(middle)), ranks[2]),
            cls(layout.right_contracting, layout.right_batch + right, (*batch, *range(middle, ranks[2])), ranks[2]),
        )

    def is_uniform(self, array: Array) -> bool:
        """Whether an array in broadcast form is the same along all that is summed over."""
        return all(array.shape[i] == 1 for i in self.contracting)

    def in_result(self, array: Array) -> Array:
        """An array in broadcast form, uniform along what is summed over, as it meets the result."""
        shape = [1] * self.rank
        for dimension, place in zip(self.kept, self.places, strict=True):
            shape[place] = array.shape[dimension]
        return array.transpose(*self.kept, *self.contracting).reshape(shape)


def _sums(evaluator: Evaluator, value: Value, side: _Side, op: Operation) -> Known | Value:
    """The sums of one operand over what is summed over, in the shape of the result."""
    known = evaluator.known(value)
    if known is not None:
        sums = expand(known, value).sum(axis=side.contracting, dtype=np.int32, keepdims=True)
        return Known(side.in_result(sums), known.weights)
    shape = mlir.shape_of(value)
    ones = stablehlo.constant(np.ones([shape[i] for i in side.contracting], np.int8), op)
    layout = DotLayout((), (), side.contracting, tuple(range(len(side.contracting))))
    kept = sorted(side.kept)
    attributes = {"dot_dimension_numbers": layout.attribute(op.context)}
    kind = mlir.tensor_type([shape[i] for i in kept], _INT32, op.context)
    sums = mlir.create("stablehlo.dot_general", [value, ones], [kind], attributes, before=op).result
    places = [side.places[side.kept.index(i)] for i in kept]
    return stablehlo.broadcast(sums, mlir.shape_of(op.results[0]), places, op)


def _convolution(graph: Graph, evaluator: Evaluator, op: Operation, image: Quantised, kernel: Quantised) -> bool:
    layout = ConvolutionLayout.of(op)
    output, groups = layout.kernel.index("o"), mlir.integer(op, "feature_group_count", 1)
    if image.scale.array.size != 1 or image.zero.size != 1 or mlir.integer(op, "batch_group_count", 1) != 1:
        return False
    if any(array.size != array.shape[output] for array in (kernel.scale.array, kernel.zero)):
        return False
    flat, per_channel = [1] * len(layout.output), [-1 if each == "f" else 1 for each in layout.output]
    x, y = image.int8_zero, kernel.int8_zero
    is_wide = (y.any() and groups > 1) or evaluator.known(kernel.source) is None or not _fits(x)
    if is_wide and mlir.dtype_of(op.results[0]) == _INT32:
        return False  # it is what it would become
    a, b = image.int8(graph, evaluator, op), kernel.int8(graph, evaluator, op)
    if is_wide:
        total = _contraction(op, _centred(graph, a, x, op), _centred(graph, b, y, op))
    else:
        changes = {}
        if x.any():  # outside the image is the zero point, so that the sums of the weights are the same everywhere
            a, changes = _padded(op, a, x, layout), _nothing_around(op, len(flat) - 2)
        total = _contraction(op, a, b, changes)
        if y.any():
            total = _less(graph, total, y.reshape(per_channel), _window_sums(op, a, b, layout, changes), op)
        if x.any():
            sums = _kernel_sums(evaluator, b, y, output)
            total = _less(graph, total, x.reshape(flat), Known(sums.array.reshape(per_channel), sums.weights), op)
    factor = image.scale.array.reshape(flat) * kernel.scale.array.reshape(per_channel)
    _replace_scaled(graph, op, total, (image, kernel), factor)
    return True


def _fits(zero: Array) -> bool:
    return bool((np.abs(2 * zero + 1) < 256).all())


def _kernel_sums(evaluator: Evaluator, kernel: Value, zero: Array, output: int) -> Known:
    """The sum of `kernel - zero` for every output channel."""
    known = evaluator.known(kernel)
    assert known is not None
    others = tuple(i for i in range(zero.ndim) if i != output)
    return Known((expand(known, kernel) - zero).sum(axis=others, dtype=np.int32), known.weights)


def _window_sums(
    op: Operation, image: Value, kernel: Value, layout: ConvolutionLayout, changes: Mapping[str, Attribute]
) -> Value:
    """The sum of the image under every window: its convolution with ones, in the shape of the result."""
    window = [1 if each == "o" else size for each, size in zip(layout.kernel, mlir.shape_of(kernel), strict=True)]
    ones = stablehlo.constant(np.ones(window, np.int8), op)
    shape = mlir.shape_of(op.results[0])
    single = [1 if each == "f" else size for each, size in zip(layout.output, shape, strict=True)]
    kind = mlir.tensor_type(single, _INT32, op.context)
    sums = mlir.clone_with(op, [image, ones], [kind], changes).results[0]
    places = [i for i, each in enumerate(layout.output) if each != "f"]
    dense = stablehlo.reshape(sums, [shape[i] for i in places], op)
    return stablehlo.broadcast(dense, shape, places, op)


def _centred(graph: Graph, integers: Value, zero: Array, op: Operation) -> Value:
    """`integers - zero` in int32."""
    shape = mlir.shape_of(integers)
    kind = mlir.tensor_type(shape, _INT32, op.context)
    wide = mlir.create("stablehlo.convert", [integers], [kind], before=op).result
    if not zero.any():
        return wide
    return stablehlo.binary("stablehlo.subtract", wide, materialise(graph, Known(zero, ()), shape, "zero", op), op)


def _padded(op: Operation, image: Value, zero: Array, layout: ConvolutionLayout) -> Value:
    """The image with the convolution's padding and dilation carried out, in zero points."""
    spatial = len(layout.input) - 2
    edges = stablehlo.padding(op, spatial)
    inside = np.array(mlir.integers(op, "lhs_dilation", [1] * spatial)) - 1
    if not edges.any() and not inside.any():
        return image
    places = [int(each) if each.isdigit() else None for each in layout.input]
    low, high, between = (
        [0 if place is None else int(each[place]) for place in places] for each in (edges[:, 0], edges[:, 1], inside)
    )
    filler = stablehlo.constant(zero.reshape(()).astype(np.int8), op)
    return stablehlo.pad(image, filler, low, high, between, op)


def _nothing_around(op: Operation, spatial: int) -> dict[str, Attribute]:
    """The attributes of a convolution whose padding and dilation have been carried out."""
    return {
        "padding": mlir.dense(np.zeros((spatial, 2), np.int64), op.context),
        "lhs_dilation": mlir.integer_array([1] * spatial, op.context),
    }


def _contraction(op: Operation, left: Value, right: Value, changes: Mapping[str, Attribute] | None = None) -> Value:
    """`op` on integers, summed in int32."""
    kind = mlir.tensor_type(mlir.shape_of(op.results[0]), _INT32, op.context)
    return mlir.clone_with(op, [left, right], [kind], changes or {}).results[0]


def _less(graph: Graph, total: Value, factor: Array, sums: Known | Value, op: Operation) -> Value:
    """`total - factor * sums` in int32; what is known is multiplied now."""
    shape = mlir.shape_of(total)
    if isinstance(sums, Known):
        product = materialise(graph, Known(factor * sums.array, sums.weights), shape, "sums", op)
    else:
        wide = materialise(graph, Known(factor, ()), shape, "zero", op)
        product = stablehlo.binary("stablehlo.multiply", sums, wide, op)
    return stablehlo.binary("stablehlo.subtract", total, product, op)


def _replace_scaled(graph: Graph, op: Operation, total: Value, operands: Sequence[Quantised], factor: Array) -> None:
    """Let `total * factor`, computed in float32, stand for the result of `op`; `total` itself where that is int32."""
    result = op.results[0]
    shape, dtype = mlir.shape_of(result), mlir.dtype_of(result)
    if dtype == _INT32:
        return mlir.replace_chain(op, [total])
    wide = np.result_type(dtype, np.float32)
    scale = Known(factor.astype(wide), tuple(name for each in operands for name in each.scale.weights))
    value = mlir.create("stablehlo.convert", [total], [mlir.tensor_type(shape, wide, op.context)], before=op).result
    value = stablehlo.binary("stablehlo.multiply", value, materialise(graph, scale, shape, "scale", op), op)
    if wide != dtype:
        value = mlir.create("stablehlo.convert", [value], [result.type], before=op).result
    mlir.replace_chain(op, [value])


_REWRITES = {"stablehlo.dot_general": _dot, "stablehlo.convolution": _convolution}
