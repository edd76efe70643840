"""Weights of 3x3 convolutions as Winograd's algorithm multiplies them: `u = G g G^T`, in panels.

    u[f, c * width + j]      product f, channel c, output j of a block of `width` outputs

A line more is left behind each product: at multiples of 4 KiB all would share a set of the first-level cache.
"""

from __future__ import annotations

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, Tile
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.panels import Matrix
from webtensorc_kernels.winograd_blocking import Blocking

__all__ = ["block", "generate", "given", "panels", "transform"]

_FLOPS = 3
"""Additions and multiplications for each of the numbers that nine weights become."""
_AHEAD = 8
"""Channels between what is transformed and what is fetched: a line here and there, which no processor foresees."""


def given(problem: Convolution) -> Matrix:
    """The weights as the graph has them."""
    return Matrix("%w", 9 * problem.channels, problem.outputs, problem.packed)


def panels(name: str, count: int, channels: int, blocking: Blocking) -> View:
    """`count` panels of so many channels."""
    tile = blocking.tile
    return View(name, (count, blocking.algorithm.products, channels * tile.channels + tile.lanes))


def block(code: Code, number: Index, problem: Convolution, tile: Tile) -> Index:
    """The first output of a block: the last one begins earlier where the width does not divide the outputs."""
    return code.smaller(code.multiply(number, tile.channels), problem.outputs - tile.channels)


def transform(
    code: Code, blocking: Blocking, w: Matrix, u: View, panel: Index, output: Index, part: tuple[Index, Index]
) -> None:
    """Fill panel number `panel` of `u` with `part`, the first and the number of the channels, from `output` on."""
    (first, count), tile, algorithm = part, blocking.tile, blocking.algorithm
    channels = w.rows // 9

    def one(c: Index, _: list[str]) -> list[str]:
        here = code.multiply(c, tile.channels)
        for j in range(tile.vectors):
            where = w.block(code, code.add(output, j * tile.lanes), tile.lanes)
            taps = [code.add(tap * channels, code.add(first, c)) for tap in range(9)]
            for tap in taps:
                code.prefetch(w.view, *where(code.smaller(code.add(tap, _AHEAD), w.rows - 1), 0))
            g = [[code.load(w.view, *where(taps[3 * kh + kw], 0)) for kw in range(3)] for kh in range(3)]
            rows = [algorithm.weight_transform(code, row) for row in g]
            for i in range(algorithm.window):
                column = algorithm.weight_transform(code, [row[i] for row in rows])
                for r in range(algorithm.window):
                    code.store(column[r], u, panel, r * algorithm.window + i, code.add(here, j * tile.lanes))
        return []

    code.loop(0, count, one)


def generate(problem: Convolution, blocking: Blocking, code: Code) -> Kernel:
    """Write the kernel that transforms all weights at once into `code`. Operand: weights; result: their panels.

    Weights in panels must have a multiple of `code.lanes` outputs.
    """
    blocks = -(-problem.outputs // blocking.tile.channels)
    w, u = given(problem), panels("%u", blocks, problem.channels, blocking)
    flops = _FLOPS * blocking.algorithm.products * problem.channels * problem.outputs
    groups, _ = split(first=blocks, second=1, flops=flops)

    def workgroup(where: Workgroup) -> None:
        def one(number: Index, _: list[str]) -> list[str]:
            output = block(code, number, problem, blocking.tile)
            transform(code, blocking, w, u, number, output, (0, problem.channels))
            return []

        code.loop(*share(code, where.x, blocks, groups), one)

    return write(code, [w.view, u], (groups, 1, 1), workgroup, flops=flops, results=1, why="weights, once, at load")
