"""The progress bar that a terminal gets; apart, so that nothing else imports rich."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from webtensorc.cli.console import Console, Steps, short


class BarSteps(Steps):
    """`Steps` with a bar below the finished stages. rich honours NO_COLOR by itself."""

    def __init__(self, console: Console, stages: Sequence[str]) -> None:
        super().__init__(console, stages)
        columns = (
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=RichConsole(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    def step(self, index: int, total: int, label: str) -> None:
        """Step `index` of `total` begins."""
        super().step(index, total, label)
        self._progress.update(self._task, completed=index - 1, total=total, description=_short(label))

    def close(self, *, done: bool) -> None:
        """The work has ended: print the last stage and take the bar away."""
        super().close(done=done)
        self._progress.stop()

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _short(label: str) -> str:
    """`stage: detail` with a target's options left out."""
    stage, colon, detail = label.partition(": ")
    return short(stage) + colon + detail
