"""What the native compiler folds wrongly where extents are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism.builder import Builder
from webtensorc.iree.mlir import Operation, Value


def compare(build: Builder, op: Operation) -> Value | None:
    """Integers, because equal operands become a constant of open size; IREE 3.13 then refuses its own constant."""
    element = op.operands[0].type.element_type
    if not isinstance(element, ir.IntegerType):
        return None
    direction = str(op.attributes["comparison_direction"]).rpartition(" ")[2].rstrip(">").lower()
    signs = "u" if element.is_unsigned or element.width == 1 else "s"
    predicate = direction if direction in ("eq", "ne") else f"{signs}{direction}"
    return _elementwise(build, op, lambda inside, elements: inside.compare(predicate, elements[0], elements[1]))


def subtract(build: Builder, op: Operation) -> Value | None:
    """Integers, for the same reason."""
    if not isinstance(op.operands[0].type.element_type, ir.IntegerType):
        return None
    return _elementwise(build, op, lambda inside, elements: inside.arith("subi", elements[0], elements[1]))


def _elementwise(build: Builder, op: Operation, body: Callable[[Builder, Sequence[Value]], Value]) -> Value:
    operands = list(map(build.signless, op.operands))
    sizes = build.dims(operands[0])
    with build.location:
        identity = ir.AffineMap.get_identity(len(sizes))
    init = build.empty(build.signless_type(op.result.type), sizes)
    return build.generic(operands, init, [identity] * 3, body)


def concatenate(build: Builder, op: Operation) -> Value | None:
    """Without the operands that are empty, which IREE 3.13 takes slices of outside of their bounds."""
    axis = op.attributes["dimension"].value
    filled = [each for each in op.operands if each.type.shape[axis] != 0]
    if len(filled) == len(op.operands) or not filled:
        return None
    if len(filled) == 1:
        return filled[0]
    return mlir.create(op.name, filled, [op.result.type], {"dimension": op.attributes["dimension"]}, before=op).result


def optimization_barrier(build: Builder, op: Operation) -> list[Value]:
    """With the sizes said again behind it, where IREE 3.13 looks for them no further."""
    return build.from_memory(list(op.operands))
