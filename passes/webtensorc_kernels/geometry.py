"""Where windows meet the border of the image: which planes and rows of a window, and tiles of a row, are inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from webtensorc_kernels.code import Code, Index
from webtensorc_kernels.convolution import Axis, Convolution, is_inside

__all__ = ["TileRun", "inside", "tile_runs", "tile_runs_with_rest", "window_rows"]


@dataclass(frozen=True)
class TileRun:
    """Tiles with the same code: from number `first` on, before `beyond`.

    Attributes:
        column: the column of a tile that touches padding; None for tiles inside of the image.
        points: what each of them has.
    """

    first: int
    beyond: int
    column: int | None
    points: int


def tile_runs(problem: Convolution, starts: Sequence[int], points: int) -> list[TileRun]:
    """The tiles of a row of the result that begin at `starts`."""
    runs: list[TileRun] = []
    for number, start in enumerate(starts):
        column = None if is_inside(problem, start, points) else start
        if column is None and runs and runs[-1].column is None:
            runs[-1] = replace(runs[-1], beyond=number + 1)
        else:
            runs.append(TileRun(number, number + 1, column, points))
    return runs


def tile_runs_with_rest(problem: Convolution, starts: Sequence[int], points: int) -> list[TileRun]:
    """The same, but the last tile of a product has the points that are left; all others begin earlier."""
    left = problem.out[1] % points
    if not problem.has_products or not left:
        return tile_runs(problem, starts, points)
    whole = len(starts) - 1
    return [TileRun(0, whole, None, points), TileRun(whole, whole + 1, None, left)]


def inside(code: Code, axis: Axis, start: Index) -> tuple[Index, Index]:
    """The range of a window's places along `axis` that fall inside the image, for a window that begins at `start`."""
    step, count = axis.dilation, axis.kernel
    low: Index = 0
    high: Index = count
    if axis.padding:
        outside = code.larger(0, code.subtract(0, start))
        low = code.quotient(code.add(outside, step - 1), step)
    if axis.reaches_beyond:
        left = code.larger(0, code.subtract(axis.image + step - 1, start))
        high = code.smaller(count, code.quotient(left, step))
    return low, high


def window_rows(
    code: Code,
    problem: Convolution,
    at: tuple[Index, Index],
    body: Callable[[tuple[Index, Index], Index, list[str]], list[str]],
    carried: list[str],
    element: str = "f32",
) -> list[str]:
    """`carried = body((image, row), row of the window, carried)` for all rows of a window that are inside the image.

    Planes of volumes are images of one row after the other; so are the rows of a window's planes. `at` is the image and
    the row of the result.
    """
    rows, depth = problem.rows, problem.depth
    top = code.subtract(code.multiply(at[1], rows.stride), rows.padding)

    def plane(image: Index, number: Index, carried: list[str]) -> list[str]:
        def row(kh: Index, carried: list[str]) -> list[str]:
            line = code.add(top, code.multiply(kh, rows.dilation))
            return body((image, line), code.add(code.multiply(number, rows.kernel), kh), carried)

        return code.loop(*inside(code, rows, top), row, carried, element=element)

    if depth == Axis():
        return plane(at[0], 0, carried)
    volume, place = code.quotient(at[0], depth.out), code.remainder(at[0], depth.out)
    front = code.subtract(code.multiply(place, depth.stride), depth.padding)
    first = code.add(code.multiply(volume, depth.image), front)

    def planes(kd: Index, carried: list[str]) -> list[str]:
        return plane(code.add(first, code.multiply(kd, depth.dilation)), kd, carried)

    return code.loop(*inside(code, depth, front), planes, carried, element=element)
