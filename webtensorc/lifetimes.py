"""The lifetime picture of an arena: which bytes hold which buffer at which time, as data, as text and as SVG.

Time runs to the right in steps of the schedule, memory upwards in bytes. A buffer is a rectangle. The text has a letter
per buffer and cell; the drawing has a rectangle per buffer, with its place and the steps it lives for as a tooltip.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from webtensorc.liveness import Buffer, logical_buffers
from webtensorc.schedule import Schedule

__all__ = ["Picture", "pictures"]

_LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
_WIDTH, _HEIGHT, _MARGIN = 1000, 500, 60
"""Of a drawing, in pixels; the margin is for the axes' words."""


@dataclass(frozen=True)
class Picture:
    """One arena.

    Attributes:
        name: the arena's, as the schedule has it.
        size: its bytes.
        bound: the most bytes that hold a value still to be read, at any one time: no arena is smaller.
        buffers: what lies in it, in order of first use.
        steps: what happens at each time, in words.
    """

    name: str
    size: int
    bound: int
    buffers: tuple[Buffer, ...]
    steps: tuple[str, ...]

    def text(self, width: int = 96, height: int = 20) -> str:
        """The picture in characters: a letter where a buffer covers the middle of a cell, a dot where none does."""
        times, cells = len(self.steps), min(width, len(self.steps))
        lines = []
        for row in reversed(range(height)):
            place = (row + 0.5) * self.size / height
            found = (self._at(place, (column + 0.5) * times / cells) for column in range(cells))
            lines.append(f"{round(place):>12}  " + "".join(found))
        axis = f"{'bytes':>12}  step 0{f'step {times - 1}':>{max(1, cells - 6)}}"
        return "\n".join([*lines, axis])

    def _at(self, place: float, time: float) -> str:
        for number, each in enumerate(self.buffers):
            if each.offset <= place < each.offset + each.size and each.first <= time < each.last + 1:
                return _LETTERS[number % len(_LETTERS)]
        return "."

    def rows(self) -> list[tuple[str, int, int, str, str]]:
        """Of every buffer, the largest first: its letter, size, offset, and the steps that begin and end its life."""
        numbered = sorted(enumerate(self.buffers), key=lambda pair: -pair[1].size)
        return [
            (_LETTERS[number % len(_LETTERS)], each.size, each.offset, self._step(each.first), self._step(each.last))
            for number, each in numbered
        ]

    def _step(self, time: int) -> str:
        return f"{time} {self.steps[time]}"

    def svg(self) -> str:
        """The picture as a drawing of its own."""
        across, up = _WIDTH / max(1, len(self.steps)), _HEIGHT / max(1, self.size)
        shapes = [
            f'<rect x="{_MARGIN + each.first * across:.2f}" y="{_HEIGHT - (each.offset + each.size) * up:.2f}"'
            f' width="{(each.last + 1 - each.first) * across:.2f}" height="{each.size * up:.2f}"'
            f' fill="hsl({number * 137 % 360} 60% 70%)" stroke="#333" stroke-width="0.5">'
            f"<title>{escape(self._words(each))}</title></rect>"
            for number, each in enumerate(self.buffers)
        ]
        level = _HEIGHT - self.bound * up
        label = f"{self.name}: {self.size} bytes, of which {self.bound} must be live at once; {len(self.steps)} steps"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _MARGIN} {_HEIGHT + _MARGIN}"'
                ' font-family="sans-serif" font-size="12">',
                *shapes,
                f'<line x1="{_MARGIN}" x2="{_MARGIN + _WIDTH}" y1="{level:.2f}" y2="{level:.2f}" stroke="#c00"'
                ' stroke-dasharray="6 4"><title>max-live lower bound</title></line>',
                f'<text x="{_MARGIN}" y="{_HEIGHT + _MARGIN / 2:.0f}">{escape(label)}</text>',
                "</svg>\n",
            ]
        )

    def _words(self, buffer: Buffer) -> str:
        return f"{buffer.size} bytes at {buffer.offset}, from {self._step(buffer.first)} to {self._step(buffer.last)}"


def pictures(schedule: Schedule) -> list[Picture]:
    """Of every arena of a schedule; none where its sizes are not static."""
    if not schedule.is_static:
        return []
    steps = _steps(schedule)
    return [
        Picture(resource.name, resource.size or 0, schedule.max_live_of(number), buffers, steps)
        for number, resource in enumerate(schedule.resources)
        if resource.kind == "transient" and (buffers := logical_buffers(schedule.events(number)))
    ]


def _steps(schedule: Schedule) -> tuple[str, ...]:
    names: list[Sequence[str]] = [[] for _ in range(1 + max((step.time for step in schedule.steps), default=-1))]
    for step in schedule.steps:
        names[step.time] = [*names[step.time], step.executable or step.kind]
    return tuple(" and ".join(each) for each in names)
