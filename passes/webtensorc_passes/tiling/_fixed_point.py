"""Seeing that panels are made of fixed-point numbers, as the pass `fixed-point-weights` writes it."""

from __future__ import annotations

from typing import Any

from webtensorc_kernels.panels import FIXED_BYTES

from webtensorc.iree import mlir
from webtensorc_passes.tiling._structured import element, forwards, indexing_maps, scalar_constant, unreshaped

__all__ = ["fixed_point_of"]


def fixed_point_of(panels: Any) -> tuple[Any, Any] | None:
    """What panels are made of: bytes `[p, 3 * k * WIDTH + SLACK]` and steps `[p, WIDTH]`; None if they are not.

    panels[p, k, c] = steps[p, c] * (sum over n of bytes[p, (k * WIDTH + c) * 3 + n] << 8 * (n + 1))
    """
    number, steps = _operands(panels, "arith.mulf", 2)
    (whole,) = _operands(number, "arith.sitofp", 1)
    upper, first = _operands(whole, "arith.addi", 2)
    third, second = _operands(upper, "arith.addi", 2)
    found = [_source(part, place) for place, part in enumerate((first, second, third))]
    if steps is None or found[0] is None or any(each != found[0] for each in found[1:]):
        return None
    repeated = mlir.owner(steps)
    if repeated is None or not forwards(repeated) or indexing_maps(repeated) != ((0, 2), (0, 1, 2)):
        return None
    return found[0], repeated.operands[0]


def _source(part: Any, place: int) -> Any | None:
    """The bytes of which every third, from `place` on, was put at its place in words."""
    (wide,) = _operands(part, "arith.shli", 1, f"{8 * (place + 1)} : i32")
    (byte,) = _operands(wide, "arith.extui", 1)
    every = mlir.owner(unreshaped(byte)) if byte is not None else None
    if every is None or every.name != "tensor.extract_slice" or element(byte) != "i8":
        return None
    shape = mlir.shape_of(every.operands[0])
    if shape[-1:] != (FIXED_BYTES,) or mlir.integers(every, "static_offsets") != (*[0] * (len(shape) - 1), place):
        return None
    if mlir.integers(every, "static_sizes") != (*shape[:-1], 1):
        return None
    used = mlir.owner(unreshaped(every.operands[0]))
    return used.operands[0] if used is not None and used.name == "tensor.extract_slice" else None


def _operands(value: Any, name: str, count: int, last: str = "") -> tuple[Any, ...]:
    """What an elementwise operation makes a value of, `count` tensors; as many None if it is no such operation.

    `last` is the number that is its last operand, if there is one more than tensors.
    """
    nothing = (None,) * count
    op = mlir.owner(unreshaped(value)) if value is not None else None
    if op is None or op.name != "linalg.generic" or len(op.operands) != count + 1:
        return nothing
    block = op.regions[0].blocks[0]
    inner = [each.operation for each in block.operations]
    if [each.name for each in inner] != [name, "linalg.yield"] or len({*indexing_maps(op)}) != 1:
        return nothing
    given = list(inner[0].operands)
    if last and scalar_constant(given.pop()) != last:
        return nothing
    return tuple(op.operands[:count]) if given == list(block.arguments)[:count] else nothing
