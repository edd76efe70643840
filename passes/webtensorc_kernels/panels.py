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

__all__ = ["FEW_POINTS", "LINE", "TOGETHER", "WIDTH", "Matrix", "first_column", "starts"]

WIDTH = 32
"""Columns of a panel: two vectors of AVX-512, four of AVX, eight of NEON. Stored weights serve all of them."""
TOGETHER = 4
"""Adjacent bytes that an instruction for products of bytes takes: rows of a word."""
LINE = 16
"""Numbers in a line of a cache."""
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
    """A matrix of weights as a kernel reads it, row by row as it is or in panels; of bytes, in rows of words."""

    name: str
    rows: int
    columns: int
    packed: bool = False
    element: str = "f32"

    @property
    def view(self) -> View:
        """The buffer."""
        if self.packed:
            return View(self.name, (len(starts(self.columns)), self.rows, WIDTH), self.element)
        return View(self.name, (self.rows, self.columns), self.element)

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
