"""Compute at compile time whatever depends on weights and constants only; the results become weights.

A value that repeats along a dimension is not stored repeated: its distinct part becomes the weight and a
`broadcast_in_dim` is left in the graph, which costs nothing once it is fused with its user. A computation whose result
would need more room than what it is made from (a dequantised weight) stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.evaluate import Evaluator, Known, core_of, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FoldConstants(Pass):
    """Evaluate operations on weights and constants.

    Attributes:
        max_growth: a result may be this many bytes larger than the weights that it replaces,
        ratio: or rather, than so many times as much.
    """

    name: ClassVar[str] = "fold-constants"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 30
    max_growth: int = 4096
    ratio: float = 1.0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that are gone or were replaced."""
        total = 0
        with Graph(module, context.weights) as graph:
            while changes := self._sweep(graph):
                total += changes
        return total

    def _sweep(self, graph: Graph) -> int:
        evaluator = Evaluator(graph)
        foldable = [(op, known) for op in graph.operations() if op.operands and (known := _known_result(evaluator, op))]
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
        core, _ = core_of(known, shape)
        if core.nbytes > self.ratio * sum(graph.weights[name].nbytes for name in known.weights) + self.max_growth:
            return None
        return materialise(graph, known, shape, "folded", op)


def _known_result(evaluator: Evaluator, op: Operation) -> Known | None:
    return evaluator.known(op.results[0]) if len(op.results) == 1 else None


def _is_leaf(graph: Graph, value: Value) -> bool:
    op = mlir.owner(value)
    return graph.weight_name(value) is not None if op is None else op.name == "stablehlo.constant"
