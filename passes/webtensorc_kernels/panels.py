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

__all__ = ["FEW_POINTS", "FIXED", "LINE", "LOW_BITS", "TOGETHER", "WIDTH", "Matrix", "first_column", "starts"]

WIDTH = 32
"""Columns of a panel: two vectors of AVX-512, four of AVX, eight of NEON. Stored weights serve all of them."""
TOGETHER = 4
"""Adjacent bytes that an instruction for products of bytes takes: rows of a word."""
LINE = 16
"""Numbers in a line of a cache."""
FIXED = "i24"
"""The element type of weights that are fixed-point numbers of 24 bits: three buffers, see `Matrix.views`."""
LOW_BITS = 8
"""Of such a number those of its lower part, a signed byte; the upper part has 16."""
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
        """The buffer; of fixed-point numbers that of the upper parts."""
        element = "i16" if self.element == FIXED else self.element
        if self.packed:
            return View(self.name, (len(starts(self.columns)), self.rows, WIDTH), element)
        return View(self.name, (self.rows, self.columns), element)

    @property
    def parts(self) -> tuple[View, ...]:
        """The buffers with something of each weight: of fixed-point numbers the upper and the lower parts."""
        return (self.view, View(f"{self.name}_low", self.view.shape, "i8")) if self.element == FIXED else (self.view,)

    @property
    def views(self) -> tuple[View, ...]:
        """All buffers: those and, of fixed-point numbers, the step of each column of each panel."""
        count, _, width = (0, *self.view.shape)[-3:]
        steps = (View(f"{self.name}_steps", (count, width)),) if self.element == FIXED else ()
        return (*self.parts, *steps)

    def load(self, code: Code, *at: Index) -> str:
        """A vector of weights; fixed-point numbers become what they stand for, exactly."""
        if self.element != FIXED:
            return code.load(self.view, *at)
        *_, steps = self.views
        loaded = ((each.element, code.load(each, *at)) for each in self.parts)
        high, low = (code.apply("arith.extsi", (part,), "", (element, "i32")) for element, part in loaded)
        high = code.apply("arith.shli", (high, code.number(f"{LOW_BITS} : i32")), "", ("i32",) * 3)
        whole = code.apply("arith.addi", (high, low), "", ("i32",) * 3)
        number = code.apply("arith.sitofp", (whole,), "", ("i32", "f32"))
        return code.product(number, code.load(steps, at[0], at[2]))

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
