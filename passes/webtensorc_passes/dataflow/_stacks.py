"""Matrices of weights as stacks of panels, and the products that read them (see `webtensorc_kernels.panels`)."""

from __future__ import annotations

import math

import numpy as np
from webtensorc_kernels import panels

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import DotLayout

__all__ = ["only_product", "rows_of", "side_by_side", "stacked"]


def only_product(value: Value) -> Operation | None:
    """The `stablehlo.dot_general` of which a value is the second factor, if nothing else is done with it.

    It may be in a loop, which carries the value round unchanged, if nobody reads it behind.
    """
    uses = list(value.uses)
    if len(uses) != 1:
        return None
    op, index = uses[0].owner.operation, uses[0].operand_number
    if op.name == "stablehlo.while":
        return _product_in_loop(op, index)
    return op if op.name == "stablehlo.dot_general" and index == 1 else None


def _product_in_loop(loop: Operation, index: int) -> Operation | None:
    condition, body = (region.blocks[0] for region in loop.regions)
    inside, last = body.arguments[index], mlir.terminator(body)
    if mlir.users(loop.results[index]) or mlir.users(condition.arguments[index]) or last.operands[index] != inside:
        return None
    uses = [use for use in inside.uses if use.owner.operation != last]
    if len(uses) != 1 or len(list(inside.uses)) != 2:
        return None
    op = uses[0].owner.operation
    return op if op.name == "stablehlo.dot_general" and uses[0].operand_number == 1 else None


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
