"""Convolution and matrix product of int8 on tile registers, 1024 products a cycle.

    y[p, o] = epilogue(begin[o] + sum over steps, k of x[first(step) + p * pixel + k] * w[step, k, o])

A step multiplies the bytes of up to 16 words of 16 points by the words of 16 channels; points are rows of a tile, which
must be equally far apart. So the points of a block are numbered along memory: pixels of an image that is as wide as
the result and what windows overlap behind it, row after row, of which those behind the end of a row are dropped. With
steps of more than a pixel, rows and columns are taken apart by their remainders, and each part is such an image.

A 1x1 convolution reads its image in place. For others the image is copied, zeros around it, and no step is left out at
the border: to copy is little work, and the rest knows of no borders (see `tile_image`).

A block is 32 points by 32 channels, in four registers; two have the points of a step and two its channels. As many
panels of weights as half of the first-level cache holds are gone through for each block of points, so that a result's
lines are written as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from webtensorc_kernels import tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import WANTED, share, split
from webtensorc_kernels.panels import TOGETHER, WIDTH, Matrix, first_column
from webtensorc_kernels.tile_image import Copy
from webtensorc_kernels.tile_results import Body, Results, each_adjacent, each_in_rows
from webtensorc_kernels.tile_steps import Steps

__all__ = ["copied", "generate"]

_POINTS = 2 * tiles.ROWS
"""Of a block."""
_LANES = tiles.BYTES // 4
_ROW = WIDTH * 4
"""Bytes from a row of a panel, or of a block's sums, to the next one."""


def copied(problem: Convolution, steps: Steps) -> Copy | None:
    """What is read instead of the image; None where that is read in place: a row of points without borders."""
    p = problem.flat()
    in_place = p.is_product and not steps.overlap and p.points >= _POINTS
    return None if in_place else Copy(p, steps)


def generate(problem: Convolution, steps: Steps, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`.

    Operands: image or what is `copied` of it, weights, what sums begin with (see `weight_sums`), the epilogue's;
    results: y, then scratch of no meaning.
    """
    return Writer(problem.flat(), steps, epilogue, code).kernel()


class Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, steps: Steps, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.steps, self.code = p, s, _ = problem, steps, code
        self.copy = copied(p, s)
        self.layout = Copy(p, s)
        self.results = Results(epilogue, p.points, p.outputs)
        self.panels = Matrix("%w", p.taps * p.channels // TOGETHER, p.outputs, packed=True, element="i32").view
        self.blocks = self.panels.shape[0]
        self.band = max(1, min(self.blocks, code.first_level // 2 // (self.panels.shape[1] * _ROW)))
        self.plane = -(-p.out[0] * self.layout.pitch // _POINTS)
        """Blocks of an image's points."""
        self.across, self.down = self._grid()
        groups = self.across * self.down
        self.pixel = self.layout.pixel
        self.image = self.copy.view if self.copy else View("%x", (p.points * p.channels,), "i8")
        self.given = View("%given", (p.outputs,), "i32")
        self.begin = View("%begin", (groups, self.band, WIDTH), "i32")
        self.sums = View("%sums", (groups, _POINTS, WIDTH), "i32")
        self.shapes = View("%shapes", (groups, tiles.BYTES), "i8")

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, s, r = self.problem, self.steps, self.results
        how = "copied" if self.copy else "in place"
        why = f"tiles, {len(s.taps)}x{s.count} steps of {s.width} bytes {how}, {self.across}x{self.down} workgroups"
        scratch = [self.begin, self.sums, self.shapes]
        views = [self.image, self.panels, self.given, *r.views, r.y, *scratch]
        flops, grid = p.flops + r.whole.flops * p.points * p.outputs, (self.across, self.down, 1)
        return write(self.code, views, grid, self._workgroup, flops=flops, results=1 + len(scratch), why=why)

    def _grid(self) -> tuple[int, int]:
        """Workgroups along channels and along points: what is larger is divided, weights or image."""
        p, extent = self.problem, self.problem.batch * self.plane
        flops = p.flops // 32
        if p.taps * p.outputs > p.batch * p.image[0] * p.image[1]:
            return split(first=self.blocks, second=extent, flops=flops)
        down, across = split(first=extent, second=1 if extent >= WANTED else self.blocks, flops=flops)
        return across, down

    def _workgroup(self, where: Workgroup) -> None:
        """Some blocks of points, for some blocks of channels."""
        code, p, s = self.code, self.problem, self.steps
        number = code.add(code.multiply(where.y, self.across), where.x)
        sums, points, channels = (tiles.ROWS, _ROW // 2), (tiles.ROWS, s.width), (s.width // TOGETHER, tiles.BYTES)
        code.use_tiles([sums] * 4 + [points] * 2 + [channels] * 2, self.shapes, number, 0)
        blocks = share(code, where.y, p.batch * self.plane, self.down)
        self._channels(number, share(code, where.x, self.blocks, self.across), blocks)
        code.release_tiles()

    def _points(self, block: Index, multiply: Callable[[Index], Body]) -> None:
        """Multiply a block that begins at a byte of the image, and finish its points."""
        code, p, step = self.code, self.problem, self.results.abreast
        if self.copy is None:
            first = code.smaller(code.multiply(block, _POINTS), p.points - _POINTS)
            body = multiply(code.multiply(first, self.pixel))
            each_adjacent(code, _POINTS, first, step, body)
            return
        n = code.quotient(block, self.plane) if p.batch > 1 else 0
        inside = code.remainder(block, self.plane) if p.batch > 1 else block
        first = code.multiply(inside, _POINTS)
        body = multiply(code.add(code.multiply(n, self.copy.size), code.multiply(first, self.pixel)))
        base = code.multiply(n, p.out[0] * p.out[1])
        each_in_rows(code, first, _POINTS, step, (base, p.out[0]), (p.out[1], self.copy.pitch), body)

    def _channels(self, number: Index, mine: tuple[Index, Index], blocks: tuple[Index, Index]) -> None:
        """A band of panels for each block of points, one band after the other."""
        code, (low, high) = self.code, mine

        def band(start: Index, _: list[str]) -> list[str]:
            end = code.smaller(code.add(start, self.band), high)
            within = (start, end) if self.band > 1 else (start, code.add(start, 1))
            code.loop(*within, lambda panel, _: self._begin((number, code.subtract(panel, start)), panel))

            def block(index: Index, _: list[str]) -> list[str]:
                def panel(panel: Index, _: list[str]) -> list[str]:
                    here = (number, code.subtract(panel, start))
                    self._points(index, lambda start: self._block(here, start, panel))
                    return []

                code.loop(*within, panel)
                return []

            code.loop(*blocks, block)
            return []

        code.loop(low, high, band, step=self.band)

    def _first(self, panel: Index) -> Index:
        """The first channel of a panel."""
        return first_column(self.code, panel, self.problem.outputs)

    def _begin(self, at: tuple[Index, Index], panel: Index) -> list[str]:
        """Store what the results of a block of channels begin with."""
        code, first = self.code, self._first(panel)
        for j in range(0, WIDTH, _LANES):
            begin = code.load(self.given, code.add(first, j))
            if self.results.less:
                less = code.load(self.results.less, code.add(first, j))
                begin = code.apply("arith.subi", (begin, less), "", ("i32",) * 3)
            code.store(begin, self.begin, *at, j)
        return []

    def _block(self, begin: tuple[Index, Index], start: Index, panel: Index) -> Body:
        """Multiply a block; returns what finishes its points."""
        code, s = self.code, self.steps
        number, half = begin[0], WIDTH // 2
        for j in (0, 1):
            code.load_tile(j, self.begin, (*begin, j * half), 0)
            code.load_tile(2 + j, self.begin, (*begin, j * half), 0)
        for tap, place in enumerate(s.taps):
            at = code.add(start, self.layout.tap(*place))

            def step(index: Index, _: list[str], at: Index = at, tap: int = tap) -> list[str]:
                word = code.multiply(index, s.width)
                word = word if not s.overlap else code.smaller(word, s.run - s.width)
                row = code.add(code.quotient(word, TOGETHER), tap * s.run // TOGETHER)
                here = code.add(at, code.multiply(index, s.width))
                for i in (0, 1):
                    below = code.add(here, i * tiles.ROWS * self.pixel)
                    code.load_tile(4 + i, self.image, (below,), self.pixel)
                for j in (0, 1):
                    code.load_tile(6 + j, self.panels, (panel, row, j * half), _ROW)
                for i, j in product((0, 1), (0, 1)):
                    code.multiply_tiles(2 * i + j, 4 + i, 6 + j)
                return []

            code.loop(0, s.count, step)
        for i, j in product((0, 1), (0, 1)):
            code.store_tile(2 * i + j, self.sums, (number, i * tiles.ROWS, j * half), _ROW)
        channels = [code.add(self._first(panel), j) for j in range(0, WIDTH, _LANES)]
        known = self.results.known(code, channels)

        def body(row: Index, point: Index, count: int) -> list[str]:
            places = [[Place(code.add(point, i), each) for each in channels] for i in range(count)]
            load = lambda i, j: code.load(self.sums, number, code.add(row, i), j * _LANES)  # noqa: E731
            return self.results.finish(code, load, places, known)

        return body
