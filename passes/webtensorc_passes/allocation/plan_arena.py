"""Pack the transient arena of a static program as tightly as can be found: a better packer than first fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.packing import pack
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc.schedule import extract
from webtensorc_passes.allocation import _arena

__all__ = ["PlanArena"]


@dataclass(frozen=True)
class PlanArena(Pass):
    """Pack the arenas of the public function `main` again.

    Reports `arena-bytes-before`, `arena-bytes` and `max-live-bytes` (the lower bound of any packing), all in bytes.
    """

    name: ClassVar[str] = "plan-arena"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.STREAM

    node_limit: int = 20_000
    """How many placements the search for a better packing may try; 0 leaves the best greedy one."""

    def run(self, module: Any, context: PassContext) -> int:
        """Repack; returns the number of arenas in which something moved."""
        schedule = extract(module)
        alignment = _arena.alignment(context.target)
        changes = _arena.repack(module, schedule, alignment, lambda intervals: pack(intervals, self.node_limit))
        planned = extract(module) if changes else schedule
        context.report.update(
            {
                "arena-bytes-before": schedule.arena_bytes,
                "arena-bytes": planned.arena_bytes,
                "max-live-bytes": schedule.max_live(),
            }
        )
        return changes
