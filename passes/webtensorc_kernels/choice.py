"""Which of the kernels that could be written for a problem is the fastest, by the estimate of each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webtensorc_kernels.code import Code
from webtensorc_kernels.cost import Cost, estimate
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine

__all__ = ["Candidate", "Choice", "best"]

_SHOWN = (1, 2, 4, 8)
"""Numbers of cores for which times are reported."""
_WORKERS = (1, 2, 4)
"""Numbers of cores that a kernel should be good for: a bundle does not know on how many it will run."""


@dataclass(frozen=True)
class Candidate:
    """A kernel that could be written.

    Attributes:
        family: the algorithm, in a word.
        lanes: of its vectors.
        write: writes it.
        prepare: writes the kernel that makes one of its operands in each call, if there is one.
    """

    family: str
    lanes: int
    write: Callable[[Code], Kernel]
    prepare: Callable[[Code], Kernel] | None = None

    def costs(self, machine: Machine) -> list[Cost]:
        """Of all that runs in a call."""
        return [estimate(each, self.lanes, machine) for each in (self.write, self.prepare) if each]


@dataclass(frozen=True)
class Choice:
    """A kernel, what it is estimated to take, and what the families that were not chosen would take.

    Attributes:
        kernel: the kernel.
        family: its algorithm.
        cost: the estimate.
        others: seconds on one core, by family.
    """

    kernel: Kernel
    family: str
    cost: Cost
    others: tuple[tuple[str, float], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data; times in microseconds, `predicted` by number of cores."""
        return {
            "family": self.family,
            "why": self.kernel.why,
            "predicted": {str(n): _micro(self.cost.seconds(n)) for n in _SHOWN},
            "compute_bound": _micro(self.cost.compute_bound),
            "memory_bound": _micro(self.cost.memory_bound),
            "instead": {family: _micro(seconds) for family, seconds in self.others},
        }


def best(candidates: Sequence[Candidate], machine: Machine) -> Choice | None:
    """The candidate whose times on one to four cores have the smallest geometric mean; None if there is none."""
    if not candidates:
        return None
    costs = [each.costs(machine) for each in candidates]
    ranked = sorted(zip(costs, candidates, strict=True), key=lambda pair: _mean(pair[0]))
    ((cost, *_), chosen), *rest = ranked
    others = tuple((each.family, sum(cost.seconds() for cost in other)) for other, each in rest)
    return Choice(chosen.write(Code(chosen.lanes, machine)), chosen.family, cost, others)


def _mean(costs: Sequence[Cost]) -> float:
    return statistics.geometric_mean(sum(cost.seconds(n) for cost in costs) for n in _WORKERS)


def _micro(seconds: float) -> float:
    return round(1e6 * seconds, 2)
