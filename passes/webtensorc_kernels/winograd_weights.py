"""Weights of 3x3 convolutions as Winograd's algorithm multiplies them: `u = G g G^T`, in panels.

    u[f, c * width + j]      product f, channel c, output j of a block of `width` outputs

A line more is left behind each product: at multiples of 4 KiB all 36 would share a set of the first-level cache.
"""

from __future__ import annotations

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, Tile
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.toom_cook import weight_transform
from webtensorc_kernels.winograd_blocking import PRODUCTS, WINDOW

__all__ = ["block", "generate", "given", "panels", "transform"]

_FLOPS = 108
"""Additions and multiplications for the 36 numbers that nine weights become."""


def given(problem: Convolution) -> View:
    """The weights as the graph has them."""
    return View("%w", (3, 3, problem.channels, problem.outputs))


def panels(name: str, count: int, channels: int, tile: Tile) -> View:
    """`count` panels of so many channels."""
    return View(name, (count, PRODUCTS, channels * tile.channels + tile.lanes))


def block(code: Code, number: Index, problem: Convolution, tile: Tile) -> Index:
    """The first output of a block: the last one begins earlier where the width does not divide the outputs."""
    return code.smaller(code.multiply(number, tile.channels), problem.outputs - tile.channels)


def transform(code: Code, tile: Tile, w: View, u: View, panel: Index, output: Index, part: tuple[Index, Index]) -> None:
    """Fill panel number `panel` of `u` with `part`, the first and the number of the channels, from `output` on."""
    first, count = part

    def one(c: Index, _: list[str]) -> list[str]:
        here = code.multiply(c, tile.channels)
        for j in range(tile.vectors):
            at = code.add(output, j * tile.lanes)
            g = [[code.load(w, kh, kw, code.add(first, c), at) for kw in range(3)] for kh in range(3)]
            rows = [weight_transform(code, row) for row in g]
            for i in range(WINDOW):
                column = weight_transform(code, [row[i] for row in rows])
                for r in range(WINDOW):
                    code.store(column[r], u, panel, r * WINDOW + i, code.add(here, j * tile.lanes))
        return []

    code.loop(0, count, one)


def generate(problem: Convolution, tile: Tile, code: Code) -> Kernel:
    """Write the kernel that transforms all weights at once into `code`. Operand: weights; result: their panels."""
    blocks = -(-problem.outputs // tile.channels)
    w, u = given(problem), panels("%u", blocks, problem.channels, tile)
    flops = _FLOPS * problem.channels * problem.outputs
    groups, _ = split(first=blocks, second=1, flops=flops)

    def workgroup(where: Workgroup) -> None:
        def one(number: Index, _: list[str]) -> list[str]:
            transform(code, tile, w, u, number, block(code, number, problem, tile), (0, problem.channels))
            return []

        code.loop(*share(code, where.x, blocks, groups), one)

    return write(code, [w, u], (groups, 1, 1), workgroup, flops=flops, results=1, why="weights, once, at load")
