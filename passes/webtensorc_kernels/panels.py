"""Weights of matrix products in panels: what a register block reads lies in one run of memory.

    panels[p, k, c] = w[k, start(p) + c],      start(p) = min(32 * p, columns - 32)

A row of a matrix with thousands of columns is pages away from the next one, and rows that lie a multiple of 4096 bytes
apart push each other out of the caches; a panel is read from one end to the other, as processors foresee. The last
panel begins earlier where 32 does not divide the columns, so that it is as wide as the others and nothing is padded.
(K. Goto, R. van de Geijn: Anatomy of High-Performance Matrix Multiplication, 2008, section 4.2.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View

__all__ = [
    "FEW_POINTS",
    "FIXED",
    "FIXED_BYTES",
    "LINE",
    "SLACK",
    "TOGETHER",
    "WIDTH",
    "Matrix",
    "first_column",
    "starts",
]

WIDTH = 32
"""Columns of a panel: two vectors of AVX-512, four of AVX, eight of NEON. Stored weights serve all of them."""
TOGETHER = 4
"""Adjacent bytes that an instruction for products of bytes takes: rows of a word."""
LINE = 16
"""Numbers in a line of a cache."""
LINE_BYTES = 64
_AHEAD = 64
"""Rows of fixed-point numbers between what is multiplied and what is fetched: processors run less far ahead."""
FIXED = "i24"
"""The element type of weights that are fixed-point numbers of 24 bits: two buffers, see `Matrix.views`."""
FIXED_BYTES = 3
"""Of such a number, the lowest first."""
ROW_BYTES = WIDTH * FIXED_BYTES
SLACK = 64
"""Bytes behind those of a panel that may be read with the last ones."""
FEW_POINTS = 4
"""With so few the processor, with nothing else to do, is ahead by itself, and fetching panels would only delay it."""


def starts(columns: int) -> list[int]:
    """The first column of each panel of a matrix of at least `WIDTH` columns."""
    return [min(start, columns - WIDTH) for start in range(0, columns, WIDTH)]


def first_column(code: Code, panel: Index, columns: int) -> Index:
    """The first column of a panel, by its number in generated code."""
    return code.smaller(code.multiply(panel, WIDTH), columns - WIDTH)


@dataclass(frozen=True)
class Matrix:
    """A matrix of weights as a kernel reads it, row by row as it is or in panels; of bytes, in rows of words.

    In panels its elements may be `FIXED`.
    """

    name: str
    rows: int
    columns: int
    packed: bool = False
    element: str = "f32"

    @property
    def view(self) -> View:
        """The buffer; of fixed-point numbers that of their bytes, a row for each panel."""
        count = len(starts(self.columns))
        if self.element == FIXED:
            return View(self.name, (count, self.rows * ROW_BYTES + SLACK), "i8")
        if self.packed:
            return View(self.name, (count, self.rows, WIDTH), self.element)
        return View(self.name, (self.rows, self.columns), self.element)

    @property
    def views(self) -> tuple[View, ...]:
        """All buffers: of fixed-point numbers also the step of each column of each panel."""
        return (self.view, self._steps) if self.element == FIXED else (self.view,)

    @property
    def _steps(self) -> View:
        return View(f"{self.name}_steps", (self.view.shape[0], WIDTH))

    def load(self, code: Code, *at: Index) -> str:
        """A vector of weights; fixed-point numbers become what they stand for, exactly."""
        if self.element != FIXED:
            return code.load(self.view, *at)
        panel, row, column = at
        numbers = code.load_fixed(self.view, panel, _byte(code, row, column))
        return code.product(numbers, code.load(self._steps, panel, column))

    def load_repeated(self, code: Code, count: int, *at: Index) -> str:
        """So many float32 weights, again and again."""
        return code.load_repeated(count, self.view, *at)

    def fetch(self, code: Code, rows: int, columns: int, *at: Index) -> None:
        """Bring fixed-point numbers near that are some rows behind a place, at the end of a panel those of the next."""
        panel, row, column = at
        count, length = self.view.shape
        runs, size = (1, rows * ROW_BYTES) if columns == WIDTH else (rows, columns * FIXED_BYTES)
        places = [run * ROW_BYTES + line for run in range(runs) for line in range(0, size, LINE_BYTES)]
        ahead = code.add(code.add(code.multiply(panel, length), _byte(code, row, column)), _AHEAD * ROW_BYTES)
        ahead = code.smaller(ahead, count * length - 1 - max(places))
        for place in places:
            at_once = code.add(ahead, place)
            code.prefetch(self.view, code.quotient(at_once, length), code.remainder(at_once, length))

    def block(self, code: Code, first: Index, width: int) -> Callable[[Index, Index], tuple[Index, ...]]:
        """Where row `k` of a block is, from its column `j` on: the block is `width` columns from `first` on.

        In panels `width` divides `WIDTH`, and `first` is a multiple of it or the block ends with the matrix.
        """
        if not self.packed:
            return lambda k, j: (k, code.add(first, j))
        panel = code.quotient(code.add(first, width - 1), WIDTH)
        start = first_column(code, panel, self.columns)
        inside = 0 if width == WIDTH else code.subtract(first, start)
        return lambda k, j: (panel, k, code.add(inside, j))


def _byte(code: Code, row: Index, column: Index) -> Index:
    """Where the bytes of a fixed-point number begin in its panel."""
    return code.add(code.multiply(row, ROW_BYTES), code.multiply(column, FIXED_BYTES))
