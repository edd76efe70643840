"""What dividing long sums and scans into steps has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder, add_block, end_block
from webtensorc.iree.mlir import Operation, Value

__all__ = ["Function", "part", "reduction", "trips"]


def trips(extent: int, longest: int) -> int:
    """How many elements a step takes: about the square root of all, and a divisor if there is one nearby."""
    about = min(isqrt(extent), longest)
    near = [each for each in range(max(about // 2, 2), min(2 * about, longest) + 1) if extent % each == 0]
    return min(near, key=lambda each: abs(each - about), default=about)


def part(build: Builder, value: Value, d: int, first: int, beyond: int) -> Value:
    """The value from `first` up to `beyond` along a dimension, or itself."""
    shape = mlir.shape_of(value)
    start, limit = [0] * len(shape), list(shape)
    start[d], limit[d] = first, beyond
    return value if beyond - first == shape[d] else build.slice(value, start, limit)


Function = Callable[[Sequence[Value], Operation], Sequence[Value]]
"""Given two elements of each tensor, those of the first in front: writes what they become before an operation."""


def reduction(
    build: Builder, values: Sequence[Value], initial: Sequence[Value], dimensions: Sequence[int], function: Function
) -> list[Value]:
    """`stablehlo.reduce` of tensors of one shape."""
    shape = [extent for d, extent in enumerate(mlir.shape_of(values[0])) if d not in dimensions]
    kinds = [build.kind(shape, each.type.element_type) for each in values]
    attributes = {"dimensions": mlir.integer_array(dimensions, build.before.context)}
    made = mlir.create("stablehlo.reduce", [*values, *initial], kinds, attributes, before=build.before, regions=1)
    scalars = [build.kind([], each.type.element_type) for each in values]
    arguments, last = add_block(made, [*scalars, *scalars])
    end_block(last, list(function(arguments, last)))
    return list(made.results)
