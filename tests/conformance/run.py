"""Run a suite, or the cases whose names match, each in a process that may crash or hang.

python tests/conformance/run.py SUITE [--jobs 2] [--every 10] [--limit 300] [--out outcomes.json] [PATTERN ...]

SUITE is a module in this folder (`jax_cases`, `jax64_cases`, ...); of one with TOGETHER so many cases are compiled as
one model. What its cases are expected to do is in expected/SUITE.json: the exit status is 1 if a case does otherwise,
0 if all do as expected. Outcomes that are in the `--out` file already are taken from there, so that a run that was cut
off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from expected import Expected
from outcome import Outcome, cpu_seconds
from runner import run_all, summary


def main() -> int:
    """Run what the command line asks for."""
    given = _arguments()
    if given.serve:
        _serve(given.suite)
    suite = importlib.import_module(given.suite)
    every = list(suite.cases())
    chosen = [case for case in every if not given.pattern or any(re.search(each, case) for each in given.pattern)]
    if given.listed:
        wanted = {case: place for place, case in enumerate(given.listed.read_text().split("\n"))}
        chosen = sorted((case for case in chosen if case in wanted), key=wanted.__getitem__)
    cases = chosen[:: given.every]
    outcomes = _earlier(given.out, cases)
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        known = {each.case for each in outcomes}
        pending = [case for case in cases if case not in known]
        together = getattr(suite, "TOGETHER", 1)
        for outcome in run_all(given.suite, pending, given.jobs, given.limit, Path(scratch), together):
            outcomes.append(outcome)
            if outcome.status not in ("pass", "not-run", "absent"):
                progress = f"{len(outcomes)}/{len(cases)}"
                print(f"{progress:>11} {outcome.status:11} {outcome.case}: {outcome.reason[:200]}", flush=True)
            if given.out:
                with given.out.open("a") as file:
                    print(json.dumps(asdict(outcome)), file=file)
    print(summary(outcomes))
    if given.bless:
        Expected.read(given.suite).updated(outcomes, len(every)).write(given.suite)
        return 0
    problems = Expected.read(given.suite).problems(outcomes, len(every))
    print("\n".join(problems) or "everything as expected")
    return int(bool(problems))


def _earlier(file: Path | None, cases: list[str]) -> list[Outcome]:
    """The outcomes of `cases` that an earlier run has written to `file`."""
    if not (file and file.exists()):
        return []
    written = [Outcome(**json.loads(line)) for line in file.read_text().splitlines()]
    return [each for each in written if each.case in set(cases)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("pattern", nargs="*", help="regular expressions on `group/name`; all cases without one")
    parser.add_argument("--from", type=Path, dest="listed", help="names of cases, one a line, in the order to run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th case")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one case")
    parser.add_argument("--out", type=Path, help="where outcomes are appended, one JSON object a line")
    parser.add_argument("--bless", action="store_true", help="write down what happened as what is expected")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_intermixed_args()


def _serve(name: str) -> None:
    """Run the cases that standard input names."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # native libraries print to descriptor 1 at times
    suite = importlib.import_module(name)
    for line in sys.stdin:
        cases = json.loads(line)
        started = cpu_seconds()
        outcomes = suite.run_together(cases) if len(cases) > 1 else [suite.run(*cases)]
        share = round((cpu_seconds() - started) / len(cases), 3)  # what is compiled together takes a part of one time
        print(json.dumps([asdict(replace(each, seconds=share)) for each in outcomes]), file=answers)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
