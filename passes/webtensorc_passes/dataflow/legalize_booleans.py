"""Say `or` where StableHLO says `add` of booleans.

For booleans `add` is the logical OR (StableHLO specification, `add`); the native compiler (IREE 3.13) lowers it to an
addition of one-bit integers, whose carry is lost: XOR. The reduction of booleans that `jnp.any` or a scatter makes may
hold such an addition in its region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LegalizeBooleans(Pass):
    """Replace additions of booleans by logical disjunctions, those in regions and called functions too."""

    name: ClassVar[str] = "legalize-booleans"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of additions that were replaced."""
        additions = [op for op in mlir.nested(module) if op.name == "stablehlo.add" and _is_boolean(op.results[0])]
        for op in additions:
            mlir.replace(op, [mlir.create("stablehlo.or", list(op.operands), [op.results[0].type], before=op).result])
        return len(additions)


def _is_boolean(value: mlir.Value) -> bool:
    return str(value.type.element_type) == "i1"
