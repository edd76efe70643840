"""Replace negate(negate(x)) by x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class CancelDoubleNegation(Pass):
    """Replace negate(negate(x)) by x, at most `limit` times."""

    name: ClassVar[str] = "cancel-double-negation"  # the file's name, with hyphens
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH  # StableHLO, weights as arguments
    level: ClassVar[int | None] = 1  # on by default from -O1 on

    limit: int = 1000  # an option: cancel-double-negation{limit=1}

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of pairs that are gone."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for outer in graph.operations():
                inner = mlir.owner(outer.operands[0]) if outer.name == "stablehlo.negate" else None
                if inner is not None and inner.name == "stablehlo.negate" and changes < self.limit:
                    mlir.replace(outer, [inner.operands[0]])
                    changes += 1
        return changes
