"""3x3 convolutions of stride 1 by Winograd's algorithm F(4x4, 3x3): 36 products where the definition has 144.

A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, 2015, section 4.1; B, G, A are in `toom_cook`:

    Y = A^T [ (G g G^T) * (B^T d B) ] A        d: 6x6 window, g: 3x3 weights, Y: 4x4 results

Each of the 36 elementwise products, summed over the channels, is a matrix product of tiles x channels by channels x
outputs. Weights are transformed where they are used: that costs a few per cent, and transformed ones are four times as
much to store and to read. A workgroup takes some blocks of tile rows and some blocks of output channels:

    for each block of tile rows:        v = B^T d B                for all channels
      for each block of outputs:
        for each chunk of channels:     u = G g G^T;  m += v * u   36 matrix products
        y = epilogue(A^T m A)

Where 4 does not divide the result, the last tiles begin earlier and compute some results twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Axis, Convolution, Tile, choose, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.toom_cook import error, input_transform, output_transform, weight_transform

__all__ = ["Blocking", "generate", "plan"]

_OUT, _IN, _PRODUCTS = 4, 6, 36
_INPUT, _WEIGHTS, _OUTPUT = 300, 300, 250
"""Vector instructions for one transformation of a vector of channels, loads and stores included."""
_TOLERATED = 3.0
"""The largest error, as a multiple of the definition's, at which the algorithm is used."""
_GAIN = 1.15
"""How much less work than the direct convolution it must be."""


@dataclass(frozen=True)
class Blocking:
    """Sizes of the loops.

    Attributes:
        tile: rows (of tiles) and vectors of outputs in registers.
        tile_rows: rows of 4x4 tiles that a block transforms at once.
        chunk: channels whose weights are transformed at once.
        grid: workgroups along the outputs and along the blocks of tile rows.
    """

    tile: Tile
    tile_rows: int
    chunk: int
    grid: tuple[int, int]


def plan(problem: Convolution, machine: Machine) -> Blocking | None:
    """The blocking with the least estimated work; None if the direct convolution is better or the only one."""
    p, lanes = problem, machine.lanes
    if (p.kernel, p.strides, p.dilations, p.groups, p.depth) != ((3, 3), (1, 1), (1, 1), 1, Axis()):
        return None
    if min(p.out) < _OUT or min(p.channels, p.outputs) < lanes or error(p.channels) > _TOLERATED:
        return None
    down, along = (len(tile_starts(extent, _OUT)) for extent in p.out)
    best: tuple[float, Blocking] | None = None
    for tile_rows in range(1, min(down, 16) + 1):
        rows = tile_rows * along
        tile = choose(Convolution.product(rows, p.channels, p.outputs), machine, overlapping=True)
        if tile is None or tile.lanes != lanes:
            return None
        blocks = p.batch * -(-down // tile_rows)
        chunk = _chunk(p.channels, tile, machine)
        for grid in _grids(-(-p.outputs // tile.channels), blocks):
            work = _work(p, tile, rows, blocks, grid, machine)
            if best is None or work < best[0]:
                best = work, Blocking(tile, tile_rows, chunk, grid)
    direct = 9 * p.points * p.channels * -(-p.outputs // lanes) * _shared(2)
    return best[1] if best and best[0] * _GAIN < direct else None


def _chunk(channels: int, tile: Tile, machine: Machine) -> int:
    """Channels per chunk: equal chunks whose transformed weights fill at most a third of the second-level cache."""
    most = max(8, machine.second_level // 3 // (_PRODUCTS * tile.channels * 4))
    return -(-channels // -(-channels // most))


def _grids(across: int, blocks: int) -> list[tuple[int, int]]:
    """Even numbers of workgroups that two, four or more workers share fairly."""
    few = [(x, y) for x in range(1, across + 1) for y in range(1, blocks + 1) if x * y in (2, 4, 6, 8, 12, 14)]
    return few or [(1, 1)]


def _work(p: Convolution, tile: Tile, rows: int, blocks: int, grid: tuple[int, int], machine: Machine) -> float:
    """Vector instructions of the busiest worker: the geometric mean of those of a single one and of one of two."""
    lanes = tile.lanes
    across = -(-p.outputs // tile.channels)
    inputs = _INPUT * rows * -(-p.channels // lanes)
    of_group = (
        _PRODUCTS * -(-rows // tile.points) * tile.points * p.channels * tile.vectors
        + _WEIGHTS * p.channels * tile.vectors
        + _OUTPUT * rows * tile.vectors
    )
    too_much = 1.2 if _PRODUCTS * rows * p.channels * 4 > machine.second_level else 1.0
    mine = -(-blocks // grid[1]) * (inputs + too_much * of_group * -(-across // grid[0]))
    groups = grid[0] * grid[1]
    return mine * groups * _shared(groups)


def _shared(groups: int) -> float:
    """What part of the work of so many equal workgroups is one worker's, in the mean of one and two workers."""
    return math.sqrt(-(-groups // 2) / groups)


def generate(problem: Convolution, blocking: Blocking, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands as for the direct one; results: y, then scratch of no meaning."""
    return _Writer(problem, blocking, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, blocking: Blocking, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.blocking, self.epilogue, self.code = problem, blocking, epilogue, code
        p, tile = problem, blocking.tile
        self.down, self.along = (tile_starts(extent, _OUT) for extent in p.out)
        self.rows = blocking.tile_rows * len(self.along)
        self.row_blocks = -(-len(self.down) // blocking.tile_rows)
        self.groups = -(-p.outputs // tile.channels)
        workgroups = blocking.grid[0] * blocking.grid[1]
        self.x = View("%x", (p.batch, *p.image, p.channels))
        self.w = View("%w", (3, 3, p.channels, p.outputs))
        self.operands = epilogue.views(p.points, p.outputs)
        self.y = epilogue.result(p.points, p.outputs)
        # A line more for each product: at multiples of 4 KiB all 36 would share a set of the first-level cache.
        self.v = View("%v", (workgroups, _PRODUCTS, self.rows * p.channels + tile.lanes))
        self.u = View("%u", (workgroups, _PRODUCTS, blocking.chunk * tile.channels + tile.lanes))
        self.m = View("%m", (workgroups, _PRODUCTS, self.rows * tile.channels + tile.lanes))

    def kernel(self) -> Kernel:
        p, b = self.problem, self.blocking
        why = (
            f"Winograd F(4x4, 3x3), {b.tile.points}x{b.tile.vectors} vectors of {b.tile.lanes}, {b.tile_rows} rows of "
            f"tiles, chunks of {b.chunk} channels, {b.grid[0]}x{b.grid[1]} workgroups"
        )
        views = [self.x, self.w, *self.operands, self.y, self.v, self.u, self.m]
        flops = p.flops // 4 + self.epilogue.flops * p.points * p.outputs
        return write(self.code, views, (*b.grid, 1), self._workgroup, flops=flops, results=4, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        code, b, p = self.code, self.blocking, self.problem
        mine = code.add(code.multiply(where.y, b.grid[0]), where.x)

        def block(number: Index, _: list[str]) -> list[str]:
            image = code.quotient(number, self.row_blocks) if p.batch > 1 else 0
            row = code.remainder(number, self.row_blocks) if p.batch > 1 else number
            first = code.smaller(code.multiply(row, b.tile_rows), len(self.down) - b.tile_rows)
            self._transform_input(mine, image, first)

            def group(number: Index, _: list[str]) -> list[str]:
                channel = code.smaller(code.multiply(number, b.tile.channels), p.outputs - b.tile.channels)
                self._multiply(mine, channel)
                self._transform_output(mine, image, first, channel)
                return []

            code.loop(*share(code, where.x, self.groups, b.grid[0]), group)
            return []

        code.loop(*share(code, where.y, self.row_blocks * p.batch, b.grid[1]), block)

    # v = B^T d B

    def _transform_input(self, mine: Index, image: Index, first: Index) -> None:
        code, p, lanes = self.code, self.problem, self.code.lanes

        def tile_row(ty: Index, _: list[str]) -> list[str]:
            top = code.subtract(self._start(code.add(first, ty), p.out[0]), p.padding[0])
            lines = [code.add(top, r) for r in range(_IN)]
            inside = [code.is_below(line, p.image[0]) for line in lines]
            lines = [code.larger(0, code.smaller(line, p.image[0] - 1)) for line in lines]

            def one(tx: Index, left: Index, columns: Sequence[bool]) -> None:
                row = code.add(code.multiply(ty, len(self.along)), tx)

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
                        window.append(input_transform(code, cells))
                    for j in range(_IN):
                        column = input_transform(code, [window[r][j] for r in range(_IN)])
                        for r in range(_IN):
                            code.store(
                                column[r], self.v, mine, r * _IN + j, code.add(code.multiply(row, p.channels), c)
                            )
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
            inside = tuple(0 <= start - p.padding[1] + i < p.image[1] for i in range(_IN))
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
        return self.code.smaller(self.code.multiply(number, _OUT), extent - _OUT)

    # m = v * u

    def _multiply(self, mine: Index, channel: Index) -> None:
        code, p, chunk = self.code, self.problem, self.blocking.chunk
        chunks = -(-p.channels // chunk)

        def one(first: Index, count: Index, *, begins: bool) -> None:
            self._transform_weights(mine, channel, first, count)

            def product(f: Index, _: list[str]) -> list[str]:
                self._product(mine, f, first, count, begins=begins)
                return []

            code.loop(0, _PRODUCTS, product)

        one(0, min(chunk, p.channels), begins=True)

        def later(number: Index, _: list[str]) -> list[str]:
            first = code.multiply(number, chunk)
            one(first, code.smaller(chunk, code.subtract(p.channels, first)), begins=False)
            return []

        code.loop(1, chunks, later)

    def _transform_weights(self, mine: Index, channel: Index, first: Index, count: Index) -> None:
        code, tile = self.code, self.blocking.tile

        def one(c: Index, _: list[str]) -> list[str]:
            here = code.multiply(c, tile.channels)
            for j in range(tile.vectors):
                at = code.add(channel, j * tile.lanes)
                g = [[code.load(self.w, kh, kw, code.add(first, c), at) for kw in range(3)] for kh in range(3)]
                rows = [weight_transform(code, row) for row in g]
                for i in range(_IN):
                    column = weight_transform(code, [row[i] for row in rows])
                    for r in range(_IN):
                        code.store(column[r], self.u, mine, r * _IN + i, code.add(here, j * tile.lanes))
            return []

        code.loop(0, count, one)

    def _product(self, mine: Index, f: Index, first: Index, count: Index, *, begins: bool) -> None:
        """Product number `f` for one chunk of channels."""
        code, tile = self.code, self.blocking.tile

        def rows(row: Index, points: int) -> None:
            here = code.multiply(row, tile.channels)
            places = [code.add(here, i * tile.lanes) for i in range(points * tile.vectors)]
            sums = [code.zero() if begins else code.load(self.m, mine, f, place) for place in places]
            values = code.add(code.multiply(row, self.problem.channels), first)

            def step(c: Index, carried: list[str]) -> list[str]:
                there = code.multiply(c, tile.channels)
                weights = [code.load(self.u, mine, f, code.add(there, j * tile.lanes)) for j in range(tile.vectors)]
                out = []
                for i in range(points):
                    value = code.broadcast(self.v, mine, f, code.add(code.add(values, i * self.problem.channels), c))
                    out += [code.multiply_add(value, w, carried[i * tile.vectors + j]) for j, w in enumerate(weights)]
                return out

            for value, place in zip(code.loop(0, count, step, sums), places, strict=True):
                code.store(value, self.m, mine, f, place)

        def whole(number: Index, _: list[str]) -> list[str]:
            rows(code.multiply(number, tile.points), tile.points)
            return []

        code.loop(0, self.rows // tile.points, whole)
        if rest := self.rows % tile.points:
            rows(self.rows - rest, rest)

    # y = epilogue(A^T m A)

    def _transform_output(self, mine: Index, image: Index, first: Index, channel: Index) -> None:
        code, p, tile = self.code, self.problem, self.blocking.tile

        def tile_row(ty: Index, _: list[str]) -> list[str]:
            top = code.add(code.multiply(image, p.out[0]), self._start(code.add(first, ty), p.out[0]))

            def one(tx: Index, _: list[str]) -> list[str]:
                row = code.add(code.multiply(ty, len(self.along)), tx)
                left = self._start(tx, p.out[1])
                points = [code.add(code.multiply(code.add(top, r), p.out[1]), left) for r in range(_OUT)]
                for j in range(tile.vectors):
                    self._results(mine, row, j * tile.lanes, points, code.add(channel, j * tile.lanes))
                return []

            code.loop(0, len(self.along), one)
            return []

        code.loop(0, self.blocking.tile_rows, tile_row)

    def _results(self, mine: Index, row: Index, lane: int, points: Sequence[Index], channel: Index) -> None:
        """The 4x4 results of one tile, for one vector of channels; `points` are the first of each row."""
        code = self.code
        here = code.add(code.multiply(row, self.blocking.tile.channels), lane)
        m = [[code.load(self.m, mine, r * _IN + i, here) for i in range(_IN)] for r in range(_IN)]
        lines = [output_transform(code, line) for line in m]
        columns = [output_transform(code, [line[i] for line in lines]) for i in range(_OUT)]
        values = [columns[i][r] for r in range(_OUT) for i in range(_OUT)]
        finish(code, self.epilogue, Block(tuple(points), _OUT, (channel,)), values, self.operands, self.y)
