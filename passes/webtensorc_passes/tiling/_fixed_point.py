"""Seeing that panels are made of fixed-point numbers, as the pass `fixed-point-weights` writes it."""

from __future__ import annotations

from typing import Any

from webtensorc_kernels.panels import LOW_BITS

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import element, forwards, indexing_maps, scalar_constant

__all__ = ["fixed_point_of"]

_ALL = (0, 1, 2)
"""The loops that index panels, in order."""


def fixed_point_of(panels: Any) -> tuple[Any, Any, Any] | None:
    """What panels are made of: upper and lower parts `[p, k, WIDTH]`, steps `[p, WIDTH]`; None if they are not.

    panels[p, k, c] = steps[p, c] * (2 ** LOW_BITS * upper[p, k, c] + lower[p, k, c])
    """
    whole, steps = _operands(panels, "arith.mulf", 2)
    (sum_,) = _operands(whole, "arith.sitofp", 1)
    shifted, lower = _operands(sum_, "arith.addi", 2)
    (upper,) = _operands(shifted, "arith.shli", 1)
    (high,), (low,) = (_operands(each, "arith.extsi", 1) for each in (upper, lower))
    if high is None or low is None or [element(high), element(low)] != ["i16", "i8"]:
        return None
    repeated = mlir.owner(steps)
    if repeated is None or not forwards(repeated) or indexing_maps(repeated) != ((0, 2), _ALL):
        return None
    return high, low, repeated.operands[0]


def _operands(value: Any, name: str, count: int) -> tuple[Any, ...]:
    """What an elementwise operation makes a value of, `count` tensors; as many None if it is no such operation."""
    nothing = (None,) * count
    op = mlir.owner(value) if value is not None else None
    if op is None or op.name != "linalg.generic" or len(op.operands) != count + 1:
        return nothing
    block = op.regions[0].blocks[0]
    inner = [each.operation for each in block.operations]
    if [each.name for each in inner] != [name, "linalg.yield"] or indexing_maps(op) != (_ALL,) * (count + 1):
        return nothing
    given = list(inner[0].operands)
    if name == "arith.shli" and scalar_constant(given.pop()) != f"{LOW_BITS} : i32":
        return nothing
    return tuple(op.operands[:count]) if given == list(block.arguments)[:count] else nothing
