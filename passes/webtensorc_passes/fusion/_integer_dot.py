"""Products of quantised tensors, summed in int32."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, expand
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc_passes.fusion._integer_sums import INT32, contraction, less
from webtensorc_passes.fusion._quantised import Quantised


def can_multiply(evaluator: Evaluator, op: Operation, left: Quantised, right: Quantised) -> bool:
    """Whether scales and zero points are the same along what a `stablehlo.dot_general` sums over, a known number."""
    layout = DotLayout.of(op)
    if min((mlir.shape_of(op.operands[0])[i] for i in layout.left_contracting), default=0) < 0:
        return False
    sides = _Side.of(op, layout)
    pairs = zip((left, right), sides, strict=True)
    return all(side.is_uniform(each.scale.array) and side.is_uniform(each.zero) for each, side in pairs)


def multiply(
    graph: Graph, evaluator: Evaluator, op: Operation, left: Quantised, right: Quantised
) -> tuple[Value, Array]:
    """The product of the integers less their zero points in int32, and the product of the scales in its form."""
    layout = DotLayout.of(op)
    sides = _Side.of(op, layout)
    x, y = sides[0].in_result(left.int8_zero), sides[1].in_result(right.int8_zero)
    a, b = left.int8(graph, evaluator, op), right.int8(graph, evaluator, op)
    total = contraction(op, a, b)
    if y.any():
        total = less(graph, total, y, _sums(evaluator, a, sides[0], total, op), op)
    if x.any():
        total = less(graph, total, x, _sums(evaluator, b, sides[1], total, op), op)
    if x.any() and y.any():
        depth = math.prod(mlir.shape_of(a)[i] for i in layout.left_contracting)
        total = less(graph, total, -x * y, Known(np.full((1,) * x.ndim, depth, np.int32), ()), op)
    return total, sides[0].in_result(left.scale.array) * sides[1].in_result(right.scale.array)


@dataclass(frozen=True)
class _Side:
    """Where the dimensions of one operand of a product are in the result.

    Attributes:
        contracting: dimensions of the operand that are summed over.
        kept: its other dimensions, in the order of the result.
        places: the result's dimensions that they become.
        rank: of the result.
    """

    contracting: tuple[int, ...]
    kept: tuple[int, ...]
    places: tuple[int, ...]
    rank: int

    @classmethod
    def of(cls, op: Operation, layout: DotLayout) -> tuple[_Side, _Side]:
        """Both sides of a `stablehlo.dot_general`."""
        ranks = [len(mlir.shape_of(value)) for value in (*op.operands, *op.results)]
        batch = tuple(range(len(layout.left_batch)))
        left = tuple(i for i in range(ranks[0]) if i not in layout.left_batch + layout.left_contracting)
        right = layout.right_free(ranks[1])
        middle = len(batch) + len(left)
        return (
            cls(layout.left_contracting, layout.left_batch + left, tuple(range(middle)), ranks[2]),
            cls(layout.right_contracting, layout.right_batch + right, (*batch, *range(middle, ranks[2])), ranks[2]),
        )

    def is_uniform(self, array: Array) -> bool:
        """Whether an array in broadcast form is the same along all that is summed over."""
        return all(array.shape[i] == 1 for i in self.contracting)

    def in_result(self, array: Array) -> Array:
        """An array in broadcast form, uniform along what is summed over, as it meets the result."""
        shape = [1] * self.rank
        for dimension, place in zip(self.kept, self.places, strict=True):
            shape[place] = array.shape[dimension]
        return array.transpose(*self.kept, *self.contracting).reshape(shape)


def _sums(evaluator: Evaluator, value: Value, side: _Side, total: Value, op: Operation) -> Known | Value:
    """The sums of one operand over what is summed over, in the shape of the result, `total`."""
    known = evaluator.known(value)
    if known is not None:
        sums = expand(known, value).sum(axis=side.contracting, dtype=np.int32, keepdims=True)
        return Known(side.in_result(sums), known.weights)
    shape = mlir.shape_of(value)
    ones = stablehlo.constant(np.ones([shape[i] for i in side.contracting], np.int8), op)
    layout = DotLayout((), (), side.contracting, tuple(range(len(side.contracting))))
    kept = sorted(side.kept)
    attributes = {"dot_dimension_numbers": layout.attribute(op.context)}
    kind = mlir.tensor_type([shape[i] for i in kept], INT32, op.context)
    sums = mlir.create("stablehlo.dot_general", [value, ones], [kind], attributes, before=op).result
    places = [side.places[side.kept.index(i)] for i in kept]
    return stablehlo.broadcast_like(sums, total, places, op)
