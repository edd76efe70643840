"""Matrix product and convolution of float32 on tile registers, each number as three of bfloat16 (see `parts`).

    y[m, n] = epilogue(sum over k and i + j < 3 of x[i, m, k] * w[j, k, n]),       x = x[0] + x[1] + x[2]

Tiles multiply bfloat16 16 times as fast as vectors multiply float32, so that six products of parts are done in less
than half of the time of one. The three that are left out are below the rounding of the largest; sums of 32 products
are added to a result at once, which makes its error half of that of a sum that grows product by product.

The factor that is larger in memory is taken apart by the workgroup that needs it, 32 rows or columns at a time. Where
that is the image, workgroups have points each, and weights are taken apart when they are loaded. Where it is weights,
workgroups have channels each, and a kernel of its own takes the image apart before. If that is more than the
second-level cache holds, products go over it in chunks of its channels, and sums wait in memory.

The parts of an infinity are not numbers. Where a block of results is not finite, it is multiplied again as the
definition has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from webtensorc_kernels import tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.factors import LANES, PARTS, POINTS, Factors
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.panels import WIDTH, first_column

__all__ = ["generate"]

_PAIRS = ((2, 0), (1, 0), (1, 1), (0, 1), (0, 2), (0, 0))
"""Parts of the image and of the weights that are multiplied, in an order in which one of them stays."""
_ABREAST = 4
"""Points that are looked through side by side."""


def generate(factors: Factors, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`.

    Operands: image, weights, the parts of one of them, the epilogue's; results: y, then scratch of no meaning.
    """
    return _Writer(factors, epilogue, code).kernel()


@dataclass(frozen=True)
class _Result:
    """A block of results: its first point and channel, and where its sums are."""

    point: Index
    channel: Index
    sums: tuple[Index, Index, Index]


class _Writer:
    """One kernel being written."""

    def __init__(self, factors: Factors, epilogue: Epilogue, code: Code) -> None:
        self.factors, self.epilogue, self.code = factors, epilogue, code
        self.problem = p = factors.problem
        self.x, self.w = factors.pixels.image, factors.weights
        self.y = epilogue.result(p.points, p.outputs)
        self.operands = epilogue.views(p.points, p.outputs)
        self.total = factors.blocks if factors.divides_points else factors.panels
        self.groups, _ = split(first=self.total, second=1, flops=p.flops // 2)
        waiting = (-(-self.total // self.groups), factors.blocks) if factors.chunks > 1 else (1, 1)
        self.sums = View("%sums", (self.groups, *waiting, POINTS, WIDTH))
        self.taken = View("%taken", (self.groups, factors.chunk, *PARTS), "i32")
        self.shapes = View("%shapes", (self.groups, tiles.BYTES), "i8")

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, f = self.problem, self.factors
        what = "points" if f.divides_points else f"channels, {f.chunks} chunks"
        why = f"three parts on tiles, {self.groups} workgroups divide {what}"
        scratch = [self.sums, self.taken, self.shapes]
        views = [self.x, self.w.view, f.prepared, *self.operands, self.y, *scratch]
        flops = p.flops + self.epilogue.flops * p.points * p.outputs
        return write(
            self.code, views, (self.groups, 1, 1), self._workgroup, flops=flops, results=1 + len(scratch), why=why
        )

    def _workgroup(self, where: Workgroup) -> None:
        """Some blocks of points or some panels of channels."""
        self.code.use_tiles([(tiles.ROWS, tiles.BYTES)] * tiles.COUNT, self.shapes, where.x, 0)
        mine = share(self.code, where.x, self.total, self.groups)
        if self.factors.divides_points:
            self._points(where.x, mine)
        else:
            self._channels(where.x, mine)
        self.code.release_tiles()

    def _points(self, number: Index, mine: tuple[Index, Index]) -> None:
        """All panels for each block of points."""
        code, f = self.code, self.factors

        def block(block: Index, _: list[str]) -> list[str]:
            f.take_block_apart(code, block, self.taken, number)

            def panel(panel: Index, _: list[str]) -> list[str]:
                result = self._result(block, panel, (number, 0, 0))
                self._multiply((self.taken, number, 0), (f.prepared, panel, 0), f.steps, result, begins=True)
                self._finish(result)
                return []

            return code.loop(0, f.panels, panel)

        code.loop(*mine, block)

    def _channels(self, number: Index, mine: tuple[Index, Index]) -> None:
        """All blocks for each panel of channels, one chunk after the other."""
        code, f = self.code, self.factors
        for start in range(0, f.steps, f.chunk):
            steps = min(f.chunk, f.steps - start)

            def panel(panel: Index, _: list[str], start: int = start, steps: int = steps) -> list[str]:
                f.take_panel_apart(code, panel, (start, start + steps), self.taken, number)

                def block(block: Index, _: list[str]) -> list[str]:
                    waiting = code.subtract(panel, mine[0]), block
                    result = self._result(block, panel, (number, *(waiting if f.chunks > 1 else (0, 0))))
                    image, weights = (f.prepared, block, start), (self.taken, number, 0)
                    self._multiply(image, weights, steps, result, begins=start == 0)
                    if start + steps == f.steps:
                        self._finish(result)
                    return []

                return code.loop(0, f.blocks, block)

            code.loop(*mine, panel)

    def _result(self, block: Index, panel: Index, sums: tuple[Index, Index, Index]) -> _Result:
        code, p = self.code, self.problem
        return _Result(self.factors.first_point(code, block), first_column(code, panel, p.outputs), sums)

    def _multiply(
        self,
        image: tuple[View, Index, int],
        weights: tuple[View, Index, int],
        steps: int,
        result: _Result,
        *,
        begins: bool,
    ) -> None:
        """Add the products of some steps, whose parts begin at two places, to sums or to zeros."""
        code = self.code
        each = [(2 * i + j, (*result.sums, i * tiles.ROWS, j * LANES)) for i, j in product(range(2), range(2))]
        for tile, place in each:
            if begins:
                code.clear_tile(tile)
            else:
                code.load_tile(tile, self.sums, place, WIDTH * 4)

        def step(index: Index, _: list[str]) -> list[str]:
            held: list[int | None] = [None, None]
            for pair in _PAIRS:
                for factor, (view, number, first) in enumerate((image, weights)):
                    if held[factor] != pair[factor]:
                        for half in range(2):
                            at = (number, code.add(first, index), pair[factor], half, 0, 0)
                            code.load_tile(4 + 2 * factor + half, view, at, tiles.BYTES)
                        held[factor] = pair[factor]
                for i, j in product(range(2), range(2)):
                    code.multiply_float_tiles(2 * i + j, 4 + i, 6 + j)
            self._fetch(result, index, steps)
            return []

        code.loop(0, steps, step)
        for tile, place in each:
            code.store_tile(tile, self.sums, place, WIDTH * 4)

    def _fetch(self, result: _Result, index: Index, steps: int) -> None:
        """Bring some lines of a block's results near, to be stored to when all steps are done."""
        code, rows = self.code, -(-POINTS // steps)
        for n, j in product(range(rows), range(0, WIDTH, LANES)):
            row = code.smaller(code.add(code.multiply(index, rows), n), POINTS - 1)
            place = code.add(result.point, row), code.add(result.channel, j)
            code.prefetch(self.y, *self.epilogue.spot(code, *place), level=2)

    def _finish(self, result: _Result) -> None:
        """Store the results of a block."""
        code, sums, first = self.code, result.sums, result.point
        code.loop(0, self._is_broken(sums), lambda _, __: self._multiply_again(result))
        channels = [code.add(result.channel, j) for j in range(0, WIDTH, LANES)]
        known = [self.epilogue.by_channel(code, each, self.operands) for each in channels]

        def point(row: Index, _: list[str]) -> list[str]:
            for j, (each, given) in enumerate(zip(channels, known, strict=True)):
                place = Place(code.add(first, row), each)
                value = code.load(self.sums, *sums, row, j * LANES)
                result = self.epilogue.emit(code, value, place, self.operands, given)
                code.store(result, self.y, *self.epilogue.spot(code, place.point, place.channel))
            return []

        code.loop(0, POINTS, point)

    def _is_broken(self, sums: tuple[Index, Index, Index]) -> Index:
        """1 if any sum is not finite, else 0: times zero all others are zero."""
        code = self.code

        def some(row: Index, found: list[str]) -> list[str]:
            loaded = [
                code.load(self.sums, *sums, code.add(row, i), j)
                for i, j in product(range(_ABREAST), range(0, WIDTH, LANES))
            ]
            return [code.multiply_add(a, code.zero(), b) for a, b in zip(loaded, found, strict=True)]

        width = _ABREAST * WIDTH // LANES
        found = code.loop(0, POINTS, some, [code.zero()] * width, step=_ABREAST)
        while len(found) > 1:
            found = [code.plus(a, b) for a, b in zip(found[::2], found[1::2], strict=True)]
        return code.once_if(code.compare("uno", code.across("add", found[0]), code.zero()))

    def _multiply_again(self, result: _Result) -> list[str]:
        """Make the sums of a block one product after the other."""
        code, where = self.code, self.w.block(self.code, result.channel, WIDTH)

        def point(row: Index, _: list[str]) -> list[str]:
            pixels = self.factors.pixels.of(code, code.add(result.point, row))

            def tap(tap: Index, sums: list[str]) -> list[str]:
                pixel, first = pixels(tap), code.multiply(tap, self.problem.channels)

                def step(k: Index, sums: list[str]) -> list[str]:
                    number = pixel.only(code, code.broadcast(self.x, pixel.number, k))
                    weights = [code.load(self.w.view, *where(code.add(first, k), j)) for j in range(0, WIDTH, LANES)]
                    return [code.multiply_add(number, a, b) for a, b in zip(weights, sums, strict=True)]

                return code.loop(0, self.problem.channels, step, sums)

            for j, sum_ in enumerate(code.loop(0, self.problem.taps, tap, [code.zero()] * 2)):
                code.store(sum_, self.sums, *result.sums, row, j * LANES)
            return []

        code.loop(0, POINTS, point)
        return []
