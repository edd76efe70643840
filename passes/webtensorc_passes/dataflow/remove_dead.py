"""Remove operations whose results nobody uses, and weights that no operation uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_EFFECTS = {"infeed", "outfeed", "send", "recv", "all_gather", "all_reduce", "all_to_all", "collective_broadcast"}
_EFFECTS |= {"collective_permute", "reduce_scatter", "partition_id", "replica_id", "custom_call", "return"}


@dataclass(frozen=True)
class RemoveDead(Pass):
    """Remove dead operations and dead weights; `main`'s argument list shrinks with the weights."""

    name: ClassVar[str] = "remove-dead"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 90

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations and weights that are gone."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for op in reversed(graph.operations()):
                if not any(mlir.users(result) for result in op.results) and _is_pure(op):
                    op.erase()
                    changes += 1
            for name in [name for name in graph.weights if not mlir.users(graph.weight_value(name))]:
                graph.remove_weight(name)
                changes += 1
        return changes


def _is_pure(op: Operation) -> bool:
    dialect, _, name = op.name.partition(".")
    if dialect == "chlo" or (dialect == "stablehlo" and name not in _EFFECTS):
        return all(
            inner.operation.name == "stablehlo.return" or _is_pure(inner.operation)
            for region in op.regions
            for block in region.blocks
            for inner in block.operations
        )
    is_call = op.name == "stablehlo.custom_call"
    return is_call and "has_side_effect" in op.attributes and not op.attributes["has_side_effect"].value
