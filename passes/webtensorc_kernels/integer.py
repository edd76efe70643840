"""Convolution and matrix product of int8, summed in int32 by an instruction that takes four products at once.

    y[n, oh, ow, o] = epilogue(sum over kh, kw, i of x[n, oh * sh + kh * dh, ow * sw + kw * dw, i] * w[kh, kw, i, o])

Channels last. As in the direct kernel of float32, (kw, i) is one run of memory, of which a step of the innermost loop
takes four bytes here, and products with padding are left out. So padding must be bytes that add nothing, as the operand
of the instruction has them; numbers around a quantised image are its zero point, and where that is no such byte, they
lie in the tensor.

The instruction wants four weights of a channel next to each other. So lie those in panels (see `panels`); while one
block of channels is multiplied, the next one is fetched. Of others a workgroup packs a block of channels into scratch
memory, a small part of the work where there are many points, and then goes through all of its points. So it is rather
the channels that are divided among workgroups: weights that two of them use are packed twice.

Where the instruction's image is unsigned, the operand is x + 128. The weights of each channel are summed first, and all
of its results begin with -128 times that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Axis, Convolution, Tile, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.geometry import TileRun, inside, tile_runs_with_rest
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Dot, Machine
from webtensorc_kernels.panels import FEW_POINTS, TOGETHER, Matrix
from webtensorc_kernels.tile_choice import choose
from webtensorc_kernels.word_runs import Run, Word, along, runs_of

__all__ = ["generate", "plan"]

_LEAST = 4
"""Lanes of the narrowest vector that has the instruction."""
_WIDENED = 4
"""Registers that halves of words take."""
_PACKING = 6
"""Instructions that pack a vector of weights, in products."""


def plan(problem: Convolution, machine: Machine) -> Tile | None:
    """The register block; None if the machine has no instruction for it or the problem no room for a block."""
    if machine.dot is None or (problem.points < _LEAST and not problem.packed) or problem.depth != Axis():
        return None
    if problem.padding != (0, 0) and problem.channels % TOGETHER:
        return None
    words = replace(problem, channels=-(-problem.channels // TOGETHER))
    room = machine.registers - (_WIDENED if machine.dot.widened else 0)
    holds = machine.dot.lanes > 1
    tile = choose(words, replace(machine, broadcasts_from_memory=False, registers=room), holds_image=holds)
    return replace(tile, together=1) if tile and tile.lanes >= _LEAST else None


def generate(problem: Convolution, tile: Tile, epilogue: Epilogue, machine: Machine, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: as for the direct one; results: y, then scratch of no meaning."""
    assert machine.dot is not None
    return Writer(problem, tile, epilogue, code, machine.dot).kernel()


_Weights = Callable[[Index, int], str]
"""Of a block of channels, `weights(word, j)` is a row of words in its vector number `j`."""
_Fetch = Callable[[Index], None]
"""Brings a row of words near."""


class Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, tile: Tile, epilogue: Epilogue, code: Code, dot: Dot) -> None:
        self.problem, self.tile, self.epilogue, self.code, self.dot = problem, tile, epilogue, code, dot
        p = problem
        self.pixel = p.groups * p.channels
        self.runs = runs_of(p, tile.points)
        self.words = sum(-(-run.count // TOGETHER) for run in self.runs)
        self.starts = tile_starts(p.out[1], tile.points)
        self.blocks = -(-p.outputs // tile.channels)
        self.rows = p.batch * p.out[0]
        self.extent = self.rows if self.rows > 1 else len(self.starts)
        self.across, self.down = self._grid()
        groups = self.across * self.down
        width = p.groups * p.outputs
        self.x = View("%x", (p.batch, p.image[0], p.image[1] * self.pixel), "i8")
        self.panels = Matrix("%w", p.kernel[0] * self.words, width, packed=True, element="i32")
        self.w = self.panels.view if p.packed else View("%w", (p.kernel[0] * p.kernel[1] * p.channels, width), "i8")
        self.y = epilogue.result(p.points, width)
        self.operands = epilogue.views(p.points, width)
        self.packed = View("%packed", (groups, p.kernel[0] * self.words, tile.channels), "i32")
        self.begin = View("%begin", (groups, tile.channels), "i32")
        self.sums = View("%sums", (groups, tile.points, tile.channels), "i32")

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, tile = self.problem, self.tile
        why = f"bytes, {tile.points}x{tile.vectors} vectors of {tile.lanes}, {self.across}x{self.down} workgroups"
        scratch = [*([] if p.packed else [self.packed]), self.begin, self.sums]
        views = [self.x, self.w, *self.operands, self.y, *scratch]
        flops, grid = p.flops + self.epilogue.flops * p.points * p.groups * p.outputs, (self.across, self.down, 1)
        return write(self.code, views, grid, self._workgroup, flops=flops, results=1 + len(scratch), why=why)

    def _grid(self) -> tuple[int, int]:
        """Workgroups along channels and along rows (or tiles of the only row)."""
        p = self.problem
        blocks = p.groups * self.blocks
        few = p.points <= 16 * _PACKING  # to pack twice would cost more than to be unfair
        across, down = split(first=blocks, second=1 if few else self.extent, flops=p.flops // TOGETHER)
        return across, down

    def _workgroup(self, where: Workgroup) -> None:
        """Some rows of the result (or tiles of the only row), for some blocks of channels."""
        code, p = self.code, self.problem
        number = code.add(code.multiply(where.y, self.across), where.x)
        low, high = share(code, where.y, self.extent, self.down)

        def block(index: Index, _: list[str]) -> list[str]:
            group = 0 if p.groups == 1 else code.quotient(index, self.blocks)
            first = code.multiply(code.remainder(index, self.blocks) if p.groups > 1 else index, self.tile.channels)
            first = code.smaller(first, p.outputs - self.tile.channels)
            channel = code.add(code.multiply(group, p.outputs), first)
            weights = self._in_panels(channel) if p.packed else self._pack(number, channel)
            following = self._fetched(channel) if p.packed and p.points > FEW_POINTS else None
            self._begin(number, weights)

            def points(position: Index, _: list[str]) -> list[str]:
                row, tiles = (
                    (position, (0, len(self.starts))) if self.rows > 1 else (0, (position, code.add(position, 1)))
                )
                self._row(number, row, tiles, code.multiply(group, p.channels), channel, weights, following)
                return []

            code.loop(low, high, points)
            return []

        code.loop(*share(code, where.x, p.groups * self.blocks, self.across), block)

    def _in_panels(self, channel: Index) -> _Weights:
        """The weights of a block of channels as they lie."""
        at = self.panels.block(self.code, channel, self.tile.channels)
        return lambda word, j: self.code.load(self.w, *at(word, j * self.tile.lanes))

    def _fetched(self, channel: Index) -> _Fetch:
        """Bring words of the block behind that at `channel` near: it comes from memory, which is idle meanwhile."""
        code, width = self.code, self.tile.channels
        at = self.panels.block(code, code.smaller(code.add(channel, width), self.problem.outputs - width), width)

        def fetch(word: Index) -> None:
            for j in range(self.tile.vectors):
                code.prefetch(self.w, *at(word, j * self.tile.lanes))

        return fetch

    def _pack(self, number: Index, channel: Index) -> _Weights:
        """Bring the weights of a block of channels into the order of use."""
        code, p = self.code, self.problem

        def word(kh: Index, run: Run, index: Index, count: int, _: list[str]) -> list[str]:
            row = code.add(code.multiply(kh, p.kernel[1] * p.channels), run.window)
            top, to = code.add(row, code.multiply(index, TOGETHER)), self._word_at(kh, run, index)
            for j in range(self.tile.vectors):
                at = code.add(channel, j * self.tile.lanes)
                packed = code.words([code.load(self.w, code.add(top, i), at) for i in range(count)])
                code.store(packed, self.packed, number, to, j * self.tile.lanes)
            return []

        self._whole_window(word, [])
        return lambda word, j: code.load(self.packed, number, word, j * self.tile.lanes)

    def _begin(self, number: Index, weights: _Weights) -> None:
        """Store what the results of a block of channels begin with."""
        code, vectors = self.code, range(self.tile.vectors)
        sums = [code.number("0 : i32") for _ in vectors]
        if self.dot.unsigned:
            ones = code.ones()

            def word(kh: Index, run: Run, index: Index, _: int, sums: list[str]) -> list[str]:
                at = self._word_at(kh, run, index)
                return [code.dot(sums[j], ones, weights(at, j)) for j in vectors]

            sums = self._whole_window(word, sums)
        for j in vectors:
            begin = code.apply("arith.muli", (sums[j], code.number("-128 : i32")), "", ("i32",) * 3)
            code.store(begin, self.begin, number, j * self.tile.lanes)

    def _row(
        self,
        number: Index,
        row: Index,
        tiles: tuple[Index, Index],
        group: Index,
        channel: Index,
        weights: _Weights,
        following: _Fetch | None,
    ) -> None:
        """The tiles of one row; `group` is the first of the group's channels in a pixel."""
        code, p, points = self.code, self.problem, self.tile.points
        image = code.quotient(row, p.out[0]) if p.batch > 1 else 0
        oh = code.remainder(row, p.out[0]) if p.batch > 1 else row

        for run in tile_runs_with_rest(p, self.starts, points):
            runs = runs_of(p, run.points, run.column)

            def tile(index: Index, _: list[str], run: TileRun = run, runs: list[Run] = runs) -> list[str]:
                start = code.smaller(code.multiply(index, points), p.out[1] - run.points)
                start = start if run.column is None else run.column
                top = code.subtract(code.multiply(oh, p.strides[0]), p.padding[0])
                left = code.multiply(code.subtract(code.multiply(start, p.strides[1]), p.padding[1]), self.pixel)
                sums = self._tile(number, (image, top, code.add(left, group)), weights, runs, run.points, following)
                point = code.add(code.multiply(code.add(code.multiply(image, p.out[0]), oh), p.out[1]), start)
                channels = tuple(code.add(channel, j * self.tile.lanes) for j in range(self.tile.vectors))
                self._finish(number, Block((point,), run.points, channels), sums)
                return []

            code.loop(code.larger(tiles[0], run.first), code.smaller(tiles[1], run.beyond), tile)

    def _tile(
        self,
        number: Index,
        x: tuple[Index, Index, Index],
        weights: _Weights,
        runs: Sequence[Run],
        points: int,
        following: _Fetch | None,
    ) -> list[str]:
        """The sums of one tile, point by point."""
        code, p, tile = self.code, self.problem, self.tile
        begin = [code.load(self.begin, number, j * tile.lanes) for j in range(tile.vectors)]

        def word(kh: Index, run: Run, index: Index, count: int, sums: list[str]) -> list[str]:
            at, ih = self._word_at(kh, run, index), code.add(x[1], code.multiply(kh, p.dilations[0]))
            left = code.add(code.add(x[2], run.image), code.multiply(index, TOGETHER))

            def place(i: int) -> tuple[Index, ...]:
                return x[0], ih, code.add(left, i * p.strides[1] * self.pixel)

            several = count > TOGETHER
            held = [code.lanes_of_words(self.x, *place(i)) for i in run.points] if several else []
            for number in range(-(-count // TOGETHER)):
                here = code.add(at, number)
                words = [weights(here, j) for j in range(tile.vectors)]
                if following:
                    following(here)
                found, before = [], iter(sums)
                for k, i in enumerate(run.points):
                    value = held[k][number] if several else code.word(self.x, *place(i), count=count)
                    found += [code.dot(next(before), value, each) for each in words]
                sums = found
            return sums

        return along(code, word, begin * points, runs, inside(code, p.rows, x[1]), tile.vectors, self.dot.lanes)

    def _word_at(self, kh: Index, run: Run, index: Index) -> Index:
        return self.code.add(self.code.add(self.code.multiply(kh, self.words), run.words), index)

    def _whole_window(self, word: Word, sums: list[str]) -> list[str]:
        """Go through all of the window's words with the same sums."""
        every = [replace(run, points=[0]) for run in self.runs]
        return along(self.code, word, sums, every, (0, self.problem.kernel[0]), self.tile.vectors)

    def _finish(self, number: Index, block: Block, sums: list[str]) -> None:
        """Apply the epilogue and store; where it is long in a loop, through scratch memory."""
        code, tile = self.code, self.tile
        offset = self.epilogue.slot[1] if self.epilogue.slot else 0

        def store(i: Index, values: list[str]) -> None:
            for channel, value in zip(block.channels, values, strict=True):
                place = Place(code.add(block.starts[0], i), channel)
                result = self.epilogue.emit(code, value, place, self.operands)
                code.store(result, self.y, place.point, code.add(channel, offset))

        rows = [sums[i * tile.vectors : (i + 1) * tile.vectors] for i in range(block.count)]
        if not self.epilogue.is_long:
            for i, values in enumerate(rows):
                store(i, values)
            return
        for i, values in enumerate(rows):
            for j, value in enumerate(values):
                code.store(value, self.sums, number, i, j * tile.lanes)

        def again(i: Index, _: list[str]) -> list[str]:
            store(i, [code.load(self.sums, number, i, j * tile.lanes) for j in range(tile.vectors)])
            return []

        code.loop(0, block.count, again)
