"""3x3 convolutions of stride 1 by Winograd's algorithms: for 4x4 results 36 products where the definition has 144.

A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, 2015, section 4.1; B, G, A are in `toom_cook`:

    Y = A^T [ (G g G^T) * (B^T d B) ] A        d: 6x6 window, g: 3x3 weights, Y: 4x4 results

(or of a 4x4 window for 2x2 results: 16 products where the definition has 36, but less than half the weights). Each of
the elementwise products, summed over the channels, is a matrix product of tiles x channels by channels x outputs. A
workgroup takes some blocks of tile rows and some blocks of output channels:

    for each block of tile rows:        v = B^T d B                for all channels
      for each block of outputs:
        for each chunk of channels:     u = G g G^T;  m += v * u   16 or 36 matrix products
        y = epilogue(A^T m A)

Transformed weights are four times as many, or 16/9. Where there is memory for them they are made once, when the module
is loaded (`winograd_weights`), and all channels are one chunk; where they are too many for the second-level cache, each
product fetches those of the next one. Else they are made where they are used, which is dear if there are few tiles.

Where the tile does not divide the result, the last tiles begin earlier and compute some results twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share
from webtensorc_kernels.panels import LINE
from webtensorc_kernels.winograd_blocking import Blocking
from webtensorc_kernels.winograd_weights import block, given, panels, transform

__all__ = ["generate"]


def generate(problem: Convolution, blocking: Blocking, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands as for the direct one; results: y, then scratch of no meaning."""
    return _Writer(problem, blocking, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, blocking: Blocking, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.blocking, self.epilogue, self.code = problem, blocking, epilogue, code
        p, tile, self.algorithm = problem, blocking.tile, blocking.algorithm
        self.down, self.along = (tile_starts(extent, self.algorithm.results) for extent in p.out)
        self.rows = blocking.tile_rows * len(self.along)
        self.row_blocks = -(-len(self.down) // blocking.tile_rows)
        self.groups = -(-p.outputs // tile.channels)
        workgroups = blocking.grid[0] * blocking.grid[1]
        self.x = View("%x", (p.batch, *p.image, p.channels))
        self.operands = epilogue.views(p.points, p.outputs)
        self.y = epilogue.result(p.points, p.outputs)
        self.w = given(p)
        self.u = panels("%u", workgroups, blocking.chunk, blocking)
        if p.transformed:
            self.u = panels("%w", self.groups, p.channels, blocking)
        even = p.channels % 2 == blocking.chunk % 2 == 0
        self.turn = code.turn(tile.vectors) if even else 1
        # A round with one row of weights has no room for that.
        far = 4 * math.prod(self.u.shape) > code.second_level
        self.fetches = bool(p.transformed) and far and self.turn > 1
        # As in panels of weights, a line more for each product.
        self.v = View("%v", (workgroups, self.algorithm.products, self.rows * p.channels + tile.lanes))
        self.m = View("%m", (workgroups, self.algorithm.products, self.rows * tile.channels + tile.lanes))

    def kernel(self) -> Kernel:
        p, b, size = self.problem, self.blocking, self.algorithm.results
        weights = "weights transformed at load" if p.transformed else f"chunks of {b.chunk} channels"
        why = (
            f"Winograd F({size}x{size}, 3x3), {b.tile.points}x{b.tile.vectors} vectors of {b.tile.lanes}, "
            f"{b.tile_rows} rows of tiles, {weights}, {b.grid[0]}x{b.grid[1]} workgroups"
        )
        scratch = [self.v, self.m] if p.transformed else [self.v, self.u, self.m]
        views = [self.x, self.u if p.transformed else self.w.view, *self.operands, self.y, *scratch]
        flops = int(p.flops / self.algorithm.saving) + self.epilogue.flops * p.points * p.outputs
        return write(self.code, views, (*b.grid, 1), self._workgroup, flops=flops, results=1 + len(scratch), why=why)

    def _workgroup(self, where: Workgroup) -> None:
        code, b, p = self.code, self.blocking, self.problem
        mine = code.add(code.multiply(where.y, b.grid[0]), where.x)

        def rows(number: Index, _: list[str]) -> list[str]:
            image = code.quotient(number, self.row_blocks) if p.batch > 1 else 0
            row = code.remainder(number, self.row_blocks) if p.batch > 1 else number
            first = code.smaller(code.multiply(row, b.tile_rows), len(self.down) - b.tile_rows)
            self._transform_input(mine, image, first)

            def group(number: Index, _: list[str]) -> list[str]:
                channel = block(code, number, p, b.tile)
                self._multiply(mine, number, channel)
                self._transform_output(mine, image, first, channel)
                return []

            code.loop(*share(code, where.x, self.groups, b.grid[0]), group)
            return []

        code.loop(*share(code, where.y, self.row_blocks * p.batch, b.grid[1]), rows)

    # v = B^T d B

    def _transform_input(self, mine: Index, image: Index, first: Index) -> None:
        code, p, lanes, size = self.code, self.problem, self.code.lanes, self.algorithm.window

        def tile_row(ty: Index, _: list[str]) -> list[str]:
            top = code.subtract(self._start(code.add(first, ty), p.out[0]), p.padding[0])
            lines = [code.add(top, r) for r in range(size)]
            inside = [code.is_below(line, p.image[0]) for line in lines]
            lines = [code.larger(0, code.smaller(line, p.image[0] - 1)) for line in lines]

            def one(tx: Index, left: Index, columns: Sequence[bool]) -> None:
                here = code.multiply(code.add(code.multiply(ty, len(self.along)), tx), p.channels)

                def channels(number: Index, _: list[str]) -> list[str]:
                    c = code.smaller(code.multiply(number, lanes), p.channels - lanes)
                    window = []
                    for line, is_in in zip(lines, inside, strict=True):
                        cells = [
                            code.zero_unless(is_in, code.load(self.x, image, line, code.add(left, i), c))
                            if ok
                            else code.zero()
                            for i, ok in enumerate(columns)
                        ]
                        window.append(self.algorithm.input_transform(code, cells))
                    for j in range(size):
                        column = self.algorithm.input_transform(code, [window[r][j] for r in range(size)])
                        for r in range(size):
                            code.store(column[r], self.v, mine, r * size + j, code.add(here, c))
                    return []

                code.loop(0, -(-p.channels // lanes), channels)

            self._columns(one)
            return []

        code.loop(0, self.blocking.tile_rows, tile_row)

    def _columns(self, body: Callable[[Index, Index, Sequence[bool]], None]) -> None:
        """All tiles of a row: those with the same columns inside the image are one loop."""
        code, p = self.code, self.problem
        runs: list[tuple[int, int, tuple[bool, ...]]] = []
        for number, start in enumerate(self.along):
            columns = (start - p.padding[1] + i for i in range(self.algorithm.window))
            inside = tuple(0 <= column < p.image[1] for column in columns)
            if runs and runs[-1][2] == inside and all(inside):
                runs[-1] = (runs[-1][0], number + 1, inside)
            else:
                runs.append((number, number + 1, inside))
        for first, beyond, inside in runs:

            def tile(tx: Index, _: list[str], inside: tuple[bool, ...] = inside) -> list[str]:
                body(tx, code.subtract(self._start(tx, p.out[1]), p.padding[1]), inside)
                return []

            code.loop(first, beyond, tile)

    def _start(self, number: Index, extent: int) -> Index:
        """The first result of a tile's row or column."""
        size = self.algorithm.results
        return self.code.smaller(self.code.multiply(number, size), extent - size)

    # m = v * u

    def _multiply(self, mine: Index, number: Index, channel: Index) -> None:
        """All products of a block of outputs, with weights that are transformed already, or some channels at a time."""
        code, p, chunk = self.code, self.problem, self.blocking.chunk
        if p.transformed:
            self._products(mine, number, (0, p.channels), begins=True)
            return

        def one(first: Index, count: Index, *, begins: bool) -> None:
            transform(code, self.blocking, self.w, self.u, mine, channel, (first, count))
            self._products(mine, mine, (first, count), begins=begins)

        def later(number: Index, _: list[str]) -> list[str]:
            first = code.multiply(number, chunk)
            one(first, code.smaller(chunk, code.subtract(p.channels, first)), begins=False)
            return []

        one(0, chunk, begins=True)
        code.loop(1, -(-p.channels // chunk), later)

    def _products(self, mine: Index, panel: Index, part: tuple[Index, Index], *, begins: bool) -> None:
        def product(f: Index, _: list[str]) -> list[str]:
            self._product(mine, panel, f, part, begins=begins)
            return []

        self.code.loop(0, self.algorithm.products, product)

    def _product(self, mine: Index, panel: Index, f: Index, part: tuple[Index, Index], *, begins: bool) -> None:
        """Product number `f` for a part of the channels, those of one panel of weights."""
        code, tile, (first, count) = self.code, self.blocking.tile, part

        following = self._following(panel, f) if self.fetches else None

        def rows(number: Index, row: Index, points: int) -> None:
            here = code.multiply(row, tile.channels)
            places = [code.add(here, i * tile.lanes) for i in range(points * tile.vectors)]
            sums = [code.zero() if begins else code.load(self.m, mine, f, place) for place in places]
            values = code.add(code.multiply(row, self.problem.channels), first)

            def step(c: Index, carried: list[str]) -> list[str]:
                there = code.multiply(c, tile.channels)
                weights = [code.load(self.u, panel, f, code.add(there, j * tile.lanes)) for j in range(tile.vectors)]
                out = []
                for i in range(points):
                    value = code.broadcast(self.v, mine, f, code.add(code.add(values, i * self.problem.channels), c))
                    out += [code.multiply_add(value, w, carried[i * tile.vectors + j]) for j, w in enumerate(weights)]
                return out

            def before(c: Index, count: int) -> None:
                if following:
                    self._fetch(following, number, c, count)

            sums = code.loop_over_rows(self.turn, 0, count, step, sums, before)
            for value, place in zip(sums, places, strict=True):
                code.store(value, self.m, mine, f, place)

        def whole(number: Index, _: list[str]) -> list[str]:
            rows(number, code.multiply(number, tile.points), tile.points)
            return []

        code.loop(0, self.rows // tile.points, whole)
        if rest := self.rows % tile.points:
            rows(self.rows // tile.points, self.rows - rest, rest)

    def _following(self, panel: Index, f: Index) -> tuple[Index, Index]:
        """The panel and the product that come after."""
        code, count = self.code, self.algorithm.products
        after = code.add(code.add(code.multiply(panel, count), f), 1)
        after = code.smaller(after, self.u.shape[0] * count - 1)
        return code.quotient(after, count), code.remainder(after, count)

    def _fetch(self, panel: tuple[Index, Index], number: Index, c: Index, count: int) -> None:
        """Bring a piece of a product's weights near; over all channels and tiles the pieces are all of them."""
        code, tile, channels = self.code, self.blocking.tile, self.problem.channels
        piece = -(-tile.channels // -(-self.rows // tile.points))
        begin = code.smaller(code.multiply(number, channels * piece), channels * (tile.channels - piece))
        at = code.add(begin, code.multiply(c, piece))
        for line in range(0, count * piece, LINE):
            code.prefetch(self.u, *panel, code.add(at, line), level=2)

    # y = epilogue(A^T m A)

    def _transform_output(self, mine: Index, image: Index, first: Index, channel: Index) -> None:
        code, p, tile = self.code, self.problem, self.blocking.tile

        def tile_row(ty: Index, _: list[str]) -> list[str]:
            top = code.add(code.multiply(image, p.out[0]), self._start(code.add(first, ty), p.out[0]))

            def one(tx: Index, _: list[str]) -> list[str]:
                row = code.add(code.multiply(ty, len(self.along)), tx)
                left = self._start(tx, p.out[1])
                points = [
                    code.add(code.multiply(code.add(top, r), p.out[1]), left) for r in range(self.algorithm.results)
                ]
                for j in range(tile.vectors):
                    self._results(mine, row, j * tile.lanes, points, code.add(channel, j * tile.lanes))
                return []

            code.loop(0, len(self.along), one)
            return []

        code.loop(0, self.blocking.tile_rows, tile_row)

    def _results(self, mine: Index, row: Index, lane: int, points: Sequence[Index], channel: Index) -> None:
        """The results of one tile, for one vector of channels; `points` are the first of each row."""
        code = self.code
        here = code.add(code.multiply(row, self.blocking.tile.channels), lane)
        window, results = self.algorithm.window, self.algorithm.results
        m = [[code.load(self.m, mine, r * window + i, here) for i in range(window)] for r in range(window)]
        lines = [self.algorithm.output_transform(code, line) for line in m]
        columns = [self.algorithm.output_transform(code, [line[i] for line in lines]) for i in range(results)]
        values = [columns[i][r] for r in range(results) for i in range(results)]
        finish(code, self.epilogue, Block(tuple(points), results, (channel,)), values, self.operands, self.y)
