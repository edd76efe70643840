"""The copy of an image that a convolution on tiles reads: zeros around it, rows and columns apart by their remainders.

    image[n, part, row, column, byte]       parts are pairs of a remainder of rows and one of columns

Where a pixel's bytes are no multiple of a step's, the last step begins earlier, and the bytes that it has in common
with the one before are zeros in the copy. It is made once, by a kernel of its own: workgroups for other channels of the
result need the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

from webtensorc_kernels import tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.tile_steps import Parts, Steps

__all__ = ["Copy"]

_BEHIND = 2 * tiles.ROWS
"""Points that a block may have behind the last one of the image."""
_OPERATIONS = 64
"""That copying 64 bytes counts for, when work is divided."""


@dataclass(frozen=True)
class Copy:
    """The copy for a convolution that goes through a pixel in `steps`."""

    problem: Convolution
    steps: Steps

    @property
    def down(self) -> Parts:
        """The parts along rows."""
        return Parts.of(self.problem.rows)

    @property
    def right(self) -> Parts:
        """The parts along columns."""
        return Parts.of(self.problem.columns)

    @property
    def pitch(self) -> int:
        """Pixels from a row to the next one."""
        return self.problem.out[1] + self.right.beyond

    @property
    def pixel(self) -> int:
        """Bytes of a pixel: whole steps."""
        s, p = self.steps, self.problem
        return p.channels if len(s.taps) < p.taps else s.count * s.width

    @property
    def height(self) -> int:
        """Rows of a part."""
        return self.problem.out[0] + self.down.beyond

    @property
    def part(self) -> int:
        """Bytes of a part."""
        return self.height * self.pitch * self.pixel

    @property
    def size(self) -> int:
        """Bytes of an image of the batch."""
        return len(self.down.used) * len(self.right.used) * self.part

    @property
    def view(self) -> View:
        """All images."""
        return View("%image", (self.problem.batch * self.size + (_BEHIND + self.pitch) * self.pixel,), "i8")

    def tap(self, kh: int, kw: int) -> int:
        """Where a tap of the first window begins."""
        (down, below), (right, behind) = self.down.tap(kh), self.right.tap(kw)
        part = down * len(self.right.used) + right
        return part * self.part + (below * self.pitch + behind) * self.pixel

    def kernel(self, code: Code) -> Kernel:
        """Write the kernel that makes it into `code`. Operand: the image; result: the copy."""
        p = self.problem
        x = View("%x", (p.batch * p.image[0] * p.image[1] * p.channels,), "i8")
        flops = self.view.shape[0] // tiles.BYTES * _OPERATIONS
        groups, _ = split(first=self.height, second=1, flops=flops)

        def body(where: Workgroup) -> None:
            rows = share(code, where.x, self.height, groups)
            code.loop(0, p.batch, lambda n, _: self._rows(code, x, n, rows))

        why = f"{prod((len(self.down.used), len(self.right.used)))} parts of {self.height}x{self.pitch} pixels"
        return write(code, [x, self.view], (groups, 1, 1), body, flops=flops, results=1, why=why)

    def _rows(self, code: Code, x: View, n: Index, rows: tuple[Index, Index]) -> list[str]:
        """Some rows of each part of image `n`."""
        p, (first, beyond), line = self.problem, rows, self.pitch * self.pixel
        for part, (down, right) in enumerate(product(self.down.used, self.right.used)):
            start = code.add(code.multiply(n, self.size), part * self.part)
            start = code.add(start, code.multiply(first, line))
            count = code.subtract(beyond, first)
            low, high = self.down.inside(code, down, first, count)
            left, end = self.right.inside(code, right, 0, self.pitch)

            def row(
                r: Index,
                _: list[str],
                at: tuple[Index, int, int, Index, Index] = (start, down, right, left, end),
            ) -> list[str]:
                start, down, right, left, end = at
                there = code.add(start, code.multiply(r, line))
                above = code.add(code.multiply(code.add(first, r), p.strides[0]), down - p.padding[0])
                above = code.add(code.multiply(n, p.image[0]), above)
                column = right - p.padding[1]
                source = code.multiply(code.add(code.multiply(above, p.image[1]), column), p.channels)
                self._clear(code, there, 0, left)
                step = p.strides[1] * p.channels

                def pixel(c: Index, _: list[str]) -> list[str]:
                    here = code.add(there, code.multiply(c, self.pixel))
                    self._pixel(code, x, code.add(source, code.multiply(c, step)), here)
                    return []

                code.loop(left, end, pixel)
                self._clear(code, there, end, self.pitch)
                return []

            def border(r: Index, _: list[str], start: Index = start) -> list[str]:
                self._clear(code, code.add(start, code.multiply(r, line)), 0, self.pitch)
                return []

            code.loop(0, low, border)
            code.loop(low, high, row)
            code.loop(high, count, border)
        return []

    def _clear(self, code: Code, to: Index, low: Index, high: Index) -> None:
        def pixel(c: Index, _: list[str]) -> list[str]:
            for at in range(0, self.pixel, tiles.BYTES):
                there = code.add(code.add(to, code.multiply(c, self.pixel)), at)
                code.clear(min(tiles.BYTES, self.pixel - at), self.view, there)
            return []

        code.loop(low, high, pixel)

    def _pixel(self, code: Code, x: View, source: Index, there: Index) -> None:
        s, run = self.steps, self.problem.channels
        pieces = [(at, at, 0) for at in range(0, self.pixel, tiles.BYTES)]
        if self.pixel > run:
            pieces[-1] = (run - s.width, self.pixel - s.width, s.overlap)
        for begin, at, skip in pieces:
            count = min(tiles.BYTES, self.pixel - at)
            code.copy(count, x, (code.add(source, begin),), self.view, (code.add(there, at),), skip)
