"""Drop barriers on buffers that nothing reads from.

They kept the results of loops in place while the native compiler found out what memory is for (`even-loops`). IREE 3.13
finds it out for both sides of a barrier separately, so that they may be of two types then, which no barrier may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class DropSpentBarriers(Pass):
    """Remove barriers whose results have no use."""

    name: ClassVar[str] = "drop-spent-barriers"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.STREAM
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 10  # before anything is verified

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers that are gone."""
        barriers = [op for op in mlir.nested(module) if op.name == "util.optimization_barrier"]
        spent = [op for op in barriers if not any(mlir.users(value) for value in op.results)]
        for op in spent:
            op.erase()
        return len(spent)
