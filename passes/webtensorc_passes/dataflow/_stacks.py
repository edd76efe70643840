"""Matrices of weights as stacks of panels, and the products that read them (see `webtensorc_kernels.panels`)."""

from __future__ import annotations

import math

import numpy as np
from webtensorc_kernels import panels

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import DotLayout

__all__ = ["rows_of", "side_by_side", "stacked"]


def rows_of(product: Operation) -> int | None:
    """How many rows a `stablehlo.dot_general` multiplies by a matrix `[k, n]`; None if it is no such product."""
    layout, shape = DotLayout.of(product), mlir.shape_of(product.operands[0])
    last = len(shape) - 1
    if (layout.left_batch, layout.left_contracting, layout.right_contracting) != ((), (last,), (0,)):
        return None
    return math.prod(shape[:-1]) if mlir.is_static_tensor(product.operands[0]) else None


def stacked(matrix: Array) -> Array:
    """The panels of a matrix, one after the other."""
    return np.stack([matrix[:, start : start + panels.WIDTH] for start in panels.starts(matrix.shape[1])])


def side_by_side(packed: Value, depth: int, columns: int, *, before: Operation) -> Value:
    """The matrix `[depth, columns]` that panels were made of."""
    wide = len(panels.starts(columns)) * panels.WIDTH
    rank = len(mlir.shape_of(packed))
    side_by_side = stablehlo.transpose(packed, (1, 0, 2) if rank == 3 else (1, 3, 0, 2), before)
    matrix = stablehlo.reshape(side_by_side, (depth, wide), before)
    if wide == columns:
        return matrix
    whole = wide - panels.WIDTH
    parts = [
        stablehlo.slice_(matrix, (0, first), (depth, beyond), (1, 1), before)
        for first, beyond in ((0, whole), (wide - (columns - whole), wide))
    ]
    return stablehlo.concatenate(parts, 1, before)
