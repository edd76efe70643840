"""Reading `linalg` and `tensor` operations: maps, constants, padding, and values seen through reshapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import linalg

from webtensorc.iree import mlir

__all__ = [
    "DATA_TILING",
    "HALVES",
    "RESHAPES",
    "Linear",
    "element",
    "forwards",
    "in_use",
    "indexing_maps",
    "is_float32",
    "is_known_at_load",
    "is_zero",
    "linear_maps",
    "scalar_constant",
    "slot",
    "unreshaped",
]

DATA_TILING = "iree.opt.data_tiling"
"""The native compiler's mark (IREE 3.13): operations that have it are packed and tiled; if there is one, no others."""
HALVES = ("f16", "bf16")
"""Floats of 16 bits, as MLIR names them."""
_PLAIN = ("linalg.", "tensor.", "arith.", "math.")
"""How names of operations begin that do nothing but compute their results."""
RESHAPES = ("tensor.collapse_shape", "tensor.expand_shape")
"""Operations whose result has the elements of their operand in the same order."""


Linear = dict[int, int]
"""An index as a sum of loops, each with a factor; empty for index 0."""


def linear_maps(op: Any) -> list[list[Linear]]:
    """For each operand and dimension the loops that index it.

    Empty for what is no structured operation, or has an index that is no such sum.
    """
    try:
        maps = [getattr(each, "value", each) for each in linalg.get_indexing_maps(op) or ()]
    except (IndexError, TypeError, ValueError, RuntimeError):
        return []
    found: list[list[Linear]] = []
    for each in maps:
        sums = [_linear(str(result)) for result in each.results]
        if None in sums:
            return []
        found.append([each for each in sums if each is not None])
    return found


def _linear(text: str) -> Linear | None:
    loops: Linear = {}
    for term in text.split(" + ") if text != "0" else ():
        found = re.fullmatch(r"d(\d+)(?: \* (\d+))?", term)
        if found is None or int(found[1]) in loops:
            return None
        loops[int(found[1])] = int(found[2] or 1)
    return loops


def indexing_maps(op: Any) -> tuple[tuple[int | None, ...], ...]:
    """For each operand the loops that index its dimensions; None stands for index 0. Empty if one is anything else."""
    found = []
    for map_ in linear_maps(op):
        if any(len(index) > 1 or set(index.values()) - {1} for index in map_):
            return ()
        found.append(tuple(next(iter(index), None) for index in map_))
    return tuple(found)


def element(value: Any) -> str:
    """The element type of a tensor of known shape with elements, as MLIR names it; empty for anything else."""
    return str(value.type.element_type) if mlir.is_static_tensor(value) and 0 not in value.type.shape else ""


def is_float32(value: Any) -> bool:
    """Whether a value is a tensor of float32 of known shape, with elements."""
    return element(value) == "f32"


def scalar_constant(value: Any) -> str | None:
    """The text of a typed number (`1.0 : f32`) if a scalar or every element of a tensor is that constant.

    None for complex numbers, of which the bindings read no tensor.
    """
    op = mlir.owner(value)
    if op is None or isinstance(getattr(value.type, "element_type", None), ir.ComplexType):
        return None
    if op.name == "linalg.fill" or forwards(op):
        return scalar_constant(op.operands[0])
    if op.name != "arith.constant":
        return None
    attribute = op.attributes["value"]
    if isinstance(attribute, ir.DenseElementsAttr):
        if not attribute.is_splat:
            return None
        attribute = attribute.get_splat_value()
    text = str(attribute)
    return f"{text} : i1" if text in ("true", "false") else text


def is_zero(value: Any) -> bool:
    """Whether a scalar, or every element of a tensor, is the constant +0.0 or the integer 0."""
    return scalar_constant(value) in ("0.000000e+00 : f32", "0 : i32")


def unreshaped(value: Any) -> Any:
    """The value that a chain of reshapes begins with: the same elements in the same order."""
    op = mlir.owner(value)
    while op is not None and op.name in RESHAPES:
        value = op.operands[0]
        op = mlir.owner(value)
    return value


def forwards(op: Any) -> bool:
    """Whether a generic operation only moves its one input: a broadcast or transposition."""
    if op is None or op.name != "linalg.generic" or len(op.operands) != 2:
        return False
    block = op.regions[0].blocks[0]
    last = block.operations[0].operation
    return bool(last.name == "linalg.yield" and last.operands[0] == block.arguments[0])


def slot(op: Any) -> tuple[int, int] | None:
    """For `tensor.extract_slice` or `insert_slice` of some channels of all points: the whole's channels, the first."""
    whole = op.operands[0] if op.name == "tensor.extract_slice" else op.operands[1]
    part = op.results[0] if op.name == "tensor.extract_slice" else op.operands[0]
    if not element(whole) or not element(part) or len(op.operands) != 1 + (op.name == "tensor.insert_slice"):
        return None
    outer, inner = mlir.shape_of(whole), mlir.shape_of(part)
    offsets, strides = mlir.integers(op, "static_offsets"), mlir.integers(op, "static_strides")
    if outer[:-1] != inner[:-1] or any(offsets[:-1]) or set(strides) != {1}:
        return None
    return outer[-1], offsets[-1]


def in_use(operations: Sequence[Any]) -> list[Any]:
    """Those of operations in program order whose results reach something that does more than compute.

    What kernels have replaced is still there, but reaches nothing.
    """
    found: set[Any] = set()
    for op in reversed(operations):
        users = (_beside(user, op) for result in op.results for user in mlir.users(result))
        if not op.name.startswith(_PLAIN) or any(user in found for user in users):
            found.add(op)
    return [op for op in operations if op in found]


def _beside(user: Any, op: Any) -> Any:
    """The operation of the same block as `op` that a user is, or is inside of."""
    while user.block != op.block:
        user = user.parent.operation
    return user


def is_known_at_load(value: Any) -> bool:
    """Whether a value depends on weights and numbers alone: the native compiler computes it once, outside of calls."""
    pending, seen = [value], set()
    while pending:
        op = mlir.owner(pending.pop())
        if op is None or not op.name.startswith((*_PLAIN, "util.global.load")):
            return False
        if op not in seen:
            seen.add(op)
            pending += op.operands
            pending += [value for inner in mlir.nested(op) for value in inner.operands if _is_from_outside(value, op)]
    return True


def _is_from_outside(value: Any, op: Any) -> bool:
    """Whether a value that is used inside of an operation, which may be several regions deep, is not made there."""
    maker = value.owner.owner if mlir.owner(value) is None else value.owner
    while maker is not None and maker.operation != op:
        maker = maker.operation.parent
    return maker is None
