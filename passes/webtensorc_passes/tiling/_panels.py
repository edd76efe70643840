"""Seeing that a matrix is made of panels, as `pack-weights` writes it and the native compiler has rewritten it."""

from __future__ import annotations

from typing import Any

from webtensorc_kernels import panels

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import forwards, indexing_maps, unreshaped

__all__ = ["panels_of"]


def panels_of(matrix: Any) -> Any | None:
    """The panels `[p, k, WIDTH]` that a matrix `[k, n]` consists of; None if it does not."""
    depth, columns = mlir.shape_of(matrix)
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
    if mlir.shape_of(matrix) != (depth, columns) or turned is None or not forwards(turned):
        return None
    source = turned.operands[0]
    if mlir.shape_of(source) != (columns // panels.WIDTH, depth, panels.WIDTH):
        return None
    maps = indexing_maps(turned)
    swapped = len(maps) == 2 and len(maps[0]) == 3 and maps[1] == (maps[0][1], maps[0][0], maps[0][2])
    return source if swapped else None
