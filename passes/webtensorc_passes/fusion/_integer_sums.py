"""Sums in int32: a contraction of small integers, and what their zero points add to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Known, materialise_like
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Attribute, Operation, Value

INT32 = np.dtype(np.int32)


def contraction(op: Operation, left: Value, right: Value, changes: Mapping[str, Attribute] | None = None) -> Value:
    """`op` on integers, summed in int32."""
    kind = mlir.tensor_type(mlir.shape_of(op.results[0]), INT32, op.context)
    return mlir.clone_with(op, [left, right], [kind], changes or {}).results[0]


def less(graph: Graph, total: Value, factor: Array, sums: Known | Value, op: Operation) -> Value:
    """`total - factor * sums` in int32; what is known is multiplied now."""
    if isinstance(sums, Known):
        product = materialise_like(graph, Known(factor * sums.array, sums.weights), total, "sums", op)
    else:
        wide = materialise_like(graph, Known(factor, ()), total, "zero", op)
        product = stablehlo.binary("stablehlo.multiply", sums, wide, op)
    return stablehlo.binary("stablehlo.subtract", total, product, op)
