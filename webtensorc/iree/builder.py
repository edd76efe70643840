"""New StableHLO operations in front of an operation, with inferred types: what legalisation passes are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iree.compiler import ir

from webtensorc.iree import stablehlo
from webtensorc.iree.mlir import (
    Array,
    Attribute,
    Block,
    Operation,
    Type,
    Value,
    attribute_names,
    create,
    integer_array,
    integer_attribute,
    nested,
    shape_of,
)

IN_BOUNDS = "webtensorc.in_bounds"
"""Attribute of a gather or scatter whose indices are known to be valid, or have been made so."""

_FLAGS = {"EQ", "NE", "GE", "GT", "LE", "LT"}

Combine = Callable[["Builder", Value, Value], Value]


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

    def gather_rows(self, table: Value, places: Value) -> Value:
        """The rows (elements, for a vector) of a table at places that are known to be valid, one each of `places`."""
        (count,), (_, *row) = shape_of(places), shape_of(table)
        offsets = f"offset_dims = {list(range(1, len(row) + 1))}, " if row else ""
        text = f"{offsets}collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1"
        attributes = {
            "dimension_numbers": ir.Attribute.parse(f"#stablehlo.gather<{text}>", self.before.context),
            "slice_sizes": integer_array([1, *row], self.before.context),
            IN_BOUNDS: ir.BoolAttr.get(True, self.before.context),
        }
        kind = self.kind([count, *row], table.type.element_type)
        operands = [table, self.reshape(places, [count, 1])]
        return create("stablehlo.gather", operands, [kind], attributes, before=self.before).result

    def flat_scatter(self, table: Value, places: Value, updates: Value, combine: Combine, **flags: bool) -> Value:
        """Combine each update with the element of a vector at its place.

        Args:
            table: `[size]`.
            places: `[count]`.
            updates: `[count]`.
            combine: given a builder, an element and an update, what the element becomes.
            flags: boolean attributes of the scatter.
        """
        context = self.before.context
        text = "inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
        attributes = {"scatter_dimension_numbers": ir.Attribute.parse(f"#stablehlo.scatter<{text}>", context)}
        attributes |= {name: ir.BoolAttr.get(value, context) for name, value in flags.items()}
        operands = [table, self.reshape(places, [*shape_of(places), 1]), updates]
        made = create("stablehlo.scatter", operands, [table.type], attributes, before=self.before, regions=1)
        scalar = self.kind([], table.type.element_type)
        (element, update), last = add_block(made, [scalar, scalar])
        end_block(last, [combine(Builder(last), element, update)])
        return made.result

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


def copy_body(block: Block, arguments: Sequence[Value], before: Operation) -> list[Value]:
    """Copy the operations of a block in front of `before`, with other values for its arguments; what it returns."""
    values: dict[Value, Value] = dict(zip(block.arguments, arguments, strict=True))
    *body, last = (op.operation for op in block.operations)
    with ir.InsertionPoint(before):
        copies = [op.clone() for op in body]
    for op, copy in zip(body, copies, strict=True):
        for inner in (copy.operation, *nested(copy.operation)):
            for index, operand in enumerate(inner.operands):
                if operand in values:
                    inner.operands[index] = values[operand]
        values.update(zip(op.results, copy.results, strict=True))
    return [values.get(value, value) for value in last.operands]


def spread_body(block: Block, arguments: Sequence[Value], before: Operation) -> list[Value]:
    """Compute what a block of elementwise operations on scalars returns, for whole tensors of one shape."""
    values: dict[Value, Value] = dict(zip(block.arguments, arguments, strict=True))
    build, shape = Builder(before), shape_of(arguments[0])

    def spread(value: Value) -> Value:
        return values[value] if value in values else build.broadcast(value, shape, [])

    *body, last = (op.operation for op in block.operations)
    for op in body:
        if not len(op.operands):
            copies = list(_copied(op, before).results)
            values.update((old, build.broadcast(new, shape, [])) for old, new in zip(op.results, copies, strict=True))
            continue
        kinds = [build.kind(shape, result.type.element_type) for result in op.results]
        attributes = {name: op.attributes[name] for name in attribute_names(op)}
        made = create(op.name, [spread(value) for value in op.operands], kinds, attributes, before=before)
        values.update(zip(op.results, made.results, strict=True))
    return [spread(value) for value in last.operands]


def _copied(op: Operation, before: Operation) -> Operation:
    with ir.InsertionPoint(before):
        return op.clone().operation


def add_block(op: Operation, types: Sequence[Type], region: int = 0) -> tuple[list[Value], Operation]:
    """Give a region of `op` a block; its arguments, and its terminator, whose operands are to be set."""
    locations = [op.location] * len(types)
    block = op.regions[region].blocks.append(*types, arg_locs=locations)
    arguments = list(block.arguments)
    with op.context, op.location, ir.InsertionPoint(block):
        last = ir.Operation.create("stablehlo.return", operands=[])
    return arguments, last.operation


def end_block(last: Operation, values: Sequence[Value]) -> None:
    """Let a block end in `values` instead of nothing."""
    with last.context, last.location, ir.InsertionPoint(last):
        ir.Operation.create("stablehlo.return", operands=list(values))
    last.erase()
