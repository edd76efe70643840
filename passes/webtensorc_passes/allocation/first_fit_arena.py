"""Place the buffers of a transient arena by first fit in program order, whatever the native compiler did.

Where buffers lie that one dispatch begins together varies from run to run of the native compiler (IREE 3.13), and equal
input must give equal bytes at every optimization level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.packing import first_fit
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc.schedule import extract
from webtensorc_passes.allocation import _arena

__all__ = ["FirstFitArena"]


@dataclass(frozen=True)
class FirstFitArena(Pass):
    """Place the buffers of the arenas of the public function `main` in the order in which they begin."""

    name: ClassVar[str] = "first-fit-arena"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.STREAM
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 10

    def run(self, module: Any, context: PassContext) -> int:
        """Repack; returns the number of arenas in which something moved."""
        return _arena.repack(module, extract(module), _arena.alignment(context.target), first_fit)
