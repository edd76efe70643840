"""Run the cases of a suite in processes that may crash or hang: that costs one case, and is its outcome."""

from __future__ import annotations

import json
import os
import selectors
import statistics
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from outcome import STATUSES, Outcome

CASES_A_PROCESS = 200
"""A process is replaced after so many: frameworks keep what they have compiled."""


class Runner:
    """A child process that runs cases of one suite, one after the other."""

    def __init__(self, suite: str, scratch: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("run.py")), suite, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env=os.environ
            | {"WEBTENSORC_REPRODUCER_DIR": str(scratch), "WEBTENSORC_CACHE_DIR": str(scratch / "cache")},
        )
        self.running: Sequence[str] = ()
        self.cases = 0
        self.deadline = 0.0

    def start(self, cases: Sequence[str], limit: float) -> None:
        """Begin some cases, which are run together; `limit` is for each."""
        assert self.process.stdin
        self.running, self.deadline = cases, time.monotonic() + limit * len(cases)
        self.cases += len(cases)
        print(json.dumps(cases), file=self.process.stdin)

    def finish(self, *, late: bool) -> list[Outcome]:
        """The outcomes, once there is something to read or the time has run out; of several, none if that is lost."""
        assert self.process.stdout
        line = "" if late else self.process.stdout.readline()
        if line:
            return [Outcome(**each) for each in json.loads(line)]
        why = "it did not end within the time limit" if late else "the process died"
        return [Outcome(case, "crash", why, 0.0) for case in self.running if len(self.running) == 1]

    def end(self) -> None:
        """Stop the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def run_all(
    suite: str, cases: Iterable[str], jobs: int, limit: float, scratch: Path, together: int = 1
) -> Iterator[Outcome]:
    """The outcomes of cases as they end, run in `jobs` processes, each case for at most `limit` seconds.

    Args:
        cases: a deque is taken as it is: what whoever iterates adds to it is run too.
        suite: name of a module beside this one with `cases() -> iterable of names` and `run(name) -> Outcome`.
        scratch: folder for reproducers and for the compile cache, which the processes share.
        together: so many cases at a time are for the suite's `run_together(names) -> Outcomes`; if that crashes or
            hangs, each is run by itself.
    """
    pending = cases if isinstance(cases, deque) else deque(cases)
    alone: set[str] = set()
    selector = selectors.DefaultSelector()

    def taken() -> list[str]:
        some = [pending.popleft()]
        while pending and len(some) < together and not alone & {some[0], pending[0]}:
            some.append(pending.popleft())
        return some

    def begin(runner: Runner | None) -> None:
        if runner is None or runner.cases >= CASES_A_PROCESS:
            if runner:
                runner.end()
            runner = Runner(suite, scratch)
        runner.start(taken(), limit)
        selector.register(runner.process.stdout, selectors.EVENT_READ, runner)  # type: ignore[arg-type]

    for _ in range(jobs):
        if pending:  # one process may have taken them all
            begin(None)
    while selector.get_map():
        ready = {key.data for key, _ in selector.select(1.0)}
        for key in list(selector.get_map().values()):
            runner: Runner = key.data
            late = runner not in ready and time.monotonic() > runner.deadline
            if runner not in ready and not late:
                continue
            selector.unregister(key.fileobj)
            outcomes = runner.finish(late=late)
            yield from outcomes
            is_lost = late or any(each.status == "crash" for each in outcomes) or not outcomes
            if not outcomes:
                alone.update(runner.running)
                pending.extendleft(reversed(runner.running))
            if is_lost or not pending:
                runner.end()
            if pending:
                begin(None if is_lost else runner)
    selector.close()


def summary(outcomes: Sequence[Outcome]) -> str:
    """Counts per group, and the distribution of CPU seconds."""
    lines = [f"{'':28}" + "".join(f"{status:>12}" for status in STATUSES)]
    groups = sorted({each.case.split("/")[0] for each in outcomes})
    for group in (*groups, ""):
        counts = Counter(each.status for each in outcomes if each.case.startswith(f"{group}/") or not group)
        lines.append(f"{group or 'all':28}" + "".join(f"{counts[status]:12}" for status in STATUSES))
    seconds = sorted(each.seconds for each in outcomes if each.status != "not-run")
    if len(seconds) > 1:
        cuts = statistics.quantiles(seconds, n=100)
        marks = f"median {cuts[49]:.2f}, 90% {cuts[89]:.2f}, 99% {cuts[98]:.2f}, most {seconds[-1]:.2f}"
        lines.append(f"CPU seconds a case: {marks}; {sum(seconds):.0f} together")
    return "\n".join(lines)
