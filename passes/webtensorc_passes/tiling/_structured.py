"""Reading `linalg` and `tensor` operations: maps, constants, padding, and values seen through reshapes."""

from __future__ import annotations

import re
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import linalg

from webtensorc.iree import mlir

__all__ = ["forwards", "indexing_maps", "is_float32", "is_zero", "scalar_constant", "unreshaped"]

_RESHAPES = ("tensor.collapse_shape", "tensor.expand_shape")


def indexing_maps(op: Any) -> tuple[tuple[int | None, ...], ...]:
    """For each operand the loops that index its dimensions; None stands for index 0.

    Empty for what is no structured operation, or has an index that is neither.
    """
    try:
        maps = [getattr(each, "value", each) for each in linalg.get_indexing_maps(op) or ()]
    except (IndexError, TypeError, ValueError, RuntimeError):
        return ()
    found = []
    for each in maps:
        texts = [str(result) for result in each.results]
        if not all(re.fullmatch(r"d\d+|0", text) for text in texts):
            return ()
        found.append(tuple(None if text == "0" else int(text[1:]) for text in texts))
    return tuple(found)


def is_float32(value: Any) -> bool:
    """Whether a value is a tensor of float32 of known shape, with elements."""
    return mlir.is_static_tensor(value) and str(value.type.element_type) == "f32" and 0 not in value.type.shape


def scalar_constant(value: Any) -> str | None:
    """The text of a typed number (`1.0 : f32`) if a scalar or every element of a tensor is that constant."""
    op = mlir.owner(value)
    if op is None:
        return None
    if op.name == "linalg.fill":
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
    """Whether a scalar, or every element of a tensor, is the constant +0.0."""
    return scalar_constant(value) == "0.000000e+00 : f32"


def unreshaped(value: Any) -> Any:
    """The value that a chain of reshapes begins with: the same elements in the same order."""
    op = mlir.owner(value)
    while op is not None and op.name in _RESHAPES:
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
