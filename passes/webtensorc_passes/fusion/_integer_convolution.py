"""Convolutions of quantised tensors, summed in int32."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, expand, materialise_like
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Attribute, Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc_passes.fusion._integer_sums import INT32, contraction, less
from webtensorc_passes.fusion._quantised import Quantised


def can_convolve(evaluator: Evaluator, op: Operation, image: Quantised, kernel: Quantised) -> bool:
    """Whether the image has one scale, the kernel one an output channel, and the result is not int32 sums already."""
    output = ConvolutionLayout.of(op).kernel.index("o")
    if image.scale.array.size != 1 or image.zero.size != 1 or mlir.integer(op, "batch_group_count", 1) != 1:
        return False
    if any(array.size != array.shape[output] for array in (kernel.scale.array, kernel.zero)):
        return False
    return mlir.dtype_of(op.results[0]) != INT32 or not _is_wide(evaluator, op, image, kernel)


def _is_wide(evaluator: Evaluator, op: Operation, image: Quantised, kernel: Quantised) -> bool:
    """Whether the operands must be int32 less their zero points."""
    groups = mlir.integer(op, "feature_group_count", 1)
    is_corrected = kernel.int8_zero.any() and groups > 1
    return bool(is_corrected or evaluator.known(kernel.source) is None or not _fits(image.int8_zero))


def convolve(
    graph: Graph, evaluator: Evaluator, op: Operation, image: Quantised, kernel: Quantised
) -> tuple[Value, Array]:
    """The convolution of the integers less their zero points in int32, and the product of the scales in its form."""
    layout = ConvolutionLayout.of(op)
    output = layout.kernel.index("o")
    flat, per_channel = [1] * len(layout.output), [-1 if each == "f" else 1 for each in layout.output]
    x, y = image.int8_zero, kernel.int8_zero
    is_wide = _is_wide(evaluator, op, image, kernel)
    a, b = image.int8(graph, evaluator, op), kernel.int8(graph, evaluator, op)
    if is_wide:
        total = contraction(op, _centred(graph, a, x, op), _centred(graph, b, y, op))
    else:
        changes = {}
        if x.any():  # outside the image is the zero point, so that the sums of the weights are the same everywhere
            a, changes = _padded(op, a, x, layout), _nothing_around(op, len(flat) - 2)
        total = contraction(op, a, b, changes)
        if y.any():
            total = less(graph, total, y.reshape(per_channel), _window_sums(op, a, b, total, layout, changes), op)
        if x.any():
            sums = _kernel_sums(evaluator, b, y, output)
            total = less(graph, total, x.reshape(flat), Known(sums.array.reshape(per_channel), sums.weights), op)
    factor = image.scale.array.reshape(flat) * kernel.scale.array.reshape(per_channel)
    return total, factor


def _fits(zero: Array) -> bool:
    return bool((np.abs(2 * zero + 1) < 256).all())


def _kernel_sums(evaluator: Evaluator, kernel: Value, zero: Array, output: int) -> Known:
    """The sum of `kernel - zero` for every output channel."""
    known = evaluator.known(kernel)
    assert known is not None
    others = tuple(i for i in range(zero.ndim) if i != output)
    return Known((expand(known, kernel) - zero).sum(axis=others, dtype=np.int32), known.weights)


def _window_sums(
    op: Operation,
    image: Value,
    kernel: Value,
    total: Value,
    layout: ConvolutionLayout,
    changes: Mapping[str, Attribute],
) -> Value:
    """The sum of the image under every window: its convolution with ones, in the shape of the result, `total`."""
    window = [1 if each == "o" else size for each, size in zip(layout.kernel, mlir.shape_of(kernel), strict=True)]
    ones = stablehlo.constant(np.ones(window, np.int8), op)
    shape = mlir.shape_of(total)
    single = [1 if each == "f" else size for each, size in zip(layout.output, shape, strict=True)]
    kind = mlir.tensor_type(single, INT32, op.context)
    sums = mlir.clone_with(op, [image, ones], [kind], changes).results[0]
    return stablehlo.broadcast_like(sums, total, range(len(shape)), op)


def _centred(graph: Graph, integers: Value, zero: Array, op: Operation) -> Value:
    """`integers - zero` in int32."""
    kind = mlir.tensor_type(mlir.shape_of(integers), INT32, op.context)
    wide = mlir.create("stablehlo.convert", [integers], [kind], before=op).result
    if not zero.any():
        return wide
    return stablehlo.binary("stablehlo.subtract", wide, materialise_like(graph, Known(zero, ()), wide, "zero", op), op)


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
