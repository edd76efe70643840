"""What a kernel on tiles does with a block of sums: the epilogue, from scratch memory, point by point.

Bytes are packed two points at a time, 32 channels each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from webtensorc_kernels import packing
from webtensorc_kernels.code import Code, Index
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.panels import WIDTH
from webtensorc_kernels.rescaling import beginning, rescaled
from webtensorc_kernels.saturation import Saturated

__all__ = ["Body", "Results", "each_adjacent", "each_in_rows"]

_LANES = 16
_ABREAST = packing.TOGETHER * _LANES // WIDTH
"""Points that are packed together."""

Body = Callable[[Index, Index, int], list[str]]
"""`body(row of the block, point, how many of them)`."""


class Results:
    """The epilogue of a kernel."""

    def __init__(self, epilogue: Epilogue, points: int, outputs: int) -> None:
        self.whole = epilogue
        self.views = epilogue.views(points, outputs)
        self.y = epilogue.result(points, outputs)
        less, self.epilogue = beginning(rescaled(epilogue))
        self.less = None if less is None else self.views[less]
        """What is to be subtracted from sums before: one number for each channel."""
        self.saturated = Saturated.of(self.epilogue)

    @property
    def abreast(self) -> int:
        """Points that are finished at once."""
        return _ABREAST if self.saturated else 1

    def known(self, code: Code, channels: Sequence[Index]) -> list[dict[int, str]]:
        """What is the same for all points, at each of `channels`."""
        return [self.epilogue.by_channel(code, each, self.views) for each in channels]

    def finish(
        self,
        code: Code,
        sums: Callable[[int, int], str],
        places: Sequence[Sequence[Place]],
        known: Sequence[Mapping[int, str]],
    ) -> list[str]:
        """Store results from `sums(i, j)`, vector `j` of point `i`, to some adjacent points' places."""
        if self.saturated is None:
            for i, row in enumerate(places):
                for j, (place, given) in enumerate(zip(row, known, strict=True)):
                    result = self.epilogue.emit(code, sums(i, j), place, self.views, given)
                    code.store(result, self.y, *self.epilogue.spot(code, place.point, place.channel))
            return []
        number = self.saturated.number
        found = [
            number.emit(code, sums(i, j), place, self.views, given)
            for i, row in enumerate(places)
            for j, (place, given) in enumerate(zip(row, known, strict=True))
        ]
        filled = found * (packing.TOGETHER // len(found))
        packed = code.pack(filled, self.saturated.zero, signed=self.saturated.signed)
        for half, (first, *_) in enumerate(places):
            code.store_half(packed, half, self.y, *number.spot(code, first.point, first.channel))
        return []


def each_adjacent(code: Code, count: int, first: Index, step: int, body: Body) -> None:
    """Go through `count` points that all are results."""
    code.loop(0, count, lambda i, _: body(i, code.add(first, i), step), step=step)


def each_in_rows(
    code: Code, first: Index, count: int, step: int, rows: tuple[Index, int], shape: tuple[int, int], body: Body
) -> None:
    """Go through `count` points of a plane that are results.

    Points behind the end of a row are none, nor are those behind the last row: `rows` are the plane's first result and
    its number of rows, `shape` how many results a row has, and how many points it is to the next one.
    """
    (base, extent), (width, pitch) = rows, shape
    beyond = code.add(first, count)

    def run(low: Index, high: Index, to: Index) -> None:
        """Points from `low` on, before `high`; the result of point 0 would be at `to`."""

        def some(count: int) -> Callable[[Index, list[str]], list[str]]:
            return lambda f, _: body(code.subtract(f, first), code.add(to, f), count)

        pairs = code.multiply(code.quotient(code.larger(0, code.subtract(high, low)), step), step)
        end = code.add(low, pairs)
        code.loop(low, end, some(step), step=step)
        if step > 1:
            code.loop(end, high, some(1))

    if pitch == width:
        run(first, code.smaller(beyond, extent * width), base)
        return

    def row(oh: Index, _: list[str]) -> list[str]:
        start = code.multiply(oh, pitch)
        low = code.larger(start, first)
        high = code.smaller(code.add(start, width), beyond)
        run(low, high, code.subtract(code.add(base, code.multiply(oh, width)), start))
        return []

    last = code.quotient(code.add(beyond, pitch - 1), pitch)
    code.loop(code.quotient(first, pitch), code.smaller(last, extent), row)
