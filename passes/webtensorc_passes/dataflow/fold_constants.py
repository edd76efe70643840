"""Compute at compile time whatever depends on weights and constants only; the results become weights.

A value that repeats along a dimension is not stored repeated: its distinct part becomes the weight and a
`broadcast_in_dim` is left in the graph, which costs nothing once it is fused with its user. A computation whose result
would need more room than what it is made from (a dequantised weight) stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FoldConstants(Pass):
    """Evaluate operations on weights and constants.

    Attributes:
        max_constant: results of at most this many bytes that depend on no weight stay constants in the graph.
        max_growth: a result may be this many bytes larger than the weights that it replaces.
    """

    name: ClassVar[str] = "fold-constants"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 30
    max_constant: int = 1024
    max_growth: int = 4096

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that are gone or were replaced."""
        total = 0
        with Graph(module, context.weights) as graph:
            while changes := self._sweep(graph):
                total += changes
        return total

    def _sweep(self, graph: Graph) -> int:
        evaluator = Evaluator(graph)
        foldable = [
            (op, known) for op in graph.operations() if op.operands and (known := _known_result(evaluator, op))
        ]
        inside = {op for op, _ in foldable}
        changes = 0
        for op, known in reversed(foldable):  # users come before what they use
            if all(user in inside for user in mlir.users(op.results[0])):
                if not mlir.users(op.results[0]):
                    op.erase()
                    changes += 1
                continue
            value = self._stored(graph, op, known)
            if value is None:
                inside.discard(op)  # it stays, so its operands have a user that stays
            else:
                mlir.replace(op, [value])
                changes += 1
        return changes

    def _stored(self, graph: Graph, op: Operation, known: Known) -> Value | None:
        """A value equal to the result of `op`, or None if `op` is the best form there is."""
        if op.name == "stablehlo.broadcast_in_dim" and _is_leaf(graph, op.operands[0]):
            return None
        shape = mlir.shape_of(op.results[0])
        kept = [i for i, extent in enumerate(shape) if known.array.shape[i] == extent and extent != 1]
        core = known.array.reshape(shape if len(kept) == len(shape) else [shape[i] for i in kept])
        if sum(shape[i] != 1 for i in range(len(shape))) == len(kept):
            core = known.array.reshape(shape)  # nothing repeats: extents of 1 are part of the shape
        if core.nbytes > sum(graph.weights[name].nbytes for name in known.weights) + self.max_growth:
            return None
        value = self._leaf(graph, op, core, known)
        return value if core.shape == shape else stablehlo.broadcast(value, shape, kept, op)

    def _leaf(self, graph: Graph, op: Operation, core: np.ndarray[Any, Any], known: Known) -> Value:
        for name in known.weights:
            if _is_same(graph.weights[name], core):
                return graph.weight_value(name)
        if core.size == 1 or (not known.weights and core.nbytes <= self.max_constant):
            return stablehlo.constant(core, op)
        base = known.weights[0] if known.weights else "constant"
        name = base if base.endswith(".folded") else f"{base}.folded"
        return graph.add_weight(name, np.ascontiguousarray(core))


def _known_result(evaluator: Evaluator, op: Operation) -> Known | None:
    return evaluator.known(op.results[0]) if len(op.results) == 1 else None


def _is_leaf(graph: Graph, value: Value) -> bool:
    op = mlir.owner(value)
    return graph.weight_name(value) is not None if op is None else op.name == "stablehlo.constant"


def _is_same(weight: np.ndarray[Any, Any], core: np.ndarray[Any, Any]) -> bool:
    same_form = weight.shape == core.shape and weight.strides == core.strides and weight.dtype == core.dtype
    return same_form and weight.ctypes.data == core.ctypes.data
