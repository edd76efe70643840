"""Put the bodies of called functions where they are called, so that the other passes see one function.

Traced programs call small private functions (`@relu`, `@_take`, ...); nothing else in the GRAPH phase looks into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler.passmanager import PassManager

from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class InlineCalls(Pass):
    """Inline every `func.call` and drop the private functions that are left without a caller."""

    name: ClassVar[str] = "inline-calls"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 10

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of functions that are gone."""
        before = _functions(module)
        if before == 1:
            return 0
        with module.context:
            PassManager.parse("builtin.module(inline{max-iterations=100},symbol-dce)").run(module)
        return before - _functions(module)


def _functions(module: Any) -> int:
    return sum(op.operation.name == "func.func" for op in module.regions[0].blocks[0].operations)
