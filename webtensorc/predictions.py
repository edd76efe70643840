"""What a variant's report predicts of its dispatches: kernel, time, and what bounds it.

The tiling passes report `kernels`, a mapping from the names of executables to what was decided about them; of one that
is not there only arithmetic and bytes are known, which the schedule holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webtensorc.schedule import BYTES_PER_SECOND, Schedule, Step

__all__ = ["Prediction", "of_steps", "seconds"]


@dataclass(frozen=True)
class Prediction:
    """One step of a schedule; times in microseconds.

    Attributes:
        step: the step.
        family: the algorithm of a generated kernel; `native` for the native compiler's own code, else the command.
        predicted: the estimate for one core.
        by_cores: the estimate by number of cores, as far as there is one.
        bound: no code takes less on one core: its arithmetic at the peak, or its operands and results once from memory.
        bound_by: which of the two it is, `compute` or `memory`.
        why: the choices made, in words.
    """

    step: Step
    family: str
    predicted: float
    by_cores: Mapping[str, float]
    bound: float
    bound_by: str
    why: str


def seconds(report: Mapping[str, Any]) -> dict[str, float]:
    """One dispatch on one core, by executable, of those that something is predicted for."""
    kernels = report.get("kernels", {})
    return {name: facts["predicted"]["1"] / 1e6 for name, facts in kernels.items() if "predicted" in facts}


def of_steps(report: Mapping[str, Any]) -> list[Prediction]:
    """A prediction for every step of a report's schedule, in order."""
    kernels = report.get("kernels", {})
    steps = Schedule.from_json(report["schedule"]).steps
    return [_of(step, kernels.get(step.executable, {})) for step in steps]


def _of(step: Step, facts: Mapping[str, Any]) -> Prediction:
    why = str(facts.get("why", ""))
    instead = [f"{family} would take {time} us" for family, time in facts.get("instead", {}).items()]
    if "predicted" not in facts:
        moved = 1e6 * step.bytes_moved / BYTES_PER_SECOND
        family = "native" if step.kind == "dispatch" and not facts else step.kind
        return Prediction(step, family, 1e6 * step.seconds(), {}, moved, "memory", why)
    compute, memory = facts["compute_bound"], facts["memory_bound"]
    return Prediction(
        step,
        facts["family"],
        facts["predicted"]["1"],
        facts["predicted"],
        max(compute, memory),
        "compute" if compute >= memory else "memory",
        "; ".join([why, *instead]),
    )
