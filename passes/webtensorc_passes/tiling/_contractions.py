"""Finding the contractions that kernels exist for, and saying them in the kernels' own terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from webtensorc_kernels.convolution import Convolution

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import indexing_maps, is_float32, is_zero, unreshaped

__all__ = ["Contraction", "match"]


@dataclass(frozen=True)
class Contraction:
    """An operation that a kernel can stand for: the problem, and the values it reads."""

    op: Any
    name: str
    problem: Convolution
    image: Any
    weights: Any


def match(op: Any) -> Contraction | None:
    """The contraction that an operation is, if it is one of float32 and static shape that starts from zeros."""
    rule = _RULES.get(op.name)
    if rule is None or not all(map(is_float32, (*op.operands, *op.results))) or not is_zero(op.operands[-1]):
        return None
    return rule(op)


def _matmul(op: Any) -> Contraction | None:
    if indexing_maps(op) != ((0, 2), (2, 1), (0, 1)):
        return None
    (rows, depth), columns = mlir.shape_of(op.operands[0]), mlir.shape_of(op.operands[1])[1]
    problem = Convolution.product(rows, depth, columns)
    return Contraction(
        op, f"matmul_{rows}x{columns}x{depth}", problem, unreshaped(op.operands[0]), unreshaped(op.operands[1])
    )


def _convolution(op: Any) -> Contraction | None:
    image, padding = _unpadded(op.operands[0])
    kernel, result = mlir.shape_of(op.operands[1]), mlir.shape_of(op.results[0])
    batch, height, width, channels = mlir.shape_of(image)
    strides, dilations = _pair(op, "strides"), _pair(op, "dilations")
    problem = Convolution(
        batch,
        (height, width),
        channels,
        kernel[3],
        (kernel[0], kernel[1]),
        (result[1], result[2]),
        strides,
        dilations,
        padding,
    )
    name = f"conv_{height}x{width}x{channels}_{kernel[0]}x{kernel[1]}s{strides[0]}_{kernel[3]}"
    return Contraction(op, name, problem, image, unreshaped(op.operands[1]))


def _unpadded(image: Any) -> tuple[Any, tuple[int, int]]:
    """An image without the zeros around it, and how many are in front of its rows and columns."""
    op = mlir.owner(image)
    if op is None or op.name != "tensor.pad" or len(op.operands) != 1:
        return image, (0, 0)
    low, high = mlir.integers(op, "static_low"), mlir.integers(op, "static_high")
    padded = op.regions[0].blocks[0].operations
    if min(low + high) < 0 or low[0] or low[3] or high[0] or high[3]:
        return image, (0, 0)
    if not is_zero(padded[len(padded) - 1].operands[0]):
        return image, (0, 0)
    return op.operands[0], (low[1], low[2])


def _pair(op: Any, name: str) -> tuple[int, int]:
    rows, columns = np.broadcast_to(np.array(op.attributes[name]).astype(int), (2,))
    return int(rows), int(columns)


_RULES: dict[str, Callable[[Any], Contraction | None]] = {
    "linalg.matmul": _matmul,
    "linalg.conv_2d_nhwc_hwcf": _convolution,
}
