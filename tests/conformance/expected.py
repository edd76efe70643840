"""What the cases of a suite are expected to do: everything passes, but for what is listed with its reason."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from outcome import Outcome

FOLDER = Path(__file__).with_name("expected")


@dataclass(frozen=True)
class Expected:
    """Expectations of one suite.

    Attributes:
        cases: how many cases the suite has, so that none is lost unseen.
        exceptions: for `status: reason`, the cases that do not pass.
        seconds: what a case took of processor time, from its export to the comparison: quantiles of the last run that
            counted, and how many cases that had; empty if there was none.
    """

    cases: int
    exceptions: Mapping[str, Sequence[str]]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, suite: str) -> Expected:
        """What is written down for a suite."""
        file = FOLDER / f"{suite}.json"
        return cls(**json.loads(file.read_text())) if file.exists() else cls(0, {})

    def updated(self, outcomes: Iterable[Outcome], cases: int) -> Expected:
        """What makes these outcomes the expected ones.

        Of cases that were not run the expectation stays, and the reason where the status is as it was: somebody has
        written there what the cause is.
        """
        status = {case: key for key, names in self.exceptions.items() for case in names}
        outcomes = [each for each in outcomes if each.status != "absent"]
        for each in outcomes:
            if each.status == "pass":
                status.pop(each.case, None)
            elif not status.get(each.case, "").startswith(f"{each.status}:"):
                status[each.case] = f"{each.status}: {each.reason.split(' | ')[0]}"
        found: dict[str, list[str]] = {}
        for case, key in sorted(status.items()):
            found.setdefault(key, []).append(case)
        return Expected(cases, dict(sorted(found.items())), self._measured(outcomes))

    def _measured(self, outcomes: Iterable[Outcome]) -> Mapping[str, float]:
        """Quantiles of a run of no fewer cases than what is written down is from, else that."""
        seconds = sorted(each.seconds for each in outcomes if each.status != "not-run")
        if len(seconds) < max(100, self.seconds.get("cases", 0)):
            return self.seconds
        cuts = statistics.quantiles(seconds, n=100)
        marks = {"median": cuts[49], "90 %": cuts[89], "99 %": cuts[98], "most": seconds[-1]}
        return {"cases": len(seconds), **{name: round(mark, 2) for name, mark in marks.items()}}

    def write(self, suite: str) -> None:
        """Write it down."""
        FOLDER.mkdir(exist_ok=True)
        data = {"cases": self.cases, "exceptions": self.exceptions} | (
            {"seconds": self.seconds} if self.seconds else {}
        )
        (FOLDER / f"{suite}.json").write_text(json.dumps(data, indent=1) + "\n")

    def problems(self, outcomes: Iterable[Outcome], cases: int) -> list[str]:
        """How outcomes differ from this: regressions, cases that pass now, a suite of another size."""
        status = {case: key.split(":")[0] for key, names in self.exceptions.items() for case in names}
        found = [] if cases == self.cases else [f"the suite has {cases} cases, expected {self.cases}"]
        for each in outcomes:
            if each.status == "absent":
                continue
            wanted = status.get(each.case, "pass")
            if each.status != wanted:
                found.append(f"{each.case}: {each.status}, expected {wanted}; {each.reason}")
        return found
