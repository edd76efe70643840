"""Give matrix products over nothing their value, zero.

IREE 3.13 divides by the size of the summed dimension when it tiles one, and dies of that where it is 0 (SIGFPE).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class EmptyContractions(Pass):
    """Replace every `dot_general` with a contracting dimension of size 0 by zeros (StableHLO, dot_general)."""

    name: ClassVar[str] = "empty-contractions"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that are gone."""
        changes = 0
        for op in mlir.nested(module):
            if op.name == "stablehlo.dot_general" and mlir.is_static_tensor(op.results[0]):
                sizes = mlir.shape_of(op.operands[0])
                if any(sizes[dim] == 0 for dim in DotLayout.of(op).left_contracting):
                    build, result = Builder(op), op.results[0]
                    zero = build.constant(np.zeros((), mlir.dtype_of(result)))
                    mlir.replace(op, [build.broadcast(zero, mlir.shape_of(result), [])])
                    changes += 1
        return changes
