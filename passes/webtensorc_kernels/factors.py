"""The factors of a product of float32 on tiles, taken apart (see `parts`): who does so when, and where parts lie.

    image[b, s, i, h, r, c]        part i of two channels 32 * s + 2 * c and one more, of point 32 * b + 16 * h + r
    weights[p, s, i, h, r, c]      part i of two channels 32 * s + 2 * r and one more, of column 32 * p + 16 * h + c

A convolution has as many steps for each tap of its window; then they are taps and channels, one tap after the other.
A tile is 1 KiB of these, one row behind the other. The last block of points and the last panel of columns begin
earlier. So does the last step over channels, and what it has in common with the one before are zeros in the image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from webtensorc_kernels import parts, tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import WIDTH, Matrix, first_column
from webtensorc_kernels.pixels import Pixel, Pixels

__all__ = ["LANES", "PARTS", "POINTS", "Factors", "plan"]

POINTS = 2 * tiles.ROWS
"""Of a block."""
_STEP = tiles.BYTES // 2
"""Channels that a product of tiles goes over."""
LANES = 16
_WORDS = _STEP // 2
"""Pairs of channels in a row of a tile."""
_TILE_BYTES = tiles.ROWS * tiles.BYTES
_STEP_BYTES = parts.COUNT * 2 * _TILE_BYTES
"""Of a block's or a panel's parts, for a step."""
PARTS = (parts.COUNT, 2, tiles.ROWS, _WORDS)
"""Of 32 rows or columns, for a step: two tiles a part, in words."""
_MOST_CHUNKS = 8
"""Each is written out."""
_FEWEST_BLOCKS = 4
"""Of points for which taking a panel of weights apart is worth it."""


@dataclass(frozen=True)
class Factors:
    """A product or convolution whose factors are taken apart: which of them before, and in how many chunks of steps.

    Attributes:
        problem: the product.
        divides_points: whether workgroups have points each, and weights are taken apart before; else they have
            channels of the result, and it is the image.
        chunks: of steps; one if points are divided.
    """

    problem: Convolution
    divides_points: bool
    chunks: int = 1

    @property
    def blocks(self) -> int:
        """Blocks of points; the last one begins earlier."""
        return -(-self.problem.points // POINTS)

    @property
    def panels(self) -> int:
        """Panels of channels of the result; the last one begins earlier."""
        return -(-self.problem.outputs // WIDTH)

    @property
    def steps(self) -> int:
        """Steps over the window and its channels."""
        return self.problem.taps * self.steps_of_tap

    @property
    def steps_of_tap(self) -> int:
        """Steps over the channels of the image; the last one begins earlier."""
        return -(-self.problem.channels // _STEP)

    @property
    def chunk(self) -> int:
        """Steps of a chunk, but for the last one."""
        return -(-self.steps // self.chunks)

    @property
    def pixels(self) -> Pixels:
        """What points are made of."""
        return Pixels(self.problem)

    @property
    def weights(self) -> Matrix:
        """The weights as they come."""
        p = self.problem
        return Matrix("%exact" if self.divides_points else "%w", p.taps * p.channels, p.outputs, p.packed)

    @property
    def prepared(self) -> View:
        """The parts of what is taken apart before."""
        if self.divides_points:
            return View("%w", (self.panels, self.steps, *PARTS), "i32")
        return View("%image", (self.blocks, self.steps, *PARTS), "i32")

    @property
    def growth(self) -> int:
        """Bytes that are kept beside the weights."""
        return self.panels * self.steps * _STEP_BYTES if self.divides_points else 0

    def preparation(self, code: Code) -> Kernel:
        """Write the kernel that takes one factor apart into `code`. Operand: that one; result: its parts."""
        to = replace(self.prepared, name="%y")
        count, given = to.shape[0], self.weights.view if self.divides_points else self.pixels.image
        flops = count * self.steps * _STEP_BYTES
        groups, _ = split(first=count, second=1, flops=flops)

        def one(number: Index, _: list[str]) -> list[str]:
            if self.divides_points:
                self.take_panel_apart(code, number, (0, self.steps), to, number)
            else:
                self.take_block_apart(code, number, to, number)
            return []

        def body(where: Workgroup) -> None:
            code.loop(*share(code, where.x, count, groups), one)

        why = f"three parts of {'weights' if self.divides_points else 'the image'}, {groups} workgroups"
        return write(code, [given, to], (groups, 1, 1), body, flops=flops, results=1, why=why)

    def first_point(self, code: Code, block: Index) -> Index:
        """The first point of a block."""
        return code.smaller(code.multiply(block, POINTS), self.problem.points - POINTS)

    def take_block_apart(self, code: Code, block: Index, to: View, at: Index) -> None:
        """Store the parts of a block of points at `to[at]`.

        Where the last step of a tap begins earlier, what it has in common with the one before is zeros.
        """
        first = self.first_point(code, block)
        overlap = self.steps_of_tap * _STEP - self.problem.channels
        whole = self.steps_of_tap - (overlap > 0)

        def row(number: Index, _: list[str]) -> list[str]:
            pixels = self.pixels.of(code, code.add(first, number))
            half, line = code.quotient(number, tiles.ROWS), code.remainder(number, tiles.ROWS)

            def tap(tap: Index, _: list[str]) -> list[str]:
                pixel, before = pixels(tap), code.multiply(tap, self.steps_of_tap)

                def step(index: Index, skip: int = 0) -> list[str]:
                    start = code.subtract(code.multiply(index, _STEP), skip)
                    found = [self._numbers(code, pixel, code.add(start, j), skip - j) for j in (0, LANES)]
                    for part, words in enumerate(code.take_apart(*found, woven=False)):
                        code.store(words, to, at, code.add(before, index), part, half, line, 0)
                    return []

                code.loop(0, whole, lambda index, _: step(index))
                return step(whole, overlap) if overlap else []

            return code.loop(0, self.problem.taps, tap)

        code.loop(0, POINTS, row)

    def _numbers(self, code: Code, pixel: Pixel, start: Index, skip: int) -> str:
        """A vector of a pixel's numbers, the first `skip` of them zeros, and all where there is no pixel."""
        if skip >= LANES:
            return code.zero()
        found = pixel.only(code, code.load(self.pixels.image, pixel.number, start))
        return code.last_lanes(found, LANES - skip) if skip > 0 else found

    def take_panel_apart(self, code: Code, panel: Index, steps: tuple[int, int], to: View, at: Index) -> None:
        """Store the parts of a panel of weights, for some steps, at `to[at]`: in words of two rows."""
        first = first_column(code, panel, self.problem.outputs)
        where = self.weights.block(code, first, WIDTH)

        def step(index: Index, _: list[str]) -> list[str]:
            number = code.add(index, steps[0])
            tap, number = code.quotient(number, self.steps_of_tap), code.remainder(number, self.steps_of_tap)
            start = code.smaller(code.multiply(number, _STEP), self.problem.channels - _STEP)
            start = code.add(code.multiply(tap, self.problem.channels), start)

            def pair(number: Index, _: list[str]) -> list[str]:
                row = code.add(start, code.multiply(number, 2))
                for half in range(2):
                    rows = [code.load(self.weights.view, *where(code.add(row, i), half * LANES)) for i in range(2)]
                    for part, words in enumerate(code.take_apart(*rows, woven=True)):
                        code.store(words, to, at, index, part, half, number, 0)
                return []

            return code.loop(0, _WORDS, pair)

        code.loop(0, steps[1] - steps[0], step)


def plan(problem: Convolution, machine: Machine) -> Factors | None:
    """How a product is done; None if the machine cannot, or tiles would be filled in part only."""
    p = problem
    is_plain = p.groups == 1 and p.depth == Axis() and not p.apart and not p.transformed
    if not machine.float_tiles or not is_plain or min(p.points, p.channels, p.outputs) < _STEP:
        return None
    half = machine.second_level // 2
    divided = Factors(p, divides_points=True)
    if divided.blocks >= divided.panels and divided.growth <= half:
        return divided
    if divided.blocks < _FEWEST_BLOCKS:
        return None
    chunks = -(-divided.blocks * divided.steps * _STEP_BYTES // half)
    return Factors(p, divides_points=False, chunks=chunks) if chunks <= min(_MOST_CHUNKS, divided.steps) else None
