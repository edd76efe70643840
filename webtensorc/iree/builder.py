"""New StableHLO operations in front of an operation, with inferred types: what legalisation passes are written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir

from webtensorc.iree import stablehlo
from webtensorc.iree.mlir import Array, Attribute, Operation, Type, Value, create, integer_attribute, shape_of

_FLAGS = {"EQ", "NE", "GE", "GT", "LE", "LT"}


@dataclass(frozen=True)
class Builder:
    """Makes operations in front of `before`, from which they take their location."""

    before: Operation

    def op(self, name: str, operands: Sequence[Value], kind: Type, **attributes: Attribute) -> Value:
        """Any StableHLO operation with one result."""
        return create(f"stablehlo.{name}", operands, [kind], attributes, before=self.before).result

    def kind(self, shape: Sequence[int], element: Type | str) -> Type:
        """`tensor<shape x element>`; the element type as MLIR has it or writes it."""
        context = self.before.context
        element = ir.Type.parse(element, context) if isinstance(element, str) else element
        return ir.RankedTensorType.get(list(shape), element, loc=ir.Location.unknown(context))

    def constant(self, array: Array) -> Value:
        """A constant of numpy's type."""
        return stablehlo.constant(array, self.before)

    def full(self, shape: Sequence[int], value: int, like: Value) -> Value:
        """A small integer everywhere, of `like`'s element type, which is an integer."""
        kind = self.kind(shape, like.type.element_type)
        text = f"dense<{value}> : {kind}"
        return self.op("constant", [], kind, value=ir.Attribute.parse(text, self.before.context))

    def iota(self, shape: Sequence[int], dimension: int, element: Type | str) -> Value:
        """Numbers that count along one dimension."""
        number = integer_attribute(dimension, self.before.context)
        return self.op("iota", [], self.kind(shape, element), iota_dimension=number)

    def unary(self, name: str, value: Value) -> Value:
        """An elementwise operation of one operand that keeps its type."""
        return self.op(name, [value], value.type)

    def binary(self, name: str, left: Value, right: Value) -> Value:
        """An elementwise operation of two operands of one type that keeps it."""
        return self.op(name, [left, right], left.type)

    def compare(self, direction: str, left: Value, right: Value) -> Value:
        """`EQ`, `NE`, `GE`, `GT`, `LE` or `LT`, elementwise."""
        assert direction in _FLAGS
        attribute = ir.Attribute.parse(f"#stablehlo<comparison_direction {direction}>", self.before.context)
        kind = self.kind(shape_of(left), "i1")
        return self.op("compare", [left, right], kind, comparison_direction=attribute)

    def select(self, condition: Value, on_true: Value, on_false: Value) -> Value:
        """`on_true` where `condition` holds, else `on_false`."""
        return self.op("select", [condition, on_true, on_false], on_true.type)

    def convert(self, value: Value, element: Type | str) -> Value:
        """The value in another element type, or itself."""
        kind = self.kind(shape_of(value), element)
        return value if kind == value.type else self.op("convert", [value], kind)

    def bitcast(self, value: Value, element: Type | str) -> Value:
        """The same bits in another element type of the same width."""
        return self.op("bitcast_convert", [value], self.kind(shape_of(value), element))

    def reshape(self, value: Value, shape: Sequence[int]) -> Value:
        """The value in another shape, or itself."""
        return stablehlo.reshape(value, shape, self.before)

    def transpose(self, value: Value, permutation: Sequence[int]) -> Value:
        """Result dimension `i` is operand dimension `permutation[i]`; the value itself if nothing moves."""
        if list(permutation) == list(range(len(permutation))):
            return value
        return stablehlo.transpose(value, permutation, self.before)

    def broadcast(self, value: Value, shape: Sequence[int], dimensions: Sequence[int]) -> Value:
        """Operand dimension `i` becomes result dimension `dimensions[i]`; the value itself if nothing changes."""
        if shape_of(value) == tuple(shape) and list(dimensions) == list(range(len(shape))):
            return value
        return stablehlo.broadcast(value, shape, dimensions, self.before)

    def slice(self, value: Value, start: Sequence[int], limit: Sequence[int]) -> Value:
        """Elements from `start` up to, not including, `limit`."""
        return stablehlo.slice_(value, start, limit, [1] * len(start), self.before)

    def concatenate(self, values: Sequence[Value], dimension: int) -> Value:
        """The values one after the other along a dimension."""
        shape = list(shape_of(values[0]))
        shape[dimension] = sum(shape_of(each)[dimension] for each in values)
        kind = self.kind(shape, values[0].type.element_type)
        number = integer_attribute(dimension, self.before.context)
        return values[0] if len(values) == 1 else self.op("concatenate", values, kind, dimension=number)
