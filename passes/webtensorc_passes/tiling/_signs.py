"""Bytes with their sign bit turned over: what is signed, seen as unsigned with 128 added."""

from __future__ import annotations

from typing import Any

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc_passes.tiling._mapped import mapped
from webtensorc_passes.tiling._structured import RESHAPES, forwards, scalar_constant

__all__ = ["flipped", "padding"]

_SIGN = "-128 : i8"


def flipped(value: Any, before: Any) -> Any:
    """The tensor of bytes `value ^ -128`.

    A quantised image is often made by such a flip: then it is taken back, through padding and whatever only moves
    elements. Else a flip is put in front of `before`, which the kernel that makes `value` can do before it stores.
    """
    return _taken_back(value) if _has_flip(value) else _flip(value, before)


def _is_flip(op: Any) -> bool:
    if op is None or op.name != "linalg.generic" or len(op.operands) != 2:
        return False
    body = [each.operation for each in op.regions[0].blocks[0].operations]
    if [each.name for each in body] != ["arith.xori", "linalg.yield"]:
        return False
    first, second = body[0].operands
    return bool(first == op.regions[0].blocks[0].arguments[0] and scalar_constant(second) == _SIGN)


def _moves(op: Any) -> bool:
    return op.name in RESHAPES or op.name == "tensor.pad" or forwards(op)


def _has_flip(value: Any) -> bool:
    op = mlir.owner(value)
    while op is not None and _moves(op):
        if op.name == "tensor.pad" and padding(op) is None:
            return False
        op = mlir.owner(op.operands[0])
    return _is_flip(op)


def padding(op: Any) -> int | None:
    """The byte that a `tensor.pad` puts around its operand."""
    text = scalar_constant(mlir.terminator(op.regions[0].blocks[0]).operands[0])
    return int(text.split(" : ")[0]) if text else None


def _taken_back(value: Any) -> Any:
    op = mlir.owner(value)
    assert op is not None
    if _is_flip(op):
        return op.operands[0]
    inside = _taken_back(op.operands[0])
    copy = op.clone(ir.InsertionPoint(op))
    copy.operands[0] = inside
    if op.name == "tensor.pad":
        byte = padding(op)
        assert byte is not None
        flipped = ir.IntegerAttr.get(value.type.element_type, byte ^ -128)
        mlir.terminator(copy.regions[0].blocks[0]).operands[0] = mlir.constant(flipped, before=copy)
    return copy.results[0]


def _flip(value: Any, before: Any) -> Any:
    byte = value.type.element_type
    with before.context:
        sign = mlir.constant(ir.IntegerAttr.get(byte, -128), before=before)
    return mapped(
        value,
        value.type,
        lambda each: ir.Operation.create("arith.xori", results=[byte], operands=[each, sign]).result,
        before,
    )
