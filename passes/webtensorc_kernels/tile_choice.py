"""The register tile that suits a convolution or a product best, by the cycles of its innermost loop."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from webtensorc_kernels.blocks import Blocks
from webtensorc_kernels.convolution import Convolution, Tile, is_inside, segments, tile_starts
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import FEW_POINTS, WIDTH

__all__ = ["blocks", "choose", "step_cycles"]

_MAX_CODE = 3000
"""Multiplications written out in one kernel, at most: beyond, compiling takes too long."""
_TOGETHER = 8
"""Tiles that share a pass over large weights: more make the image too large for the second-level cache."""
_TOGETHER_IN_PRODUCTS = 16
"""The same where half of that cache has room for them."""
_LATENCY = 4
"""Cycles from one addition to an accumulator to the next."""
_PAGE = 4096
"""Addresses so many bytes apart share a set of a first-level cache, which has as many ways as it has pages."""
_BESIDE_PANELS = 2
"""Rows more than ways that may share a set where weights come in panels, which spread over all sets: measured."""


def choose(
    problem: Convolution,
    machine: Machine,
    *,
    overlapping: bool = False,
    vectors: Iterable[int] = range(1, 9),
    in_part: bool = False,
    holds_image: bool = False,
    last_narrower: bool = False,
) -> Tile | None:
    """The tile with the fewest estimated cycles, the larger one if there are two; None if none has bearable code.

    The last tile of a product is a smaller one, or, if `overlapping`, begins earlier as that of a convolution does.
    `vectors` are the numbers of vectors that a tile may have; a vector that is not filled is one only if it may be
    loaded and stored `in_part`. What `holds_image` keeps numbers of each point in a register for several steps. The
    last block of channels may be `last_narrower` than the others, if it need not be as wide.
    """
    lanes = 1 << (min(machine.lanes, problem.outputs).bit_length() - 1)
    widths = [(lanes, wide, 0) for wide in vectors if wide * lanes <= problem.outputs]
    if in_part and machine.masks and lanes < problem.outputs < machine.lanes and problem.groups == 1:
        widths.append((2 * lanes, 1, problem.outputs))
    tiles = [
        Tile(points, wide, lanes, _together(problem, points, machine.second_level // 2), narrow)
        for lanes, wide, narrow in widths
        for points in range(1, min(problem.out[1], machine.registers) + 1)
        if machine.fits(points, wide, held=points if holds_image else 0)
        if not (problem.packed and WIDTH % (wide * lanes))
    ]
    overlapping |= not problem.has_products
    divided = {
        tile: blocks(problem, tile, machine.registers)
        if last_narrower
        else Blocks.alike(problem.outputs, tile.lanes, tile.vectors)
        for tile in tiles
    }
    tiles.sort(key=lambda t: (_cycles(problem, t, divided[t], machine, overlapping), -t.points * t.vectors))
    return next((tile for tile in tiles if _code_size(problem, tile, divided[tile]) <= _MAX_CODE), None)


def _together(problem: Convolution, points: int, cache: int) -> int:
    """How many tiles of so many points share a pass over the weights; one if these stay in the cache."""
    if problem.taps * problem.channels * problem.groups * problem.outputs * 4 <= cache:
        return 1
    fitting = cache // (points * problem.channels * 4) if problem.is_product else 0
    return max(_TOGETHER, min(_TOGETHER_IN_PRODUCTS, fitting))


def _cycles(problem: Convolution, tile: Tile, divided: Blocks, machine: Machine, overlapping: bool) -> float:
    """Estimated cycles for one step of the innermost loop of every tile of a row."""
    whole, left = divmod(problem.out[1], tile.points)
    runs = (whole, tile.points), (1 if left else 0, tile.points if overlapping else left)
    cycles = 0.0
    for count, points in runs:
        cycles += count * (divided.count - 1) * step_cycles(problem, tile, machine, points)
        last, shared = replace(tile, vectors=divided.last), divided.shared(points)
        cycles += count * step_cycles(problem, last, machine, points, shared)
    return cycles


def blocks(problem: Convolution, tile: Tile, registers: int) -> Blocks:
    """The blocks of channels of a kernel that has code for a last one that is narrower.

    Groups have such a one if it is the only one; products of few points have none, whose sums are in parts.
    """
    alike = Blocks.alike(problem.outputs, tile.lanes, tile.vectors)
    if tile.narrow or problem.points <= FEW_POINTS:
        return alike
    narrower = Blocks.narrower(problem.outputs, tile.lanes, tile.vectors, tile.points, registers)
    return narrower if problem.groups == 1 or narrower.count == 1 else alike


def step_cycles(problem: Convolution, tile: Tile, machine: Machine, points: int, shared: int = 0) -> float:
    """Estimated cycles for one step of the innermost loop, for so many points, and vectors that these share.

    A step takes as long as its multiplications (two a cycle), its loads (two a cycle), the weights it streams from the
    second-level cache (half a vector a cycle) or the latency of an addition, whichever is longest. Points whose rows
    all fall into the same sets of the first-level cache push each other out.
    """
    vectors = tile.vectors
    multiplications, loads = points * vectors + shared, points + vectors + (shared > 0)
    step = max(multiplications / 2, loads / 2, 2 * vectors, _LATENCY) + 0.5
    apart = problem.strides[1] * problem.groups * problem.channels * 4
    ways = machine.first_level // _PAGE + (_BESIDE_PANELS if problem.packed else 0)
    if points * math.gcd(apart, _PAGE) > ways * _PAGE:
        step *= 1.25
    return step


def _code_size(problem: Convolution, tile: Tile, divided: Blocks) -> int:
    starts = tile_starts(problem.out[1], tile.points)
    edges = sum(
        len(segments(problem, start, tile.points)) for start in starts if not is_inside(problem, start, tile.points)
    )
    inside = 1 if problem.is_contiguous else problem.kernel[1]
    vectors = tile.vectors if divided.count > 1 else 0
    vectors += divided.last if divided.last < tile.vectors or not vectors else 0
    return (edges + inside) * (tile.points * vectors + divided.shared(tile.points))
