"""Replace the product of a one-hot matrix and a known table by a look-up of the table's rows.

    dot(convert(index == (0, 1, ..., n - 1)), table)  ->  gather(table, index)

An index outside of the table has no hot element: its row is zeros. So the table gets a row of zeros in front and one
behind, and indices are clamped to these. A product would make infinities and nans of the table appear in every row (0
times infinity), so tables must be finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.evaluate import Evaluator, Known, expand, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LookUpOneHot(Pass):
    """Look rows of a known table up instead of multiplying it by a one-hot matrix."""

    name: ClassVar[str] = "look-up-one-hot"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 35

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that are gone."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for op in graph.operations():
                evaluator = Evaluator(graph)
                table = _table(evaluator, op) if op.name == "stablehlo.dot_general" else None
                index = _hot_index(evaluator, op.operands[0]) if table is not None else None
                if table is not None and index is not None:
                    mlir.replace_chain(op, [_rows(graph, op, table, index)])
                    changes += 1
        return changes


def _table(evaluator: Evaluator, op: Operation) -> Known | None:
    """The right operand, if it is a known finite table whose rows the last dimension of the left one runs over."""
    left, right = op.operands
    layout, known = DotLayout.of(op), evaluator.known(right)
    if known is None or not all(map(mlir.is_static_tensor, (left, *op.results))):
        return None
    contracts = (layout.left_contracting, layout.right_contracting) == ((len(mlir.shape_of(left)) - 1,), (0,))
    if layout.left_batch or not contracts or len(mlir.shape_of(right)) != 2 or mlir.dtype_of(right).kind != "f":
        return None
    return known if np.isfinite(known.array).all() else None


def _hot_index(evaluator: Evaluator, value: Value) -> Value | None:
    """The signed integers, one per row, whose columns of the matrix `value` are 1 while all others are 0."""
    convert = mlir.owner(value)
    compare = mlir.owner(convert.operands[0]) if convert is not None and convert.name == "stablehlo.convert" else None
    if compare is None or compare.name != "stablehlo.compare":
        return None
    if "comparison_direction EQ" not in str(compare.attributes["comparison_direction"]):
        return None
    for index, counter in (compare.operands, reversed(list(compare.operands))):
        extent, dtype = mlir.shape_of(index)[-1], mlir.dtype_of(index)
        if dtype.kind == "i" and extent < np.iinfo(dtype).max and _counts(evaluator, counter):
            return _one_per_row(index)
    return None


def _counts(evaluator: Evaluator, value: Value) -> bool:
    """Whether the elements are the numbers of the last dimension."""
    axis, extent = len(mlir.shape_of(value)) - 1, mlir.shape_of(value)[-1]
    op = mlir.owner(value)
    while op is not None and op.name == "stablehlo.broadcast_in_dim":
        dimensions = mlir.integers(op, "broadcast_dimensions")
        if axis not in dimensions or mlir.shape_of(op.operands[0])[dimensions.index(axis)] != extent:
            return False
        axis, value = dimensions.index(axis), op.operands[0]
        op = mlir.owner(value)
    if op is not None and op.name == "stablehlo.iota":
        return mlir.integer(op, "iota_dimension", -1) == axis
    known = evaluator.known(value)
    numbers = np.arange(extent).reshape([-1 if i == axis else 1 for i in range(len(mlir.shape_of(value)))])
    return known is not None and bool((expand(known, value) == numbers).all())


def _one_per_row(index: Value) -> Value | None:
    """What is broadcast along the last dimension, without that dimension."""
    op = mlir.owner(index)
    if op is None or op.name != "stablehlo.broadcast_in_dim":
        return None
    shape, source = mlir.shape_of(index), op.operands[0]
    dimensions, extents = list(mlir.integers(op, "broadcast_dimensions")), list(mlir.shape_of(source))
    build, last = Builder(op), len(shape) - 1
    if last in dimensions:
        at = dimensions.index(last)
        if extents[at] != 1:
            return None
        del dimensions[at], extents[at]
    return build.broadcast(build.reshape(source, extents), shape[:-1], dimensions)


def _rows(graph: Graph, op: Operation, table: Known, index: Value) -> Value:
    """The rows of the table at `index`, in the form of the product's result."""
    build, dtype = Builder(op), mlir.dtype_of(index)
    count = mlir.shape_of(op.operands[1])[0]
    padded = np.pad(expand(table, op.operands[1]), ((1, 1), (0, 0)))
    rows = materialise(graph, Known(padded, table.weights), padded.shape, "rows", op)
    low, high, one = (build.constant(np.asarray(n, dtype)) for n in (-1, count, 1))
    inside = build.op("clamp", [low, index, high], index.type)
    places = build.reshape(inside, [int(np.prod(mlir.shape_of(index), dtype=np.int64))])
    places = build.binary("add", places, build.broadcast(one, mlir.shape_of(places), []))
    return build.reshape(build.gather_rows(rows, places), mlir.shape_of(op.results[0]))
