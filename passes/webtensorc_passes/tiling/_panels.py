"""Seeing that a matrix is made of panels, as `pack-weights` writes it and the native compiler has rewritten it."""

from __future__ import annotations

from math import prod
from typing import Any

from webtensorc_kernels import panels

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import forwards, indexing_maps, unreshaped

__all__ = ["panels_of"]

_ORDERS = {3: (1, 0, 2), 4: (1, 3, 0, 2)}
"""The transposition that makes rows of panels, by rank: those of bytes come in words."""


def panels_of(weights: Any) -> Any | None:
    """The panels that weights `[..., n]` consist of, `[p, k, WIDTH]` or `[p, k / 4, WIDTH, 4]`; None if they do not."""
    *rows, columns = mlir.shape_of(weights)
    matrix, depth = unreshaped(weights), prod(rows)
    whole = (len(panels.starts(columns)) - 1) * panels.WIDTH
    last = mlir.owner(matrix)
    if last is None or last.name != "tensor.insert_slice":
        return _side_by_side(matrix, depth, whole + panels.WIDTH) if columns == whole + panels.WIDTH else None
    first = mlir.owner(last.operands[1])
    if first is None or first.name != "tensor.insert_slice" or _columns(first) != (0, whole):
        return None
    parts = [part for op in (first, last) if (part := mlir.owner(op.operands[0])) is not None]
    if [part.name for part in parts] != ["tensor.extract_slice"] * 2:
        return None
    rest = columns - whole
    if [_columns(part) for part in parts] != [(0, whole), (whole + panels.WIDTH - rest, rest)]:
        return None
    if _columns(last) != (whole, rest) or parts[0].operands[0] != parts[1].operands[0]:
        return None
    return _side_by_side(parts[0].operands[0], depth, whole + panels.WIDTH)


def _columns(op: Any) -> tuple[int, int] | None:
    """First and number of the columns that a slice takes of a matrix or puts into it, if all rows take part."""
    offsets, sizes = mlir.integers(op, "static_offsets"), mlir.integers(op, "static_sizes")
    whole = mlir.shape_of(op.operands[0] if op.name == "tensor.extract_slice" else op.operands[1])
    dynamic = len(op.operands) != 1 + (op.name == "tensor.insert_slice")
    if dynamic or len(whole) != 2 or set(mlir.integers(op, "static_strides")) != {1}:
        return None
    return (offsets[1], sizes[1]) if (offsets[0], sizes[0]) == (0, whole[0]) else None


def _side_by_side(matrix: Any, depth: int, columns: int) -> Any | None:
    """The panels that a matrix of whole panels is a transposition of."""
    turned = mlir.owner(unreshaped(matrix))
    if prod(mlir.shape_of(matrix)) != depth * columns or turned is None or not forwards(turned):
        return None
    source, maps = turned.operands[0], indexing_maps(turned)
    shape = mlir.shape_of(source)
    if len(shape) not in _ORDERS or shape[0] != columns // panels.WIDTH or shape[2] != panels.WIDTH:
        return None
    return source if maps[1] == tuple(maps[0][i] for i in _ORDERS[len(shape)]) else None
