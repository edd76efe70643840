"""Direct convolution and matrix product, channels last: register blocks of points x channels, weights as they lie.

    y[n, oh, ow, o] = epilogue(sum over kh, kw, i of
                               x[n, oh * sh + kh * dh - ph, ow * sw + kw * dw - pw, i] * w[kh, kw, i, o])

and the same with one more dimension for volumes, whose planes and rows are gone through alike.

Inside a row of the window, (kw, i) is one contiguous run of `x`'s row as well as of `w`'s, so that the innermost loop
runs over both at once; a matrix product is the case of one row and one column. Per step it loads `vectors` vectors of
weights, and multiplies each by `points` numbers of the image.

Padding costs nothing: a tile of points that touches it is written out on its own, without the products that fall
outside, and the loop over kh has bounds that depend on the row. Where channels or points are no multiple of the tile,
the last tile begins earlier and computes some results twice, so that there is hardly code for remainders; but the last
points of a matrix product, which may be a good part of all of them, are a smaller tile, and the last channels are one
of as few vectors as they take (see `blocks`).

All weights are gone through for each tile of points, or for some tiles together where weights are large. Those of
matrix products come in panels, packed when the model was compiled (see `panels`); copying a block of others while it
runs was slower on every shape tried. Tiles that are multiplied by one block of large weights fetch the next block, each
a part of it: else the first tile would wait for memory, which is not that fast, and the others would leave it idle.
Where weights stay in the cache, a tile fetches the points of the next one instead. (On processors whose shared cache is
far away, that is a third of the time.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from webtensorc_kernels.blocks import Blocks, Points
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, Tile, segments, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish, prefetch
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.geometry import TileRun, tile_runs_with_rest, window_rows
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.panels import FEW_POINTS, FIXED, LINE, Matrix
from webtensorc_kernels.short_sums import in_parts
from webtensorc_kernels.tile_choice import blocks

__all__ = ["generate"]

_READING = 8
"""Arithmetic operations that take as long as the reading of one weight."""
_AHEAD = 24
"""Rows of a panel between what is multiplied and what is fetched."""
_FEW_BLOCKS = 2
"""Blocks of a workgroup of which the first, that nobody fetched for it, is a good part."""


def generate(problem: Convolution, tile: Tile, epilogue: Epilogue, code: Code, *, weights: str = "f32") -> Kernel:
    """Write the kernel into `code`. Operands: image, weights, then those of the epilogue; one result.

    Weights in panels may be fixed-point numbers (`FIXED`), which are two operands.
    """
    return _Writer(problem, tile, epilogue, code, weights).kernel()


@dataclass(frozen=True)
class _Spot:
    """Where a tile of points is: its image (or plane of a volume), row and first column, and the tiles it is one of.

    `position` is its number among those of a row that go through the weights together.
    """

    image: Index
    oh: Index
    start: Index
    run: TileRun
    position: Index


@dataclass(frozen=True)
class _Channels:
    """A block of channels: its number in the workgroup, its group, its first channel of all, where its weights are.

    In panels, `following` is where those of the next block are. `tail` is where the weights of its rest are, if points
    share vectors.
    """

    number: Index
    is_last: bool
    group: Index
    first: Index
    weights: Callable[[Index, Index], tuple[Index, ...]]
    following: Callable[[Index, Index], tuple[Index, ...]]
    tail: Callable[[Index, Index], tuple[Index, ...]] | None


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, tile: Tile, epilogue: Epilogue, code: Code, weights: str) -> None:
        self.problem, self.tile, self.epilogue, self.code = problem, tile, epilogue, code
        p = problem
        self.pixel = p.groups * p.channels
        self.window_row = p.kernel[1] * p.channels
        self.x = View("%x", (p.batch * p.depth.image, p.image[0], p.image[1] * self.pixel))
        self.depth = p.taps * p.channels
        self.w = Matrix("%w", self.depth * (p.batch if p.apart else 1), p.groups * p.outputs, p.packed, weights)
        self.y = epilogue.result(p.points, p.groups * p.outputs)
        self.operands = epilogue.views(p.points, p.groups * p.outputs)
        self.starts = tile_starts(p.out[1], tile.points)
        self.blocks = blocks(p, tile, code.registers)
        if weights == FIXED:
            self.blocks = Blocks.alike(p.outputs, tile.lanes, tile.vectors)
        self.images = p.batch * p.depth.out
        self.rows = self.images * p.out[0]
        down = self.rows if self.rows > 1 else len(self.starts)
        self.down, self.across = self._grid(down)
        few = self.blocks.count <= _FEW_BLOCKS * self.across or not p.is_product
        self.fetches_ahead = weights == FIXED or (few and p.points > FEW_POINTS and (p.packed or tile.together > 1))

    def _grid(self, down: int) -> tuple[int, int]:
        """Workgroups down the points and across the channels: weights in panels are read once if it is only across."""
        p, across = self.problem, self.problem.groups * self.blocks.count
        if p.packed and p.outputs >= p.points:
            work = max(p.flops, _READING * p.channels * p.outputs)
            across, down = split(first=across, second=down, flops=work)
            return down, across
        return split(first=down, second=across, flops=p.flops)

    def kernel(self) -> Kernel:
        p, tile = self.problem, self.tile
        why = f"{tile.points}x{tile.vectors} vectors of {tile.lanes}, {self.across}x{self.down} workgroups"
        views = [self.x, *self.w.views, *self.operands, self.y]
        flops = p.flops + self.epilogue.flops * p.points * p.groups * p.outputs
        return write(self.code, views, (self.across, self.down, 1), self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        """Some rows of the result (or tiles of the only row) at a time, for all of its channels."""
        code = self.code
        extent, step = self.rows, 1 if self.problem.apart else max(1, self.tile.together // len(self.starts))
        if self.rows == 1:
            extent, step = len(self.starts), self._tiles_together()
        low, high = share(code, where.y, extent, self.down)

        def some(begin: Index, _: list[str]) -> list[str]:
            part = begin, code.smaller(high, code.add(begin, step))
            self._channels(where, lambda channels: self._spots(part, lambda spot: self._tile(spot, channels)))
            return []

        code.loop(low, high, some, step=step)

    def _channels(self, where: Workgroup, body: Callable[[_Channels], None]) -> None:
        """Loop over the workgroup's blocks of channels."""
        code, p = self.code, self.problem
        count, lanes = self.blocks.count, self.tile.lanes
        low, high = share(code, where.x, p.groups * count, self.across)

        def block(number: Index, *, is_last: bool) -> list[str]:
            width = self.tile.narrow or self.blocks.width(is_last=is_last)
            group = 0 if p.groups == 1 else code.quotient(number, count)
            first = code.multiply(code.remainder(number, count) if p.groups > 1 else number, self.tile.channels)
            first = code.smaller(first, p.outputs - width)
            first = code.add(code.multiply(group, p.outputs), first)
            following = code.smaller(code.add(first, width), p.outputs - width) if p.packed else first
            whole, tail = width - width % lanes or width, self.blocks.tail if is_last else 0
            rest = self.w.block(code, code.add(first, width - tail), tail) if tail else None
            weights = self.w.block(code, first, whole), self.w.block(code, following, whole), rest
            body(_Channels(code.subtract(number, low), is_last, group, first, *weights))
            return []

        if self.blocks.last == self.tile.vectors and not self.blocks.tail:
            code.loop(low, high, lambda number, _: block(number, is_last=False))
        elif count == 1:
            code.loop(low, high, lambda number, _: block(number, is_last=True))
        else:
            code.loop(low, code.smaller(high, count - 1), lambda number, _: block(number, is_last=False))
            code.loop(code.larger(low, count - 1), high, lambda number, _: block(number, is_last=True))

    def _spots(self, part: tuple[Index, Index], body: Callable[[_Spot], None]) -> None:
        """Loop over the tiles of some rows, or over some tiles of the only row."""
        if self.rows == 1:
            self._row(0, part, self.code.subtract(0, part[0]), body)
            return

        def row(number: Index, _: list[str]) -> list[str]:
            before = self.code.multiply(self.code.subtract(number, part[0]), len(self.starts))
            self._row(number, (0, len(self.starts)), before, body)
            return []

        self.code.loop(*part, row)

    def _row(self, row: Index, part: tuple[Index, Index], before: Index, body: Callable[[_Spot], None]) -> None:
        """Loop over some tiles of a row; with `before` their numbers are those among tiles that go together."""
        code, p, points = self.code, self.problem, self.tile.points
        image = code.quotient(row, p.out[0]) if self.images > 1 else 0
        oh = code.remainder(row, p.out[0]) if self.images > 1 else row
        for run in tile_runs_with_rest(p, self.starts, points):

            def tile(number: Index, _: list[str], run: TileRun = run) -> list[str]:
                start = code.smaller(code.multiply(number, points), p.out[1] - run.points)
                position = code.add(before, number) if p.packed else 0
                body(_Spot(image, oh, start if run.column is None else run.column, run, position))
                return []

            code.loop(code.larger(part[0], run.first), code.smaller(part[1], run.beyond), tile)

    def _tile(self, spot: _Spot, channels: _Channels) -> None:
        """Compute and store one tile."""
        code, p, lanes = self.code, self.problem, self.tile.lanes
        left = code.multiply(code.subtract(code.multiply(spot.start, p.strides[1]), p.padding[1]), self.pixel)
        left = code.add(left, code.multiply(channels.group, p.channels))
        points = spot.run.points
        runs = segments(p, spot.run.column, points)
        weights = code.multiply(spot.image, self.depth) if p.apart else 0

        def window_row(line: tuple[Index, Index], number: Index, sums: list[str]) -> list[str]:
            for first, beyond, valid in runs:
                at = code.add(left, first * (p.dilations[1] * self.pixel - p.channels))
                low, high = first * p.channels, beyond * p.channels
                row = code.add(weights, code.multiply(number, self.window_row))
                tile = Points(points, tuple(valid))
                sums = self._run((*line, at), (row, channels), (low, high), tile, spot.position, sums)
            return sums

        pixel = code.add(code.multiply(code.add(code.multiply(spot.image, p.out[0]), spot.oh), p.out[1]), spot.start)
        vectors, shared = self._vectors(channels), self.blocks.shared(points) if channels.tail else 0
        each = tuple(code.add(channels.first, j * lanes) for j in range(vectors))
        if shared:
            each = *each, code.add(channels.first, self.blocks.width(is_last=True) - lanes)
        block = Block((pixel,), points, each)
        prefetch(code, self.epilogue, block, self.operands)
        sums = [code.zero()] * (points * vectors + shared)
        sums = window_rows(code, p, (spot.image, spot.oh), window_row, sums)
        sums = self.blocks.rejoined(code, sums, points) if shared else sums
        finish(code, self.epilogue, block, sums, self.operands, self.y)

    def _vectors(self, channels: _Channels) -> int:
        """Whole vectors of a block."""
        return self.blocks.last if channels.is_last else self.tile.vectors

    def _run(
        self,
        x: tuple[Index, Index, Index],
        w: tuple[Index, _Channels],
        depth: tuple[int, int],
        points: Points,
        position: Index,
        sums: list[str],
    ) -> list[str]:
        """Add the products of one run of the window's row, for some points of the tile."""
        code, p, (first, channels), lanes = self.code, self.problem, w, self.tile.lanes
        vectors, used = self._vectors(channels), self.blocks.sums(points, is_last=channels.is_last)

        def step(k: Index, carried: list[str]) -> list[str]:
            def number(i: int) -> str:
                at = code.add(code.add(x[2], i * p.strides[1] * self.pixel), k)
                return code.broadcast(self.x, x[0], x[1], at)

            row, found = code.add(first, k), dict(zip(used, carried, strict=True))
            whole = [self.w.load(code, *channels.weights(row, j * lanes)) for j in range(vectors)]
            rest = self.w.load_repeated(code, self.blocks.tail, *channels.tail(row, 0)) if channels.tail else None
            self.blocks.multiply(code, points, number, (whole, rest), found)
            return list(found.values())

        def before(k: Index, count: int) -> None:
            self._fetch(position, x[2], w, k, count)

        if p.is_product and p.points <= FEW_POINTS:
            return in_parts(code, *depth, step, len(sums), before)
        sums = list(sums)
        found = code.loop_over_rows(code.turn(vectors), *depth, step, [sums[i] for i in used], before)
        for i, value in zip(used, found, strict=True):
            sums[i] = value
        return sums

    def _fetch(self, position: Index, left: Index, w: tuple[Index, _Channels], k: Index, count: int) -> None:
        """Bring near what goes with `count` rows of weights from row `k` of a run on."""
        p, (first, channels) = self.problem, w
        if self.fetches_ahead:
            self._fetch_ahead(channels, self.code.add(first, k), count)
        if p.packed and p.points > FEW_POINTS:
            if self.tile.together > 1:
                self._fetch_following(position, channels, self.code.add(first, k), count)
            elif p.is_product:
                self._fetch_points(left, channels, k, count)

    def _fetch_ahead(self, channels: _Channels, row: Index, count: int) -> None:
        """Bring weights near that are soon to be multiplied: those of a workgroup's first block come from memory."""
        if self.w.element == FIXED:
            self.w.fetch(self.code, count, self.tile.channels, *channels.weights(row, 0))
            return
        ahead = self.code.smaller(self.code.add(row, _AHEAD), self.w.rows - count)
        for i, j in product(range(count), range(self._vectors(channels))):
            self.code.prefetch(self.w.view, *channels.weights(self.code.add(ahead, i), j * self.tile.lanes))

    def _fetch_following(self, position: Index, channels: _Channels, row: Index, count: int) -> None:
        """Bring a piece of the next block's weights near; over all rows and tiles the pieces are the whole block."""
        code, width = self.code, self.tile.channels
        piece = -(-width // self._tiles_together())
        at = code.multiply(code.add(code.multiply(position, self.w.rows), row), piece)
        for line in range(0, count * piece, LINE):
            place = code.add(at, line)
            following = code.smaller(code.quotient(place, width), self.w.rows - 1)
            code.prefetch(self.w.view, *channels.following(following, code.remainder(place, width)), level=2)

    def _fetch_points(self, left: Index, channels: _Channels, k: Index, count: int) -> None:
        """Bring a piece of the next tile's image near; over all rows and blocks of weights the pieces are all of it."""
        code, p = self.code, self.problem
        blocks = -(-self.blocks.count // self.across)
        piece = -(-self.tile.points // blocks)
        at = code.add(left, self.tile.points * p.channels)
        at = code.add(at, code.multiply(code.add(code.multiply(channels.number, p.channels), k), piece))
        for line in range(0, count * piece, LINE):
            code.prefetch(self.x, 0, 0, code.smaller(code.add(at, line), p.image[1] * p.channels - 1), level=2)

    def _tiles_together(self) -> int:
        """Tiles that go through the weights together: some rows, or equal parts of a workgroup's of the only row."""
        tiles = -(-len(self.starts) // self.down)
        if self.rows > 1:
            tiles = -(-self.rows // self.down) * len(self.starts)
            return min(tiles, max(1, self.tile.together // len(self.starts)) * len(self.starts))
        return -(-tiles // -(-tiles // self.tile.together))
