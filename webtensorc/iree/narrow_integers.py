"""Integers narrower than a byte, computed in bytes.

IREE packs them in memory and cannot hold an odd number of them. So every tensor of `i4`, `ui4`, `i2` or `ui2` becomes
one of `i8` or `ui8` with the same numbers, and where an operation may leave the narrow range, its result is wrapped
into it: StableHLO's integer arithmetic is modulo 2^bits (specification, "Types": signed integers in two's complement).

Inputs, results and weights cross the module's border as ml_dtypes lays them out: an element a byte, its bits the low
ones, the others zero. So signs are extended on the way in and cut off on the way out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iree.compiler import ir

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.iree import mlir, narrow_bits
from webtensorc.iree.builder import Builder
from webtensorc.iree.graph import main_function
from webtensorc.iree.mlir import Operation, Type, Value

_MAY_LEAVE_THE_RANGE = {
    f"stablehlo.{name}"
    for name in (
        "abs",
        "add",
        "bitcast_convert",
        "constant",  # dense bytes of a narrow type come without their sign
        "convert",
        "convolution",
        "count_leading_zeros",
        "divide",
        "dot_general",
        "iota",
        "multiply",
        "negate",
        "not",
        "popcnt",
        "power",
        "shift_left",
        "shift_right_arithmetic",
        "shift_right_logical",
        "subtract",
    )
}
_LOOKS_AT_BITS = {
    f"stablehlo.{name}" for name in ("count_leading_zeros", "popcnt", "shift_right_arithmetic", "shift_right_logical")
}


@dataclass(frozen=True)
class Narrow:
    """An element type narrower than a byte.

    Attributes:
        bits: its width.
        wide: the element type that its numbers are kept in.
    """

    bits: int
    wide: str


_NARROW = {"i2": Narrow(2, "i8"), "i4": Narrow(4, "i8"), "ui2": Narrow(2, "ui8"), "ui4": Narrow(4, "ui8")}


def widen(module: Operation) -> None:
    """Rewrite a StableHLO module, its functions' signatures included, so that no narrow integer is left.

    Raises:
        UnsupportedError: bit casts of open sizes that change the width of a narrow integer; all are listed.
    """
    with module.context, module.location:
        touched = [(op, following) for op, following in _walk(module) if _is_touched(op)]
        _refuse([op for op, _ in touched])
        main = main_function(module)
        inputs = [(argument, _narrow(argument.type)) for argument in main.regions[0].blocks[0].arguments]
        results = [_narrow(value.type) for value in _last(main).operands]
        casts = [(op, *map(_width, (op.operands[0], op.results[0]))) for op, _ in touched if _changes_the_width(op)]
        bits = [(op, kind) for op, _ in touched if op.name in _LOOKS_AT_BITS and (kind := _narrow(op.operands[0].type))]
        for op, following in touched:
            kind = _narrow(op.results[0].type) if len(op.results) else None
            _retype(op)
            if op.name in _MAY_LEAVE_THE_RANGE and kind:
                _replace_uses(op.results[0], _wrapped, kind, following)
        for argument, kind in inputs:
            if kind:
                _replace_uses(argument, _wrapped, kind, main.regions[0].blocks[0].operations[0].operation)
        for op, kind in bits:
            look = _LOOKS.get(op.name, _masked)
            op.operands[0] = look(op.operands[0], kind, op)
        for op, before, after in casts:
            mlir.replace(op, [_cast(op, before, after)])
        for index, kind in enumerate(results):
            if kind:
                last = _last(main)
                last.operands[index] = _masked(last.operands[index], kind, last)


def _walk(op: Operation) -> Iterator[tuple[Operation, Operation | None]]:
    """Every operation inside `op`, inner ones first, and the one that follows it in its block."""
    for region in op.regions:
        for block in region.blocks:
            operations = [each.operation for each in block.operations]
            for each, following in itertools.zip_longest(operations, operations[1:]):
                yield from _walk(each)
                yield each, following


def _last(function: Operation) -> Operation:
    *_, last = function.regions[0].blocks[0].operations
    return last.operation


def _is_touched(op: Operation) -> bool:
    values = [*op.results, *op.operands]
    arguments = [argument for region in op.regions for block in region.blocks for argument in block.arguments]
    return op.name == "func.func" or any(_narrow(each.type) for each in (*values, *arguments))


def _narrow(kind: Type) -> Narrow | None:
    return _NARROW.get(str(kind.element_type)) if isinstance(kind, ir.RankedTensorType) else None


def _wide(kind: Type) -> Type:
    narrow = _narrow(kind)
    return ir.RankedTensorType.get(kind.shape, ir.Type.parse(narrow.wide), kind.encoding) if narrow else kind


def _refuse(operations: list[Operation]) -> None:
    places = [
        str(op.location).removeprefix("loc(").removesuffix(")")
        for op in operations
        if _changes_the_width(op) and not (op.operands[0].type.has_static_shape and op.results[0].type.has_static_shape)
    ]
    if places:
        reason = "takes integers narrower than a byte for others, of open size"
        items = (Unsupported("stablehlo.bitcast_convert", reason, tuple(places)),)
        raise UnsupportedError("the model computes with the bits of narrow integers", items, doing="lowering the graph")


def _width(value: Value) -> int:
    kind = _narrow(value.type)
    return kind.bits if kind else int(value.type.element_type.width)


def _changes_the_width(op: Operation) -> bool:
    return op.name == "stablehlo.bitcast_convert" and _width(op.operands[0]) != _width(op.results[0])


def _cast(op: Operation, before: int, after: int) -> Value:
    """A bit cast from one width to another, one of them narrow, as the wide types have it."""
    build, kind = Builder(op), op.results[0].type
    if before > after:
        return narrow_bits.apart(build, op.operands[0], before, after, kind.element_type)
    return build.bitcast(narrow_bits.together(build, op.operands[0], after, before), kind.element_type)


def _retype(op: Operation) -> None:
    if op.name == "stablehlo.constant":
        op.attributes["value"] = _widened(op.attributes["value"])
    for result in op.results:
        result.set_type(_wide(result.type))
    for region in op.regions:
        for block in region.blocks:
            for argument in block.arguments:
                argument.set_type(_wide(argument.type))
    if op.name == "func.func":
        kind = ir.TypeAttr(op.attributes["function_type"]).value
        wide = ir.FunctionType.get(list(map(_wide, kind.inputs)), list(map(_wide, kind.results)))
        op.attributes["function_type"] = ir.TypeAttr.get(wide)


def _widened(attribute: ir.Attribute) -> ir.Attribute:
    """The same dense bytes under the wide type; the bindings have no accessor for narrow elements, text has."""
    elements, _, _ = str(attribute).rpartition(" : ")
    return ir.Attribute.parse(f"{elements} : {_wide(attribute.type)}")


def _replace_uses(value: Value, by: Callable[..., Value], narrow: Narrow, before: Operation | None) -> None:
    assert before is not None  # what is replaced is used, so it is not the last operation
    users = [(use.owner.operation, use.operand_number) for use in value.uses]
    made = by(value, narrow, before)
    for user, number in users:
        user.operands[number] = made


def _wrapped(value: Value, narrow: Narrow, before: Operation) -> Value:
    """`value` modulo 2^bits, as a number of the narrow type: masked, or shifted up and down again if it is signed."""
    return (_masked if narrow.wide == "ui8" else _extended)(value, narrow, before)


def _extended(value: Value, narrow: Narrow, before: Operation) -> Value:
    """The highest bit of the narrow number in all bits above it, whether it is a sign or not."""
    by = _splat(8 - narrow.bits, value, before)
    up = mlir.create("stablehlo.shift_left", [value, by], [value.type], before=before).results[0]
    return mlir.create("stablehlo.shift_right_arithmetic", [up, by], [value.type], before=before).results[0]


def _masked(value: Value, narrow: Narrow, before: Operation) -> Value:
    """The low bits of `value`, the others zero."""
    mask = _splat(2**narrow.bits - 1, value, before)
    return mlir.create("stablehlo.and", [value, mask], [value.type], before=before).results[0]


def _raised(value: Value, narrow: Narrow, before: Operation) -> Value:
    """The low bits moved up, with ones below, where counting from above ends."""
    by = _splat(8 - narrow.bits, value, before)
    up = mlir.create("stablehlo.shift_left", [value, by], [value.type], before=before).results[0]
    ones = _splat(2 ** (8 - narrow.bits) - 1, value, before)
    return mlir.create("stablehlo.or", [up, ones], [value.type], before=before).results[0]


def _splat(number: int, like: Value, before: Operation) -> Value:
    """`number` as many times as `like` has elements."""
    kind = like.type
    shape = kind.shape if kind.has_static_shape else []
    single = ir.RankedTensorType.get(shape, kind.element_type)
    attribute = ir.Attribute.parse(f"dense<{number}> : {single}")
    value = mlir.create("stablehlo.constant", [], [single], {"value": attribute}, before=before).result
    if kind.has_static_shape:
        return value
    attributes = {"broadcast_dimensions": mlir.integer_array([], before.context)}
    operands = [value, _shape(like, before)]
    return mlir.create("stablehlo.dynamic_broadcast_in_dim", operands, [kind], attributes, before=before).result


def _shape(value: Value, before: Operation) -> Value:
    """The extents of a tensor, as one."""
    build = Builder(before)
    number, one, every = (build.kind(shape, "i32") for shape in ([], [1], [len(value.type.shape)]))
    sizes = []
    for axis in range(len(value.type.shape)):
        at = mlir.integer_attribute(axis, before.context)
        sizes.append(build.op("reshape", [build.op("get_dimension_size", [value], number, dimension=at)], one))
    return build.op("concatenate", sizes, every, dimension=mlir.integer_attribute(0, before.context))


_LOOKS = {"stablehlo.count_leading_zeros": _raised, "stablehlo.shift_right_arithmetic": _extended}
"""How an operation sees bits, where it does not see zeros above the narrow number."""
