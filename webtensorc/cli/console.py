"""The only printer. Standard output carries data, standard error carries talk."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

_MOST_WARNINGS = 5
"""Lines of warnings that are shown without `-v`."""


class Console:
    """Prints one verb's result and its progress.

    Args:
        format_: `text` or `json`; JSON results are one document, strings stand for numbers that JSON lacks.
        quiet: say nothing on standard error but errors.
        verbose: say more on standard error.
    """

    def __init__(self, format_: str = "text", *, quiet: bool = False, verbose: bool = False) -> None:
        self.is_json = format_ == "json"
        self.quiet = quiet
        self.verbose = verbose and not quiet

    def result(self, data: Any, text: str) -> None:
        """Print the verb's result: `data` with `--format json`, else `text`."""
        # ASCII: valid whatever the stream's encoding, and for file names that are no Unicode.
        out = json.dumps(_plain(data), indent=2, allow_nan=False) if self.is_json else text
        sys.stdout.write(out + "\n" if out else "")
        sys.stdout.flush()

    def say(self, line: str) -> None:
        """Tell the user something, unless they asked for quiet."""
        if not self.quiet:
            _err(line)

    def warn(self, lines: Sequence[str]) -> None:
        """Warn of several things, a line each; of many only the first, unless `-v` asks for all."""
        shown = lines if self.verbose else lines[:_MOST_WARNINGS]
        for line in shown:
            self.say(f"warning: {line}")
        if len(shown) < len(lines):
            self.say(f"warning: and {len(lines) - len(shown)} more like these (-v shows all)")

    def detail(self, line: str) -> None:
        """Tell the user something they asked for with `-v`."""
        if self.verbose:
            _err(line)

    @contextmanager
    def steps(self, stages: Sequence[str]) -> Iterator[Steps]:
        """Show the stages of a long work: a bar on a terminal, one line per finished stage elsewhere."""
        shown: Steps = Steps(self, stages)
        if not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from webtensorc.cli.progress import BarSteps

            shown = BarSteps(self, stages)
        try:
            yield shown
        except BaseException:
            shown.close(done=False)
            raise
        shown.close(done=True)


class Steps:
    """Prints `[2/5] stage ... 3.1 s` as each stage ends; its `step` is the engine's listener.

    Args:
        console: where to print.
        stages: the expected stages in order; one that is skipped, since the cache had it, leaves a gap.
    """

    def __init__(self, console: Console, stages: Sequence[str]) -> None:
        self.console = console
        self._stages = [short(stage) for stage in stages]
        self._stage: str | None = None
        self._started = 0.0

    def step(self, index: int, total: int, label: str) -> None:
        """Step `index` of `total` (counted from 1) begins; `label` is `stage` or `stage: detail`."""
        stage, _, detail = label.partition(": ")
        stage = short(stage)
        if stage != self._stage:
            self._end_stage()
            self._stage, self._started = stage, time.monotonic()
        if detail and self.console.verbose:
            self._print(f"      {index}/{total} {stage}: {detail}")

    def close(self, *, done: bool) -> None:
        """The work has ended, well if `done`."""
        if done:
            self._end_stage()

    def _end_stage(self) -> None:
        if self._stage is None:
            return
        number = self._stages.index(self._stage) + 1 if self._stage in self._stages else len(self._stages)
        seconds = time.monotonic() - self._started
        self._print(f"[{number}/{len(self._stages)}] {self._stage} ... {seconds:.1f} s")
        self._stage = None

    def _print(self, line: str) -> None:
        self.console.say(line)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns aligned with spaces; numbers to the right. Nothing is wrapped, so that lines can be filtered."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    right = [bool(rows) and all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)]
        return "  ".join(padded).rstrip()

    return "\n".join([line([h.upper() for h in header]), *map(line, cells)])


def short(label: str) -> str:
    """A target's label for people, its options left out: `x86-64-v4{...}`."""
    name, brace, _ = label.partition("{")
    return f"{name}{{...}}" if brace else name


def size(count: int) -> str:
    """A number of bytes for people: `1.5 MiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def error(text: str) -> None:
    """Print a rendered error; its first word is coloured on a terminal."""
    head, colon, rest = text.partition(":")
    if colon and _colours(sys.stderr):
        head = f"\033[1;31m{head}\033[0m"
    _err(head + colon + rest)


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _err(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more, which does not spoil the work
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _plain(value: Any) -> Any:
    """`value` with JSON's types only: numpy scalars and arrays become numbers and lists, NaN becomes "NaN"."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, complex):
        return [_plain(value.real), _plain(value.imag)]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
