"""Divide long sums of products among invocations, on devices whose invocations cannot add up together.

For GPUs of which the native compiler (IREE 3.13) knows nothing in particular, an invocation computes a number of a
product by itself: the dot product of two vectors is one invocation's work, and a matrix of 50000 rows times itself 36
invocations'. Where a product has few results, each a long sum, the sum is taken in parts here, which are results of
their own, and these are added up.

A product with a vector becomes numbers that are multiplied where the matrix lies and summed: `split-reductions` divides
that, such that invocations next to each other read what is next to each other. Others become several products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._steps import part, reduction, trips

_ENOUGH = 4096
"""Results that are enough work for a GPU if each is one invocation's."""


@dataclass(frozen=True)
class SplitProducts(Pass):
    """Divide products of few results, each the sum of more than `longest` products."""

    name: ClassVar[str] = "split-products"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 39  # ahead of split-reductions

    longest: int = 512

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that were divided."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        dots = [op for op in mlir.nested(module) if op.name == "stablehlo.dot_general"]
        found = [each for op in dots if (each := _Product.of(op, self.longest))]
        for each in found:
            mlir.replace(each.op, [each.of_vector() if each.has_vector else each.in_parts()])
        return len(found)


@dataclass(frozen=True)
class _Side:
    """A factor, with what its dimensions are: `batch` and `summed` in the order of the other one's, the rest `free`."""

    value: Value
    batch: tuple[int, ...]
    summed: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return mlir.shape_of(self.value)

    @property
    def free(self) -> list[int]:
        return [d for d in range(len(self.shape)) if d not in self.batch + self.summed]

    def size(self, dimensions: Sequence[int]) -> int:
        """Of some dimensions together."""
        return prod(self.shape[d] for d in dimensions)


@dataclass(frozen=True)
class _Product:
    """One whose factors and result have known shapes."""

    op: Operation
    sides: tuple[_Side, _Side]
    longest: int

    @classmethod
    def of(cls, op: Operation, longest: int) -> _Product | None:
        """The product that is to be divided; None for one that is not."""
        if not all(map(mlir.is_static_tensor, (*op.operands, *op.results))):
            return None
        layout = DotLayout.of(op)
        left = _Side(op.operands[0], layout.left_batch, layout.left_contracting)
        right = _Side(op.operands[1], layout.right_batch, layout.right_contracting)
        results = prod(mlir.shape_of(op.results[0]))
        is_divided = 0 < results < _ENOUGH and left.size(left.summed) > longest and _can_convert(op)
        return cls(op, (left, right), longest) if is_divided else None

    @property
    def has_vector(self) -> bool:
        return any(each.size(each.free) == 1 for each in self.sides)

    def of_vector(self) -> Value:
        """The sum of numbers that are multiplied in the order in which the matrix has them."""
        build, result = Builder(self.op), self.op.results[0]
        matrix, vector = sorted(self.sides, key=lambda each: -each.size(each.free))
        wide = [build.convert(each.value, result.type.element_type) for each in (matrix, vector)]
        # The vector's dimensions, in the order of those of the matrix that they go with.
        pairs = sorted(zip(matrix.batch + matrix.summed, vector.batch + vector.summed, strict=True))
        ordered = build.transpose(wide[1], [*(own for _, own in pairs), *vector.free])
        flat = build.reshape(ordered, [matrix.shape[theirs] for theirs, _ in pairs])
        spread = build.broadcast(flat, matrix.shape, [theirs for theirs, _ in pairs])
        sums = _sum(build, build.binary("multiply", wide[0], spread), matrix.summed)
        left = [d for d in range(len(matrix.shape)) if d not in matrix.summed]
        order = [left.index(d) for d in (*matrix.batch, *matrix.free)]
        return build.reshape(build.transpose(sums, order), mlir.shape_of(result))

    def in_parts(self) -> Value:
        """The sum of products of parts of the longest dimension, and of what is left of it."""
        build, left = Builder(self.op), self.sides[0]
        at = max(range(len(left.summed)), key=lambda i: left.shape[left.summed[i]])
        extent = left.shape[left.summed[at]]
        depth = trips(extent, self.longest)
        parts = extent // depth
        whole = [self._divided(each, each.summed[at], parts, depth) for each in self.sides]
        sums = _sum(build, self._dot(*whole), [0])
        if extent % depth == 0:
            return sums
        rest = [
            replace(each, value=part(build, each.value, each.summed[at], parts * depth, extent)) for each in self.sides
        ]
        return build.binary("add", sums, self._dot(*rest))

    def _divided(self, side: _Side, d: int, parts: int, depth: int) -> _Side:
        """A factor with one batch dimension more, the first: the parts of a summed one."""
        build, shape = Builder(self.op), list(side.shape)
        value = part(build, side.value, d, 0, parts * depth)
        value = build.reshape(value, [*shape[:d], parts, depth, *shape[d + 1 :]])

        def moved(dimensions: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(each + (each >= d) for each in dimensions)

        return _Side(value, (d, *moved(side.batch)), moved(side.summed))

    def _dot(self, left: _Side, right: _Side) -> Value:
        """The product of two factors, of the type of this one's result."""
        layout = DotLayout(left.batch, right.batch, left.summed, right.summed)
        return stablehlo.dot(left.value, right.value, layout, self.op, like=self.op)


def _can_convert(op: Operation) -> bool:
    """Whether its numbers are floats or signed integers no wider than the results'."""
    kinds = [value.type.element_type for value in (*op.operands, op.results[0])]
    floats = all(isinstance(kind, ir.FloatType) for kind in kinds)
    integers = all(isinstance(kind, ir.IntegerType) and kind.is_signless and kind.width > 1 for kind in kinds)
    return (floats or integers) and all(kind.width <= kinds[-1].width for kind in kinds)


def _sum(build: Builder, value: Value, dimensions: Sequence[int]) -> Value:
    """Add up along dimensions."""
    zero = build.constant(np.zeros((), mlir.dtype_of(value)))
    (total,) = reduction(build, [value], [zero], dimensions, lambda pair, last: [Builder(last).binary("add", *pair)])
    return total
