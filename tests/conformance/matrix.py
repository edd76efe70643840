"""Fill in the differential matrix and write docs/targets.md.

python tests/conformance/matrix.py [--again] [--jobs 2] [--limit 900] [PATTERN ...]

Cases of `matrix_cases` that have a result keep it unless --again is given, so that a run can be interrupted and go on.
The results are in expected/matrix.txt, one line a problem, one letter a column; docs/targets.md is made from them.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outcome import Outcome

FILE = Path(__file__).with_name("expected") / "matrix.txt"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "targets.md"
LETTERS = {"pass": "P", "fail": "F", "unsupported": "U", "crash": "C", "absent": "-", "not-run": "-"}
OPEN = "."
"""Not run yet."""


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
            elif not what and first in made.rows and len(rest) == len(made.columns):
                made.rows[first] = rest
        return made

    def write(self) -> None:
        """Write it down."""
        lines = [f"{name} {row}" for name, row in self.rows.items() if set(row) - {OPEN}]
        lines += [f"! {case} {reason}" for case, reason in sorted(self.reasons.items())]
        FILE.write_text("\n".join(lines) + "\n")

    def letter(self, case: str) -> str:
        """The result of a case."""
        column, _, name = case.partition("/")
        return self.rows[name][self.columns.index(column)]

    def set(self, outcome: Outcome) -> None:
        """Take in what became of a case; where it could not be run here, what is known stays."""
        column, _, name = outcome.case.partition("/")
        letter, at = LETTERS[outcome.status], self.columns.index(column)
        if letter == "-" and self.letter(outcome.case) not in (OPEN, "-"):
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
            "needs (`-O0`), run, and compared with ONNX's own data, ONNX Runtime or JAX. x86-64 runs natively, aarch64",
            "under qemu in user mode, `spirv` on Mesa's lavapipe. A cell says how many passed of those that were run;",
            f"there are {len(self.rows)} problems in all. `make matrix` runs what has no result yet.\n",
            f"| target | {' | '.join(f'{kind}s' for kind in kinds)} | not run |",
            f"|---|{'---|' * (len(kinds) + 1)}",
        ]
        for at, column in enumerate(self.columns):
            cells = [_cell(row[at] for name, row in self.rows.items() if name.startswith(kind)) for kind in kinds]
            open_ = sum(row[at] in (OPEN, "-") for row in self.rows.values())
            parts.append(f"| `{column}` | {' | '.join(cells)} | {open_} |")
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
    text = re.sub(r'loc\([^)]*\): |error\[\w+\]: |%\w+ = |"|\|.*', "", reason)
    return " ".join(text.split())[:160]


def main() -> None:
    """Run what the command line asks for."""
    import matrix_cases
    from runner import run_all

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="*", help="regular expressions on `target-O3/operator/name`")
    parser.add_argument("--again", action="store_true", help="also run what has a result")
    parser.add_argument("--jobs", type=int, default=1, help="each compiles a problem for all targets at once")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for one case")
    given = parser.parse_args()
    matrix = Matrix.read(matrix_cases.columns(), matrix_cases.problems())
    pending = [
        case
        for case in matrix_cases.cases()
        if (given.again or matrix.letter(case) in (OPEN, "-"))
        and (not given.pattern or any(re.search(each, case) for each in given.pattern))
    ]
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        for outcome in run_all("matrix_cases", pending, given.jobs, given.limit, Path(scratch)):
            matrix.set(outcome)
            matrix.write()
            print(f"{outcome.status:8} {outcome.case} {outcome.reason[:160]}", file=sys.stderr)
    PAGE.write_text(matrix.page())


if __name__ == "__main__":
    main()
