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
    """Without the operands that are empty, which IREE 3.13 takes slices of outside of their bounds.

    A list of integers of open size is joined by an operation that it does not take for the computation of a shape,
    whose elements it would count one by one and crash.
    """
    axis = op.attributes["dimension"].value
    filled = [each for each in op.operands if each.type.shape[axis] != 0]
    if not filled:
        return None
    if len(filled) == 1:
        return filled[0]
    kind = build.signless_type(op.result.type)
    if len(kind.shape) == 1 and isinstance(kind.element_type, ir.IntegerType) and not kind.has_static_shape:
        with build.location:
            dim = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), 0)
        return build.value("tensor.concat", list(map(build.signless, filled)), kind, {"dim": dim})
    if any(extent != 1 for extent in kind.shape[:axis]):  # then IREE picks the elements one by one
        filled = [build.bitcast(build.stored(each), each.type.element_type) for each in filled]
    if filled == list(op.operands):
        return None
    return mlir.create(op.name, filled, [op.result.type], {"dimension": op.attributes["dimension"]}, before=op).result


def optimization_barrier(build: Builder, op: Operation) -> list[Value]:
    """With the sizes said again behind it, where IREE 3.13 looks for them no further."""
    return build.from_memory(list(op.operands))
