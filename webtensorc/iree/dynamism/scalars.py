"""The numbers in shape operands, computed as scalars.

StableHLO computes sizes with tensors: a size is read as `tensor<i32>`, sums and products follow, and a concatenation
makes the shape operand. As tensors they would be computed by kernels, and waited for. Here every element of such an
operand is followed back to where it comes from and computed with `index` arithmetic beside the kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism.builder import Builder
from webtensorc.iree.mlir import Operation, Value


def elements(build: Builder, value: Value) -> list[Value]:
    """The elements of an integer tensor of rank 1 and static size, as `index` values."""
    return [element(build, value, at) for at in range(value.type.shape[0])]


def element(build: Builder, value: Value, at: int = 0) -> Value:
    """Element number `at`, in row-major order: of type `index` for an integer tensor, `i1` for a boolean one."""
    if (value, at) not in build.numbers:
        op = mlir.owner(value)
        found = computed(build, op, at) if op is not None and has_rule(op) else None
        build.numbers[value, at] = _extracted(build, value, at) if found is None else found
    return build.numbers[value, at]


def computed(build: Builder, op: Operation, at: int) -> Value | None:
    """Element number `at` of the result of an operation that has a rule, if the rule covers it."""
    return _RULES[op.name](build, op, at)


class Known:
    """Which tensors are computed from sizes and constants alone, so that nothing has to be read back.

    Operations are to be asked about in program order.
    """

    def __init__(self) -> None:
        self._found: dict[Value, bool] = {}

    def is_size(self, op: Operation) -> bool:
        """Whether the result of an operation that has a rule is so computed, and not from constants alone."""
        if op.name == "stablehlo.get_dimension_size":
            self._found[op.result] = True
        elif all(each in self._found for each in op.operands):
            self._found[op.result] = any(self._found[each] for each in op.operands)
        return self._found.get(op.result, False)


def has_rule(op: Operation) -> bool:
    """Whether the elements of an operation's result can be computed as scalars from those of its operands."""
    return op.name in _RULES and _is_small(op.results[0])


def _is_small(value: Value) -> bool:
    kind = value.type
    integers = isinstance(kind.element_type, ir.IntegerType)
    return integers and kind.has_static_shape and prod(kind.shape) <= 64


def _is_boolean(value: Value) -> bool:
    return bool(value.type.element_type.width == 1)


def _extracted(build: Builder, value: Value, at: int) -> Value:
    position = []
    for extent in reversed(value.type.shape):
        position.append(build.index(at % extent))
        at //= extent
    unsigned = value.type.element_type.is_unsigned
    found = build.extract(build.signless(value), position[::-1])
    if _is_boolean(value):
        return found
    return build.value("arith.index_castui" if unsigned else "arith.index_cast", [found], build.index_type)


def _constant(build: Builder, op: Operation, at: int) -> Value | None:
    array = mlir.elements(op.attributes["value"])
    if array is None:
        return None
    number = int(array.reshape(-1)[at if array.size > 1 else 0])
    if not _is_boolean(op.result):
        return build.index(number)
    return build.value("arith.constant", [], build.i1, {"value": ir.IntegerAttr.get(build.i1, number)})


def _dimension(build: Builder, op: Operation, at: int) -> Value:
    return build.dim(op.operands[0], op.attributes["dimension"].value)


def _same(build: Builder, op: Operation, at: int) -> Value:
    return element(build, op.operands[0], at)


def _broadcast(build: Builder, op: Operation, at: int) -> Value | None:
    return element(build, op.operands[0]) if prod(op.operands[0].type.shape) == 1 else None


def _concatenate(build: Builder, op: Operation, at: int) -> Value | None:
    if op.attributes["dimension"].value != 0:
        return None
    for operand in op.operands:
        size = prod(operand.type.shape)
        if at < size:
            return element(build, operand, at)
        at -= size
    return None


def _slice(build: Builder, op: Operation, at: int) -> Value | None:
    if len(op.result.type.shape) != 1:
        return None
    return element(build, op.operands[0], mlir.integers(op, "start_indices")[0] + at * mlir.integers(op, "strides")[0])


def _convert(build: Builder, op: Operation, at: int) -> Value | None:
    source = op.operands[0]
    if not isinstance(source.type.element_type, ir.IntegerType):
        return None
    found = element(build, source, at)
    if _is_boolean(source) == _is_boolean(op.result):
        return found
    if _is_boolean(source):
        return build.select(found, build.index(1), build.index(0))
    return build.compare("ne", found, build.index(0))


def _binary(name: str) -> Callable[[Builder, Operation, int], Value]:
    return lambda build, op, at: build.arith(name, *(element(build, each, at) for each in op.operands))


def _compare(build: Builder, op: Operation, at: int) -> Value:
    text = str(op.attributes["comparison_direction"])
    direction = text.rpartition(" ")[2].rstrip(">").lower()
    signs = "u" if _is_boolean(op.operands[0]) else "s"
    predicate = direction if direction in ("eq", "ne") else f"{signs}{direction}"
    return build.compare(predicate, *(element(build, each, at) for each in op.operands))


def _select(build: Builder, op: Operation, at: int) -> Value:
    condition, yes, no = op.operands
    chosen = element(build, condition, at if condition.type.shape else 0)
    return build.select(chosen, element(build, yes, at), element(build, no, at))


def _clamp(build: Builder, op: Operation, at: int) -> Value:
    low, value, high = (element(build, each, at if each.type.shape else 0) for each in op.operands)
    return build.arith("minsi", build.arith("maxsi", value, low), high)


def _negate(build: Builder, op: Operation, at: int) -> Value:
    return build.arith("subi", build.index(0), element(build, op.operands[0], at))


def _abs(build: Builder, op: Operation, at: int) -> Value:
    found = element(build, op.operands[0], at)
    return build.arith("maxsi", found, build.arith("subi", build.index(0), found))


def _sign(build: Builder, op: Operation, at: int) -> Value:
    return build.clamp(element(build, op.operands[0], at), build.index(-1), build.index(1))


def _not(build: Builder, op: Operation, at: int) -> Value | None:
    if not _is_boolean(op.result):
        return None
    one = build.value("arith.constant", [], build.i1, {"value": ir.IntegerAttr.get(build.i1, 1)})
    return build.arith("xori", element(build, op.operands[0], at), one)


_RULES: dict[str, Callable[[Builder, Operation, int], Value | None]] = {
    "stablehlo.abs": _abs,
    "stablehlo.add": _binary("addi"),
    "stablehlo.and": _binary("andi"),
    "stablehlo.broadcast_in_dim": _broadcast,
    "stablehlo.clamp": _clamp,
    "stablehlo.compare": _compare,
    "stablehlo.concatenate": _concatenate,
    "stablehlo.constant": _constant,
    "stablehlo.convert": _convert,
    "stablehlo.divide": _binary("divsi"),
    "stablehlo.get_dimension_size": _dimension,
    "stablehlo.maximum": _binary("maxsi"),
    "stablehlo.minimum": _binary("minsi"),
    "stablehlo.multiply": _binary("muli"),
    "stablehlo.negate": _negate,
    "stablehlo.not": _not,
    "stablehlo.or": _binary("ori"),
    "stablehlo.remainder": _binary("remsi"),
    "stablehlo.reshape": _same,
    "stablehlo.select": _select,
    "stablehlo.sign": _sign,
    "stablehlo.slice": _slice,
    "stablehlo.subtract": _binary("subi"),
    "stablehlo.xor": _binary("xori"),
}
