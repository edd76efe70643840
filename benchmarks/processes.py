"""Fresh processes, measured from outside: wall time, processor time, what they print."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ran:
    """One process: seconds of wall time, seconds of processor time (its children's included), standard output."""

    wall: float
    processor: float
    out: str


def run(arguments: Sequence[object], environment: Mapping[str, str] | None = None, cwd: object = None) -> Ran:
    """Run this Python with `arguments` to its end.

    Raises:
        SystemExit: it failed; nothing that was measured then means anything.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, **(environment or {})},
        cwd=None if cwd is None else str(cwd),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(
            f"a measured process failed with exit code {process.returncode}: {' '.join(map(str, arguments))}"
        )
    return Ran(wall, usage.ru_utime + usage.ru_stime, out)


def in_turns(rounds: int, **calls: Callable[[], Ran]) -> dict[str, list[Ran]]:
    """Each call once a round, in turns; a first round, which fills the disk's cache, is not counted."""
    found: dict[str, list[Ran]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            found[name].append(call())
    return {name: each[1:] for name, each in found.items()}


def median_wall(runs: Sequence[Ran]) -> float:
    """Median of the wall times, in seconds."""
    return statistics.median(each.wall for each in runs)
