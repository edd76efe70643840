"""Tensors of 16-bit floats carried as float32: the same numbers, rounded to 16 bits wherever they were.

    add(a, b : f16)   =>   extf(truncf(add(f32(a), f32(b))))

A sum, difference, product, quotient or square root of two such numbers that is rounded to float32 first and then to 16
bits is the one that is rounded once, as float32 has more than twice as many bits and two (S. Figueroa: When is double
rounding innocuous?, 1995). Any other operation is left to 16 bits, between two conversions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc_passes.tiling._mapped import mapped
from webtensorc_passes.tiling._structured import HALVES, RESHAPES

__all__ = ["can_retype", "converted", "is_half", "retyped", "widened"]

_ROUNDED = ("arith.addf", "arith.subf", "arith.mulf", "arith.divf", "math.sqrt")
"""Operations whose result, of float32, needs rounding to be that of 16 bits."""
_EXACT = (
    *("arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf", "arith.select"),
    *("arith.negf", "math.absf", "math.copysign", "arith.cmpf", "linalg.yield", "tensor.yield"),
)
"""Operations whose result is one of their operands, but for its sign, or no float."""
_RETYPED = (*RESHAPES, "tensor.extract_slice", "tensor.insert_slice", "tensor.pad", "tensor.empty", "linalg.fill")


def is_half(value: Any) -> bool:
    """Whether a number, or a tensor's elements, are 16-bit floats."""
    return str(getattr(value.type, "element_type", value.type)) in HALVES


def widened(value: Any, before: Any) -> Any:
    """The type of a number or tensor, with float32 for its floats."""
    is_tensor = isinstance(value.type, ir.RankedTensorType)
    return Builder(before).kind(mlir.shape_of(value), "f32") if is_tensor else ir.F32Type.get(before.context)


def converted(value: Any, kind: Any, before: Any) -> Any:
    """A number, or the elements of a tensor, as floats of another type; constants stay constants."""
    maker = mlir.owner(value)
    if maker is not None and maker.name == "arith.constant" and (made := _constant(maker, kind, before)):
        return made
    if not isinstance(kind, ir.RankedTensorType):
        return _cast(value, kind, before)

    def compute(each: Any) -> Any:
        return ir.Operation.create(_name(kind.element_type), results=[kind.element_type], operands=[each]).result

    return mapped(value, kind, compute, before)


def can_retype(op: Any) -> bool:
    """Whether `retyped` knows how: all tensors have known shapes, and a body is a plain list of operations."""
    tensors = [value for value in (*op.operands, *op.results) if isinstance(value.type, ir.RankedTensorType)]
    if op.name not in (*_RETYPED, "linalg.generic") or not all(map(mlir.is_static_tensor, tensors)):
        return False
    return all(not list(each.operation.regions) for region in op.regions for each in region.blocks[0].operations)


def retyped(op: Any, operands: Sequence[Any]) -> list[Any]:
    """The results of a copy of `op` in front of it, with float32 for 16 bits; `operands` have it already."""
    copy = op.clone(ir.InsertionPoint(op))
    for number, value in enumerate(operands):
        copy.operands[number] = value
    for result in filter(is_half, copy.results):
        result.set_type(widened(result, op))
    for old, new in zip(op.regions, copy.regions, strict=True):
        _retype(old.blocks[0], new.blocks[0], copy)
    return list(copy.results)


def _retype(old: Any, new: Any, op: Any) -> None:
    """Let the body of `op`, a copy of `old`, take, compute and yield float32."""
    pairs = [(a.operation, b.operation) for a, b in zip(old.operations, new.operations, strict=True)]
    for argument in filter(is_half, new.arguments):
        argument.set_type(widened(argument, op))
    for (was, now), following in zip(pairs, [*(now for _, now in pairs[1:]), None], strict=True):
        keeps = was.name in (*_ROUNDED, *_EXACT, "arith.extf")
        for number, value in enumerate(was.operands):
            if is_half(value) and not isinstance(value.type, ir.RankedTensorType):
                wide = _widened_operand(now.operands[number], now, op)
                now.operands[number] = wide if keeps else _cast(wide, value.type, now)
        if was.name == "arith.extf" and now.results[0].type == now.operands[0].type:
            mlir.replace(now, [now.operands[0]])
        elif len(was.results) == 1 and is_half(was.results[0]):
            _widen_result(now, was.results[0].type, following)


def _widened_operand(value: Any, before: Any, op: Any) -> Any:
    """An operand in the body of `op` as float32; it may come from outside."""
    if not is_half(value):
        return value
    maker = mlir.owner(value)
    is_outside = maker is not None and maker.block != before.block
    return converted(value, widened(value, op), op if is_outside else before)


def _widen_result(op: Any, half: Any, following: Any) -> None:
    """Make the result of an operation in a body float32: computed so and rounded, or converted."""
    result, wide = op.results[0], widened(op.results[0], op)
    if op.name not in _ROUNDED + _EXACT:
        made = _cast(result, wide, following)
        result.replace_all_uses_except(made, made.owner.operation)
        return
    result.set_type(wide)
    if op.name in _ROUNDED:
        narrow = _cast(result, half, following)
        made = _cast(narrow, wide, following)
        result.replace_all_uses_except(made, narrow.owner.operation)


def _cast(number: Any, kind: Any, before: Any) -> Any:
    return mlir.create(_name(kind), [number], [kind], before=before).result


def _name(kind: Any) -> str:
    return "arith.truncf" if str(kind) in HALVES else "arith.extf"


def _constant(op: Any, kind: Any, before: Any) -> Any | None:
    """The constant that `op` is, as float32; None if it is of a type that the bindings cannot read."""
    value = op.attributes["value"]
    if isinstance(value, ir.FloatAttr):
        return mlir.constant(ir.FloatAttr.get(kind, value.value, loc=before.location), before=before)
    numbers = mlir.elements(value)
    if numbers is None:
        return None
    whole = np.array(np.broadcast_to(numbers.astype(np.float32), mlir.shape_of(op.results[0])))
    return mlir.constant(mlir.dense(whole, before.context), before=before)
