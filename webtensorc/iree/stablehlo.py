"""StableHLO operations in generic form: builders that infer types, and the layouts of contractions.

Source: the StableHLO specification, sections "Ops" and "Types".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from iree.compiler import ir

from webtensorc.iree.mlir import (
    Array,
    Attribute,
    Operation,
    Type,
    Value,
    create,
    dense,
    integer_array,
    integer_attribute,
    shape_of,
)


def typed(like: Value, shape: Sequence[int]) -> Type:
    """The tensor type with `like`'s element type and another shape."""
    return ir.RankedTensorType.get(list(shape), like.type.element_type, loc=ir.Location.unknown(like.type.context))


def constant(array: Array, before: Operation) -> Value:
    """`stablehlo.constant`."""
    attribute = dense(array, before.context)
    return create("stablehlo.constant", [], [attribute.type], {"value": attribute}, before=before).result


def transpose(value: Value, permutation: Sequence[int], before: Operation) -> Value:
    """`stablehlo.transpose`: result dimension `i` is operand dimension `permutation[i]`."""
    shape = shape_of(value)
    attributes = {"permutation": integer_array(permutation, before.context)}
    kind = typed(value, [shape[i] for i in permutation])
    return create("stablehlo.transpose", [value], [kind], attributes, before=before).result


def reshape(value: Value, shape: Sequence[int], before: Operation) -> Value:
    """`stablehlo.reshape`, or the value itself if it has that shape."""
    if shape_of(value) == tuple(shape):
        return value
    return create("stablehlo.reshape", [value], [typed(value, shape)], before=before).result


def broadcast(value: Value, shape: Sequence[int], dimensions: Sequence[int], before: Operation) -> Value:
    """`stablehlo.broadcast_in_dim`: operand dimension `i` becomes result dimension `dimensions[i]`."""
    attributes = {"broadcast_dimensions": integer_array(dimensions, before.context)}
    return create("stablehlo.broadcast_in_dim", [value], [typed(value, shape)], attributes, before=before).result


def broadcast_like(value: Value, like: Value, dimensions: Sequence[int], before: Operation) -> Value:
    """`value` in the shape of another one, which may be open."""
    shape = shape_of(like)
    if min(shape, default=0) >= 0:
        return broadcast(value, shape, dimensions, before)
    attributes = {"broadcast_dimensions": integer_array(dimensions, before.context)}
    operands = [value, _sizes(like, before)]
    kind = typed(value, shape)
    return create("stablehlo.dynamic_broadcast_in_dim", operands, [kind], attributes, before=before).result


def _sizes(value: Value, before: Operation) -> Value:
    """The shape of a tensor as int32[rank]."""
    numbers = []
    for axis, extent in enumerate(shape_of(value)):
        number = constant(np.array([extent if extent >= 0 else 0], np.int32), before)
        if extent < 0:
            attributes = {"dimension": integer_attribute(axis, before.context)}
            kinds = [typed(number, [])]
            size = create("stablehlo.get_dimension_size", [value], kinds, attributes, before=before).result
            number = reshape(size, [1], before)
        numbers.append(number)
    return concatenate(numbers, 0, before)


def slice_(
    value: Value, start: Sequence[int], limit: Sequence[int], strides: Sequence[int], before: Operation
) -> Value:
    """`stablehlo.slice`."""
    context = before.context
    attributes = {
        "start_indices": integer_array(start, context),
        "limit_indices": integer_array(limit, context),
        "strides": integer_array(strides, context),
    }
    shape = [-(-(b - a) // s) for a, b, s in zip(start, limit, strides, strict=True)]
    return create("stablehlo.slice", [value], [typed(value, shape)], attributes, before=before).result


def barrier(value: Value, before: Operation) -> Value:
    """`stablehlo.optimization_barrier`: the value itself, with which nothing in front of it is fused."""
    return create("stablehlo.optimization_barrier", [value], [value.type], before=before).result


def concatenate(values: Sequence[Value], axis: int, before: Operation) -> Value:
    """`stablehlo.concatenate` of values with one element type."""
    shape = list(shape_of(values[0]))
    shape[axis] = sum(shape_of(value)[axis] for value in values)
    attributes = {"dimension": integer_attribute(axis, before.context)}
    kind = typed(values[0], shape)
    return create("stablehlo.concatenate", values, [kind], attributes, before=before).result


def pad(
    value: Value, filler: Value, low: Sequence[int], high: Sequence[int], interior: Sequence[int], before: Operation
) -> Value:
    """`stablehlo.pad`: `filler`, a scalar, around and between the elements; a negative edge cuts off.

    What is open stays open.
    """
    context = before.context
    attributes = {
        "edge_padding_low": integer_array(low, context),
        "edge_padding_high": integer_array(high, context),
        "interior_padding": integer_array(interior, context),
    }
    sizes = zip(low, shape_of(value), high, interior, strict=True)
    shape = [extent if extent < 0 else a + extent + b + max(extent - 1, 0) * between for a, extent, b, between in sizes]
    return create("stablehlo.pad", [value, filler], [typed(value, shape)], attributes, before=before).result


def binary(name: str, left: Value, right: Value, before: Operation) -> Value:
    """An elementwise operation on two tensors of one type, such as `stablehlo.add`."""
    return create(name, [left, right], [left.type], before=before).result


@dataclass(frozen=True)
class ConvolutionLayout:
    """`#stablehlo.conv<[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]>`: what each dimension of the three tensors is.

    `b` batch, `f` feature, `i`/`o` the kernel's input and output feature, `0`, `1`, ... the spatial dimensions.
    """

    input: tuple[str, ...]
    kernel: tuple[str, ...]
    output: tuple[str, ...]

    @classmethod
    def of(cls, op: Operation) -> ConvolutionLayout:
        """The layout of a `stablehlo.convolution`."""
        found = re.search(r"<\[(.*)\]x\[(.*)\]->\[(.*)\]>", str(op.attributes["dimension_numbers"]))
        if found is None:
            raise ValueError(f"cannot read {op.attributes['dimension_numbers']}")
        lists = [tuple(part.split(", ")) for part in found.groups()]
        return cls(lists[0], lists[1], lists[2])

    @classmethod
    def channels_last(cls, spatial: int) -> ConvolutionLayout:
        """`[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`, with so many spatial dimensions."""
        numbers = tuple(str(i) for i in range(spatial))
        return cls(("b", *numbers, "f"), (*numbers, "i", "o"), ("b", *numbers, "f"))

    def attribute(self, context: object) -> Attribute:
        """The MLIR form."""
        lists = [f"[{', '.join(each)}]" for each in (self.input, self.kernel, self.output)]
        return ir.Attribute.parse(f"#stablehlo.conv<{lists[0]}x{lists[1]}->{lists[2]}>", context)


@dataclass(frozen=True)
class DotLayout:
    """`#stablehlo.dot<...>`: the batching and the contracting dimensions of both operands.

    The result's dimensions are the batching ones, the left operand's others, the right operand's others.
    """

    left_batch: tuple[int, ...]
    right_batch: tuple[int, ...]
    left_contracting: tuple[int, ...]
    right_contracting: tuple[int, ...]

    @classmethod
    def of(cls, op: Operation) -> DotLayout:
        """The layout of a `stablehlo.dot_general`."""
        text = str(op.attributes["dot_dimension_numbers"])

        def numbers(name: str) -> tuple[int, ...]:
            found = re.search(rf"{name} = \[([\d, ]*)\]", text)
            return tuple(int(each) for each in found[1].split(",")) if found and found[1].strip() else ()

        return cls(
            numbers("lhs_batching_dimensions"),
            numbers("rhs_batching_dimensions"),
            numbers("lhs_contracting_dimensions"),
            numbers("rhs_contracting_dimensions"),
        )

    def attribute(self, context: object) -> Attribute:
        """The MLIR form."""
        fields = {
            "lhs_batching_dimensions": self.left_batch,
            "rhs_batching_dimensions": self.right_batch,
            "lhs_contracting_dimensions": self.left_contracting,
            "rhs_contracting_dimensions": self.right_contracting,
        }
        text = ", ".join(f"{name} = {list(value)}" for name, value in fields.items())
        return ir.Attribute.parse(f"#stablehlo.dot<{text}>", context)

    def left_free(self, rank: int) -> tuple[int, ...]:
        """The left operand's dimensions that the result keeps, `rank` being that operand's rank."""
        return tuple(i for i in range(rank) if i not in self.left_batch + self.left_contracting)

    def right_free(self, rank: int) -> tuple[int, ...]:
        """The right operand's dimensions that the result keeps, `rank` being that operand's rank."""
        return tuple(i for i in range(rank) if i not in self.right_batch + self.right_contracting)


def dot(left: Value, right: Value, layout: DotLayout, before: Operation, like: Operation) -> Value:
    """`stablehlo.dot_general` with the precision and the element type of `like`, a contraction."""
    batch = [shape_of(left)[i] for i in layout.left_batch]
    taken = layout.left_batch + layout.left_contracting
    free = [extent for i, extent in enumerate(shape_of(left)) if i not in taken]
    free += [shape_of(right)[i] for i in layout.right_free(len(shape_of(right)))]
    attributes = {"dot_dimension_numbers": layout.attribute(before.context)}
    if "precision_config" in like.attributes:
        attributes["precision_config"] = like.attributes["precision_config"]
    kind = typed(like.results[0], batch + free)
    return create("stablehlo.dot_general", [left, right], [kind], attributes, before=before).result


def padding(op: Operation, rank: int) -> Array:
    """The `padding` attribute of a convolution or a window reduction: int64[rank, 2], zeros if absent."""
    if "padding" not in op.attributes:
        return np.zeros((rank, 2), np.int64)
    attribute = op.attributes["padding"]
    if attribute.is_splat:
        return np.full((rank, 2), attribute.get_splat_value().value, np.int64)
    return np.array(attribute).reshape(rank, 2)
