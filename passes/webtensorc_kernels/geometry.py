"""Where windows meet the border of the image: which rows of a window, and which tiles of a row, are inside."""

from __future__ import annotations

from collections.abc import Sequence

from webtensorc_kernels.code import Code, Index
from webtensorc_kernels.convolution import Convolution, is_inside

__all__ = ["rows_inside", "tile_runs"]


def tile_runs(problem: Convolution, starts: Sequence[int], points: int) -> list[tuple[int, int, int | None]]:
    """Numbers of tiles with the same code: (first, beyond, the column of a tile that touches padding)."""
    runs: list[tuple[int, int, int | None]] = []
    for number, start in enumerate(starts):
        column = None if is_inside(problem, start, points) else start
        if column is None and runs and runs[-1][2] is None:
            runs[-1] = (runs[-1][0], number + 1, None)
        else:
            runs.append((number, number + 1, column))
    return runs


def rows_inside(code: Code, problem: Convolution, top: Index) -> tuple[Index, Index]:
    """The range of kh that falls inside the image, for a window that begins at row `top`."""
    p = problem
    height, step, count = p.image[0], p.dilations[0], p.kernel[0]
    low: Index = 0
    high: Index = count
    if p.padding[0]:
        above = code.larger(0, code.subtract(0, top))
        low = code.quotient(code.add(above, step - 1), step)
    if (p.out[0] - 1) * p.strides[0] - p.padding[0] + (count - 1) * step >= height:
        left = code.larger(0, code.subtract(height + step - 1, top))
        high = code.smaller(count, code.quotient(left, step))
    return low, high
