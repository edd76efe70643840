"""Finding that a product's columns are taken apart into heads, so that its kernel stores each head where it belongs.

    [points, heads * width]  ->  [heads, points, width]

as queries, keys and values are before attention. Elementwise work behind the transposition, a bias per column say, is
taken in as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import By, Fused, Growing
from webtensorc_passes.tiling._structured import element, forwards, indexing_maps

__all__ = ["with_heads_apart"]


def with_heads_apart(fused: Fused, channels: int, lanes: int) -> Fused:
    """The product and a transposition of its heads behind it; only the product if there is none that kernels can do.

    They store whole vectors of `lanes` columns of one head.
    """
    absorbed = [*fused.absorbed]
    users = mlir.users(fused.result)
    while len(users) == 1 and users[0].name in ("tensor.expand_shape", "tensor.collapse_shape"):
        absorbed.append(users[0])
        users = mlir.users(users[0].results[0])
    if fused.epilogue.slot or fused.epilogue.element != "f32" or len(users) != 1:
        return fused
    width = _width_of_heads(users[0], channels)
    if not width or width % lanes or users[0].block != fused.last.block:
        return fused
    growing = _behind(fused, [*absorbed, users[0]], channels)
    while len(users := mlir.users(growing.last.results[0])) == 1 and users[0].block == fused.last.block:
        before = growing.size
        if users[0].name == "linalg.generic":
            growing.take(users[0])
        if growing.size == before:
            break
    found = growing.snapshot()
    return replace(found, epilogue=replace(found.epilogue, head=width))


def _width_of_heads(op: Any, channels: int) -> int:
    """The width of a head if `op` is `[points, heads, width] -> [heads, points, width]`, else 0."""
    if not forwards(op):
        return 0
    maps, shape = indexing_maps(op), mlir.shape_of(op.results[0])
    wide = [loop for loop, extent in enumerate(shape) if extent > 1]
    if not maps or len(wide) != 3 or maps[1] != tuple(range(len(shape))):
        return 0
    head, point, column = wide
    is_moved = [loop for loop in maps[0] if loop in wide] == [point, head, column]
    return shape[column] if is_moved and shape[head] * shape[column] == channels else 0


def _behind(fused: Fused, absorbed: list[Any], channels: int) -> _Apart:
    """What takes in elementwise work behind the transposition, the last operation of `absorbed`."""
    epilogue = fused.epilogue
    growing = _Apart(absorbed[0], channels)
    growing.absorbed, growing.steps, growing.operands = absorbed, list(epilogue.steps), list(fused.operands)
    growing.kinds, growing.widths = list(epilogue.operands), list(epilogue.widths)
    growing.elements, growing.plane = list(epilogue.elements), epilogue.plane if "plane" in epilogue.operands else 0
    growing.numbers = {absorbed[-1].results[0]: len(epilogue.steps) - 1}
    return growing


@dataclass
class _Apart(Growing):
    """An epilogue that grows by operations on `[heads, points, width]`."""

    def _fits(self, value: Any) -> bool:
        whole = [size for size in mlir.shape_of(self.last.results[0]) if size > 1]
        return element(value) == "f32" and [size for size in mlir.shape_of(value) if size > 1] == whole

    def _by(self, map_: Sequence[int | None], extents: Sequence[int]) -> By | None:
        wide = [loop for loop, extent in enumerate(extents) if extent > 1]
        used = [loop for loop in map_ if loop in wide]
        return "all" if not used else "channel" if used == [wide[0], wide[2]] else None
