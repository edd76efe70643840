"""Convolution and matrix product of int8 on tile registers, 1024 products a cycle.

    y[p, o] = epilogue(sum over steps, k of x[first(step) + p * pixel + k] * w[step, k, o])

A step multiplies the bytes of up to 16 words of 16 points by the words of 16 channels; points are rows of a tile, which
must be equally far apart. So the points of a block are numbered along memory: pixels of an image that is as wide as
the result and what windows overlap behind it, row after row, of which those behind the end of a row are dropped. With
steps of more than a pixel, rows and columns are taken apart by their remainders, and each part is such an image.

A 1x1 convolution reads its image in place. For others a workgroup copies what it needs of the image, zeros around it,
and no step is left out at the border: to copy is little work, and the rest knows of no borders. Where a pixel's bytes
are no multiple of a step's, the last step begins earlier, and the bytes that it has in common with the one before are
zeros in the copy.

A block is 32 points by 32 channels, in four registers; two have the points of a step and two its channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from webtensorc_kernels import tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.panels import TOGETHER, WIDTH, Matrix
from webtensorc_kernels.tile_steps import Parts, Steps

__all__ = ["generate"]

_POINTS = 2 * tiles.ROWS
"""Of a block."""
_LANES = tiles.BYTES // 4
_SUMS = 4
"""Words whose sums are independent, so that none waits for the one before."""
_ROW = WIDTH * 4
"""Bytes from a row of a panel, or of a block's sums, to the next one."""


def generate(problem: Convolution, steps: Steps, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: as for `integer`; results: y, then scratch of no meaning."""
    return Writer(problem, steps, epilogue, code).kernel()


class Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, steps: Steps, epilogue: Epilogue, code: Code) -> None:
        problem = problem.flat()
        plain = problem.is_product
        if plain:  # rows of one point each, which may be divided anywhere
            problem = problem.over(problem.columns, problem.rows)
        self.problem, self.steps, self.epilogue, self.code = p, s, e, code = problem, steps, epilogue, code
        self.in_place = plain and not s.overlap and p.points >= _POINTS
        self.rows, self.columns = Parts.of(p.rows), Parts.of(p.columns)
        self.pitch = p.out[1] + self.columns.beyond
        self.pixel = p.channels if len(s.taps) < p.taps else s.count * s.width
        self.panels = Matrix("%w", p.taps * p.channels // TOGETHER, p.outputs, packed=True, element="i32")
        self.blocks = self.panels.view.shape[0]
        self.extent = -(-p.points // _POINTS) if self.in_place else p.batch * p.out[0]
        self.across, self.down = self._grid()
        groups = self.across * self.down
        most = -(-self.extent // self.down) + self.rows.beyond
        self.part = (most + 1) * self.pitch + _POINTS
        size = len(self.rows.used) * len(self.columns.used) * self.part * self.pixel
        self.x = View("%x", (p.batch * p.image[0] * p.image[1] * p.channels,), "i8")
        self.w = self.panels.view
        self.y = e.result(p.points, p.outputs)
        self.operands = e.views(p.points, p.outputs)
        self.image = self.x if self.in_place else View("%image", (groups * size,), "i8")
        self.size = 0 if self.in_place else size
        self.begin = View("%begin", (groups, WIDTH), "i32")
        self.sums = View("%sums", (groups, _POINTS, WIDTH), "i32")
        self.shapes = View("%shapes", (groups, tiles.BYTES), "i8")

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, s = self.problem, self.steps
        how = "in place" if self.in_place else "copied"
        why = f"tiles, {len(s.taps)}x{s.count} steps of {s.width} bytes {how}, {self.across}x{self.down} workgroups"
        scratch = [self.begin, self.sums, self.shapes, *([] if self.in_place else [self.image])]
        views = [self.x, self.w, *self.operands, self.y, *scratch]
        flops, grid = p.flops + self.epilogue.flops * p.points * p.outputs, (self.across, self.down, 1)
        return write(self.code, views, grid, self._workgroup, flops=flops, results=1 + len(scratch), why=why)

    def _grid(self) -> tuple[int, int]:
        """Workgroups along channels and along rows: what is larger is divided, weights or image."""
        p = self.problem
        flops = p.flops // 32
        if p.taps * p.outputs > p.batch * p.image[0] * p.image[1]:
            return split(first=self.blocks, second=self.extent, flops=flops)
        down, across = split(first=self.extent, second=self.blocks, flops=flops)
        return across, down

    def _workgroup(self, where: Workgroup) -> None:
        """Some rows of the result (or blocks of points, in place), for some blocks of channels."""
        code, p, s = self.code, self.problem, self.steps
        number = code.add(code.multiply(where.y, self.across), where.x)
        sums, points, channels = (tiles.ROWS, _ROW // 2), (tiles.ROWS, s.width), (s.width // TOGETHER, tiles.BYTES)
        code.use_tiles([sums] * 4 + [points] * 2 + [channels] * 2, self.shapes, number, 0)
        low, high = share(code, where.y, self.extent, self.down)
        mine = share(code, where.x, self.blocks, self.across)
        if self.in_place:
            self._channels(number, mine, (low, high), lambda block: self._adjacent(block))
        else:

            def image(n: Index, _: list[str]) -> list[str]:
                first = code.larger(0, code.subtract(low, code.multiply(n, p.out[0]))) if p.batch > 1 else low
                last = code.smaller(p.out[0], code.subtract(high, code.multiply(n, p.out[0])))
                rows = code.subtract(last if p.batch > 1 else high, first)
                self._copy(number, n, first, rows)
                points = code.multiply(rows, self.pitch)
                blocks = code.quotient(code.add(points, _POINTS - 1), _POINTS)
                base = code.multiply(code.add(code.multiply(n, p.out[0]), first), p.out[1])
                self._channels(number, mine, (0, blocks), lambda block: self._in_rows(block, base, rows))
                return []

            images = (code.quotient(low, p.out[0]), code.quotient(code.add(high, p.out[0] - 1), p.out[0]))
            code.loop(*(images if p.batch > 1 else (0, 1)), image)
        code.release_tiles()

    def _channels(
        self,
        number: Index,
        mine: tuple[Index, Index],
        blocks: tuple[Index, Index],
        where: Callable[[Index], tuple[Index, _Rows]],
    ) -> None:
        """All blocks of points for each block of channels."""
        code = self.code

        def panel(panel: Index, _: list[str]) -> list[str]:
            self._begin(number, panel)
            first = code.smaller(code.multiply(panel, WIDTH), self.problem.outputs - WIDTH)
            channels = [code.add(first, j) for j in range(0, WIDTH, _LANES)]
            known = [self.epilogue.by_channel(code, each, self.operands) for each in channels]

            def block(index: Index, _: list[str]) -> list[str]:
                first, rows = where(index)
                self._block(number, first, panel)
                rows(lambda i, point: self._finish(number, i, [Place(point, each) for each in channels], known))
                return []

            code.loop(*blocks, block)
            return []

        code.loop(*mine, panel)

    def _adjacent(self, block: Index) -> tuple[Index, _Rows]:
        """The first point of a block of points that all are results, and a loop over them."""
        code = self.code
        first = code.smaller(code.multiply(block, _POINTS), self.problem.points - _POINTS)

        def rows(body: _Body) -> None:
            code.loop(0, _POINTS, lambda i, _: body(i, code.add(first, i)))

        return first, rows

    def _in_rows(self, block: Index, base: Index, extent: Index) -> tuple[Index, _Rows]:
        """The same, where points behind the end of a row, and behind the last one of `extent` rows, are none."""
        code, pitch, width = self.code, self.pitch, self.problem.out[1]
        first = code.multiply(block, _POINTS)
        beyond = code.add(first, _POINTS)

        def rows(body: _Body) -> None:
            if pitch == width:
                left = code.subtract(code.multiply(extent, width), first)
                at = code.add(base, first)
                code.loop(0, code.smaller(_POINTS, left), lambda i, _: body(i, code.add(at, i)))
                return

            def row(oh: Index, _: list[str]) -> list[str]:
                start = code.multiply(oh, pitch)
                low = code.larger(start, first)
                high = code.smaller(code.add(start, width), beyond)
                to = code.subtract(code.add(base, code.multiply(oh, width)), start)
                code.loop(low, high, lambda f, _: body(code.subtract(f, first), code.add(to, f)))
                return []

            last = code.quotient(code.add(beyond, pitch - 1), pitch)
            code.loop(code.quotient(first, pitch), code.smaller(last, extent), row)

        return first, rows

    def _copy(self, number: Index, n: Index, first: Index, rows: Index) -> None:
        """What `rows` rows of results from `first` on need of image `n`, with zeros around it."""
        code, p = self.code, self.problem
        parts = product(enumerate(self.rows.used), enumerate(self.columns.used))
        for part, ((_, down), (_, right)) in enumerate(parts):
            start = code.add(code.multiply(number, self.size), part * self.part * self.pixel)
            height = code.add(rows, self.rows.beyond)
            low, high = self.rows.inside(code, down, first, height)
            left, end = self.columns.inside(code, right, 0, self.pitch)

            def row(
                r: Index,
                _: list[str],
                at: tuple[Index, int, int, Index, Index] = (start, down, right, left, end),
            ) -> list[str]:
                start, down, right, left, end = at
                to = code.add(start, code.multiply(r, self.pitch * self.pixel))
                line = code.add(code.multiply(code.add(first, r), p.strides[0]), down - p.padding[0])
                line = code.add(code.multiply(n, p.image[0]), line)
                column = right - p.padding[1]
                source = code.multiply(code.add(code.multiply(line, p.image[1]), column), p.channels)
                self._clear(to, 0, left)
                step = p.strides[1] * p.channels
                code.loop(left, end, lambda c, _: self._pixel(code.add(source, code.multiply(c, step)), to, c))
                self._clear(to, end, self.pitch)
                return []

            def border(r: Index, _: list[str], start: Index = start) -> list[str]:
                self._clear(code.add(start, code.multiply(r, self.pitch * self.pixel)), 0, self.pitch)
                return []

            code.loop(0, low, border)
            code.loop(low, high, row)
            code.loop(high, height, border)

    def _clear(self, to: Index, low: Index, high: Index) -> None:
        code = self.code

        def pixel(c: Index, _: list[str]) -> list[str]:
            for at in range(0, self.pixel, tiles.BYTES):
                there = code.add(code.add(to, code.multiply(c, self.pixel)), at)
                code.clear(min(tiles.BYTES, self.pixel - at), self.image, there)
            return []

        code.loop(low, high, pixel)

    def _pixel(self, source: Index, to: Index, column: Index) -> list[str]:
        code, s, run = self.code, self.steps, self.problem.channels
        there = code.add(to, code.multiply(column, self.pixel))
        pieces = [(at, at, 0) for at in range(0, self.pixel, tiles.BYTES)]
        if self.pixel > run:
            pieces[-1] = (run - s.width, self.pixel - s.width, s.overlap)
        for begin, at, skip in pieces:
            count = min(tiles.BYTES, self.pixel - at)
            code.copy(count, self.x, (code.add(source, begin),), self.image, (code.add(there, at),), skip)
        return []

    def _begin(self, number: Index, panel: Index) -> None:
        """Store what the results of a block of channels begin with: -128 for each weight."""
        code, vectors, words = self.code, range(WIDTH // _LANES), self.panels.rows
        ones = code.ones()

        def some(count: int) -> Callable[[Index, list[str]], list[str]]:
            def body(word: Index, sums: list[str]) -> list[str]:
                places = [(i, j) for i in range(count) for j in vectors]
                found = [
                    code.dot(each, ones, code.load(self.w, panel, code.add(word, i), j * _LANES))
                    for each, (i, j) in zip(sums, places, strict=False)
                ]
                return [*found, *sums[len(found) :]]

            return body

        whole = words // _SUMS * _SUMS
        sums = [code.number("0 : i32")] * (_SUMS * len(vectors))
        sums = code.loop(0, whole, some(_SUMS), sums, step=_SUMS, element="i32")
        sums = some(words - whole)(whole, sums) if words > whole else sums
        for j in vectors:
            total = sums[j]
            for other in sums[j + len(vectors) :: len(vectors)]:
                total = code.apply("arith.addi", (total, other), "", ("i32",) * 3)
            begin = code.apply("arith.muli", (total, code.number("-128 : i32")), "", ("i32",) * 3)
            code.store(begin, self.begin, number, j * _LANES)

    def _block(self, number: Index, first: Index, panel: Index) -> None:
        """The sums of a block."""
        code, s = self.code, self.steps
        half = WIDTH // 2
        for j in (0, 1):
            code.load_tile(j, self.begin, (number, j * half), 0)
            code.load_tile(2 + j, self.begin, (number, j * half), 0)
        start = code.add(code.multiply(number, self.size), code.multiply(first, self.pixel))
        for tap, (kh, kw) in enumerate(s.taps):
            (down, below), (right, behind) = self.rows.tap(kh), self.columns.tap(kw)
            part = down * len(self.columns.used) + right
            at = code.add(start, (part * self.part + below * self.pitch + behind) * self.pixel)

            def step(index: Index, _: list[str], at: Index = at, tap: int = tap) -> list[str]:
                word = code.multiply(index, s.width)
                word = word if not s.overlap else code.smaller(word, s.run - s.width)
                row = code.add(code.quotient(word, TOGETHER), tap * s.run // TOGETHER)
                here = code.add(at, code.multiply(index, s.width))
                for i in (0, 1):
                    below = code.add(here, i * tiles.ROWS * self.pixel)
                    code.load_tile(4 + i, self.image, (below,), self.pixel)
                for j in (0, 1):
                    code.load_tile(6 + j, self.w, (panel, row, j * half), _ROW)
                for i, j in product((0, 1), (0, 1)):
                    code.multiply_tiles(2 * i + j, 4 + i, 6 + j)
                return []

            code.loop(0, s.count, step)
        for i, j in product((0, 1), (0, 1)):
            code.store_tile(2 * i + j, self.sums, (number, i * tiles.ROWS, j * half), _ROW)

    def _finish(
        self, number: Index, i: Index, places: Sequence[Place], known: Sequence[Mapping[int, str]]
    ) -> list[str]:
        """Apply the epilogue to one point of a block and store it."""
        code, e = self.code, self.epilogue
        for j, (place, given) in enumerate(zip(places, known, strict=True)):
            sums = code.load(self.sums, number, i, j * _LANES)
            found = e.emit(code, sums, place, self.operands, given)
            code.store(found, self.y, *e.spot(code, place.point, place.channel))
        return []


_Body = Callable[[Index, Index], list[str]]
"""`body(row of the block, point)`."""
_Rows = Callable[[_Body], None]
"""Goes through the rows of a block that are results."""
