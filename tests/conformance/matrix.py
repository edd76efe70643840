"""Fill in the differential matrix and write docs/targets.md.

python tests/conformance/matrix.py [--again] [--jobs 2] [--limit 900] [PATTERN ...]
python tests/conformance/matrix.py --compile-to FOLDER PATTERN ...     and --take OUTCOMES: see `matrix_away`

Cases of `matrix_cases` that have a result keep it unless --again is given, so that a run can be interrupted and go on.
The results are in expected/matrix.txt, one line a problem, one letter a column; docs/targets.md is made from them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from outcome import Outcome

FILE = Path(__file__).with_name("expected") / "matrix.txt"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "targets.md"
LETTERS = {"pass": "P", "fail": "F", "unsupported": "U", "crash": "C", "absent": "-", "built": "A"}
ON_A_GPU = "44f77a4"
"""The commit whose code a GPU ran last: CI has none."""
OPEN = "."
"""Not run yet."""
A_BATCH = 25
"""Operators that are compiled as one model."""


@dataclass
class Matrix:
    """Results by case, and the reasons of those that did not pass.

    Attributes:
        columns: target and level, `spirv-O3`.
        rows: for every problem, a letter a column.
        reasons: by case.
    """

    columns: tuple[str, ...]
    rows: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, columns: Iterable[str], problems: Iterable[str]) -> Matrix:
        """What is known of these problems in these columns."""
        made = cls(tuple(columns))
        made.rows = dict.fromkeys(problems, OPEN * len(made.columns))
        lines = FILE.read_text().splitlines() if FILE.exists() else ()
        for line in lines:
            what, first, rest = line.split(" ", 2) if line.startswith("!") else ("", *line.split(" ", 1))
            if what and first.partition("/")[2] in made.rows:
                made.reasons[first] = rest
            elif not what and first in made.rows:
                made.rows[first] = rest.ljust(len(made.columns), OPEN)
        return made

    def write(self) -> None:
        """Write it down, and the page."""
        lines = [f"{name} {row}" for name, row in self.rows.items() if set(row) - {OPEN}]
        lines += [f"! {case} {reason}" for case, reason in sorted(self.reasons.items())]
        FILE.write_text("\n".join(lines) + "\n")
        PAGE.write_text(self.page())

    def letter(self, case: str) -> str:
        """The result of a case."""
        column, _, name = case.partition("/")
        return self.rows[name][self.columns.index(column)]

    def is_doubtful(self, case: str) -> bool:
        """Whether a problem has failed for the case's target, at whatever level."""
        column, _, name = case.partition("/")
        target = column.rpartition("-O")[0]
        known = zip(self.columns, self.rows[name], strict=True)
        return any(letter in "FUC" and each.rpartition("-O")[0] == target for each, letter in known)

    def set(self, outcome: Outcome) -> None:
        """Take in what became of a case; where it could not be run here, what is known stays."""
        column, _, name = outcome.case.partition("/")
        letter, at = LETTERS[outcome.status], self.columns.index(column)
        if letter in "-A" and self.letter(outcome.case) in "PFUC":
            return
        self.rows[name] = self.rows[name][:at] + letter + self.rows[name][at + 1 :]
        self.reasons.pop(outcome.case, None)
        if letter in "FUC":
            self.reasons[outcome.case] = _short(outcome.reason)

    def page(self) -> str:
        """The page's text."""
        kinds = tuple(dict.fromkeys(name.partition("/")[0] for name in self.rows))
        parts = [
            "# What each target has been run with\n",
            "Models and single operators, compiled with all passes (`-O3`) and with none but those that correctness",
            "needs (`-O0`), run, and compared with ONNX's own data, ONNX Runtime or JAX. x86-64 runs natively,",
            "aarch64 under qemu in user mode, `spirv` on Mesa's lavapipe. `spirv@gpu` and `cuda` ran on an NVIDIA",
            f"H100, by hand, with what commit {ON_A_GPU} compiled; models that are younger are only assembled there.",
            "A cell says how many passed of those that were run; there are",
            f"{len(self.rows)} problems in all, operators in batches of {A_BATCH} that are one model. Where there",
            "is no GPU, NVIDIA's ptxas assembles PTX and spirv-val validates SPIR-V. A SPIR-V kernel fails if several",
            "invocations do the same or share memory without barriers. `make matrix` runs what has no result yet.",
            "What the inner loops of kernels for aarch64 consist of is [counted](benchmarks/arm-loops.md).\n",
            f"| target | {' | '.join(f'{kind}s' for kind in kinds)} | only assembled | not run |",
            f"|---|{'---|' * (len(kinds) + 2)}",
        ]
        for at, column in enumerate(self.columns):
            cells = [_cell(row[at] for name, row in self.rows.items() if name.startswith(kind)) for kind in kinds]
            open_ = sum(row[at] in (OPEN, "-") for row in self.rows.values())
            assembled = sum(row[at] == "A" for row in self.rows.values())
            parts.append(f"| `{column}` | {' | '.join(cells)} | {assembled} | {open_} |")
        parts += ["\n## What did not pass\n", *(_reasons(self.reasons) or ["Nothing."])]
        return "\n".join(parts) + "\n"


def _cell(letters: Iterable[str]) -> str:
    count = Counter(letters)
    run = sum(count[letter] for letter in "PFUC")
    return f"{count['P']} of {run}" if run else "-"


def _reasons(reasons: Mapping[str, str]) -> list[str]:
    """One line a reason, with the cases."""
    cases: dict[str, list[str]] = {}
    for case, reason in sorted(reasons.items()):
        cases.setdefault(reason, []).append(case)
    return [f"- {reason}: {', '.join(f'`{case}`' for case in some)}" for reason, some in cases.items()]


def _short(reason: str) -> str:
    """The first line of an error, without the place and the numbers of values."""
    text = re.sub(r'loc\([^)]*\): |error\[\w+\]: |%\w+ = |"|\|.*|\w+\.\w+\([^)]*\) <\{[^}]*\}> : ', "", reason)
    return " ".join(text.split())[:160]


def batches(cases: Iterable[str], is_doubtful: Callable[[str], bool], most: int = A_BATCH) -> list[str]:
    """The cases with operators together, at most so many of a column; doubtful ones alone; models last."""
    alone: list[str] = []
    models: list[str] = []
    columns: dict[str, list[str]] = {}
    for case in cases:
        column, _, name = case.partition("/")
        if not name.startswith("operator/"):
            models.append(case)
        elif is_doubtful(case):
            alone.append(case)
        else:
            columns.setdefault(column, []).append(name)
    together = [
        f"{column}/{','.join(names[at : at + most])}"
        for column, names in columns.items()
        for at in range(0, len(names), most)
    ]
    return together + alone + models


def settled(outcome: Outcome) -> list[Outcome]:
    """The outcomes of the problems of a case; none if they have to be tried in smaller batches."""
    column, _, names = outcome.case.partition("/")
    if "," in names and not outcome.wrong and outcome.status not in ("pass", "absent", "built"):
        return []
    if not outcome.wrong:
        return [replace(outcome, case=f"{column}/{name}") for name in names.split(",")]
    return [
        Outcome(f"{column}/{name}", "fail" if name in outcome.wrong else "pass", outcome.wrong.get(name, ""), 0.0)
        for name in names.split(",")
    ]


def halves(case: str) -> list[str]:
    """The case as two of half as many problems."""
    column, _, names = case.partition("/")
    some = names.split(",")
    middle = len(some) // 2
    return [f"{column}/{','.join(part)}" for part in (some[:middle], some[middle:])]


def main() -> int:
    """Run what the command line asks for."""
    import matrix_cases
    from runner import run_all

    given = _arguments()
    matrix = Matrix.read(matrix_cases.columns(), matrix_cases.problems())
    if given.take:
        return _take(matrix, (Outcome(**json.loads(line)) for line in given.take.read_text().splitlines()))
    if given.compile_to:
        given.compile_to.mkdir(parents=True, exist_ok=True)
        os.environ[matrix_cases.KEPT] = str(given.compile_to.resolve())
    wanted = (
        case
        for case in matrix_cases.cases()
        if (given.again or matrix.letter(case) in (OPEN, "-", *("A" if _leads_on(case, given) else "")))
        and (not given.pattern or any(re.search(each, case) for each in given.pattern))
    )
    cases = deque(batches(wanted, matrix.is_doubtful, given.batch))
    divided: list[str] = []
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        for outcome in run_all("matrix_cases", cases, given.jobs, given.limit, Path(scratch)):
            for each in settled(outcome):
                matrix.set(each)
            if not settled(outcome):
                cases.extendleft(reversed(halves(outcome.case)))
                divided.append(outcome.case)
            matrix.write()
            print(f"{outcome.status:8} {outcome.case[:80]} {outcome.reason[:160]}", file=sys.stderr)
    return _blameless(matrix, divided)


def _leads_on(case: str, given: argparse.Namespace) -> bool:
    """Whether more can be done with what has only been assembled: run it, or keep it for another machine."""
    import matrix_cases

    return matrix_cases.runs_here(case) or given.compile_to is not None


def _take(matrix: Matrix, outcomes: Iterable[Outcome]) -> int:
    """Take in what another machine found; say what has to be compiled for it again in smaller batches."""
    open_ = 0
    for outcome in outcomes:
        for each in settled(outcome):
            matrix.set(each)
        if not settled(outcome):
            print(f"{outcome.status:8} {outcome.case} {outcome.reason}", file=sys.stderr)
            open_ += 1
    matrix.write()
    return int(open_ > 0)


def _blameless(matrix: Matrix, divided: Iterable[str]) -> int:
    """How many batches failed of which every problem passes by itself: that is a defect, and nobody's in the table."""
    found = 0
    for case in divided:
        column, _, names = case.partition("/")
        if {matrix.letter(f"{column}/{name}") for name in names.split(",")} <= set("PA"):
            print(f"failed only as a batch: {case}", file=sys.stderr)
            found += 1
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="*", help="regular expressions on `target-O3/operator/name`")
    parser.add_argument("--again", action="store_true", help="also run what has a result")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for one batch")
    parser.add_argument("--batch", type=int, default=A_BATCH, help="operators that are compiled as one model")
    parser.add_argument("--compile-to", type=Path, help="also keep in this folder what cannot be run here")
    parser.add_argument("--take", type=Path, help="take in what `matrix_away` has printed elsewhere")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
