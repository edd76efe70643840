"""How kernels of bytes go through a window: along runs of adjacent bytes, a word of four at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from webtensorc_kernels.code import Code, Index
from webtensorc_kernels.convolution import Convolution, segments
from webtensorc_kernels.panels import TOGETHER

__all__ = ["Run", "Word", "along", "runs_of"]


@dataclass(frozen=True)
class Run:
    """Adjacent bytes of a window's row.

    Attributes:
        image: where they begin in the image's row, from the window's first byte on.
        window: where they begin in the window's row.
        words: how many words of packed weights come before them.
        count: how many bytes they are.
        points: the points of a tile that they are for.
    """

    image: int
    window: int
    words: int
    count: int
    points: list[int]


Word = Callable[[Index, Run, Index, int, list[str]], list[str]]
"""`sums = word(kh, run, index of a word, count of bytes from there on, sums)`."""


def runs_of(p: Convolution, points: int, column: int | None = None) -> list[Run]:
    """The runs of a window's row, for the tile that begins at a column, or for any inside of the image."""
    words, pixel = -(-p.channels // TOGETHER), p.groups * p.channels
    return [
        Run(
            image=first * p.dilations[1] * pixel,
            window=first * p.channels,
            words=first * words,
            count=(beyond - first) * p.channels,
            points=valid,
        )
        for first, beyond, valid in segments(p, column, points)
    ]


def along(
    code: Code,
    word: Word,
    sums: list[str],
    runs: Sequence[Run],
    rows: tuple[Index, Index],
    vectors: int,
    together: int = 1,
) -> list[str]:
    """Go through words of some of the window's rows, with the `vectors` sums of each point that they are for.

    As many words as there are go `together`, the others one by one.
    """

    def window_row(kh: Index, sums: list[str]) -> list[str]:
        sums = list(sums)
        for run in runs:
            full, left = divmod(run.count, TOGETHER)
            used = [i * vectors + j for i in run.points for j in range(vectors)] if sums else []
            steps, begun = full // together, full - full % together
            step = partial(_step, code, word, kh, run, together)
            carried = code.loop(0, steps, step, [sums[i] for i in used], element="i32")
            for index in range(begun, full):
                carried = word(kh, run, index, TOGETHER, carried)
            carried = word(kh, run, full, left, carried) if left else carried
            for i, value in zip(used, carried, strict=True):
                sums[i] = value
        return sums

    return code.loop(*rows, window_row, sums, element="i32")


def _step(code: Code, word: Word, kh: Index, run: Run, together: int, index: Index, sums: list[str]) -> list[str]:
    return word(kh, run, code.multiply(index, together), TOGETHER * together, sums)
