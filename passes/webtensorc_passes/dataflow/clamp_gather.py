"""Clamp the start indices of gathers, as StableHLO says and the native compiler does not.

IREE 3.13 lowers `stablehlo.gather` to loads at the index as it is: one outside reads whatever memory lies there.
Indices that are known at compile time to be valid stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import indexing, mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.evaluate import Evaluator
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class ClampGather(Pass):
    """Clamp start indices to `[0, size of the dimension - size of the slice]` (StableHLO specification, gather)."""

    name: ClassVar[str] = "clamp-gather"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of gathers that were looked at for the first time."""
        with Graph(module, context.weights) as graph:
            found = [op for op in mlir.nested(module) if op.name == "stablehlo.gather" and _is_open(op)]
            evaluator = Evaluator(graph)
            doubtful = [op for op in found if not _is_valid(evaluator, op)]
            for op in found:
                op.attributes[indexing.IN_BOUNDS] = ir.BoolAttr.get(True, op.context)
            for op in doubtful:
                op.operands[1] = _clamped(op)
        return len(found)


def _is_open(op: Operation) -> bool:
    if indexing.IN_BOUNDS in op.attributes or not op.operands[0].type.has_static_shape:
        return False
    return op.operands[1].type.has_static_shape or len(set(_limits(op))) == 1


def _limits(op: Operation) -> list[int]:
    extents, sizes = mlir.shape_of(op.operands[0]), mlir.integers(op, "slice_sizes")
    return [extents[dim] - sizes[dim] for dim in indexing.GatherLayout.of(op).targets]


def _is_valid(evaluator: Evaluator, op: Operation) -> bool:
    return indexing.in_bounds(evaluator, op.operands[1], indexing.GatherLayout.of(op).vector, _limits(op))


def _clamped(op: Operation) -> Value:
    indices, vector = op.operands[1], indexing.GatherLayout.of(op).vector
    build, dtype = Builder(op), mlir.dtype_of(indices)
    limits = np.minimum(np.array(_limits(op), np.uint64), np.iinfo(dtype).max).astype(dtype)
    shape = mlir.shape_of(indices)
    if len(set(limits.tolist())) == 1:  # scalars will do, for indices of any number
        bounds = (build.constant(np.zeros((), dtype)), build.constant(limits[0].reshape(())))
        return build.op("clamp", [bounds[0], indices, bounds[1]], indices.type)
    largest = build.broadcast(build.constant(limits), shape, [vector])
    smallest = build.broadcast(build.constant(np.zeros((), dtype)), shape, [])
    return build.binary("minimum", build.binary("maximum", indices, smallest), largest)
