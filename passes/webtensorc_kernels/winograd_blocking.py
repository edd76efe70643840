"""How Winograd's algorithm goes through a convolution: register tile, tile rows, channels and workgroups."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from webtensorc_kernels.convolution import Axis, Convolution, Tile, tile_starts
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.tile_choice import choose, step_cycles
from webtensorc_kernels.toom_cook import ALGORITHMS, ToomCook

__all__ = ["Blocking", "plan", "work"]

_INSTRUCTIONS = {2: (90, 300, 75), 4: (300, 700, 250)}
"""Vector instructions to transform a window, weights and results of a vector of channels, loads and stores included.

Those for weights, which lie kilobytes apart, in effect: measured.
"""
_SCATTERED = {2: 7, 4: 56}
"""What it takes beside, for each channel, that a window's numbers go to as many places, if these are not in the
first-level cache: measured."""
_ALONE = 2 / 3
"""What part of main memory's speed one core gets."""
_ROOM = 3 / 4
"""What part of the second-level cache is still there when it is read again."""
_SHARED = 4 << 20
"""Bytes of a transformed image that are still in the shared cache when they are read: others use it too. Measured."""
_VECTORS = (1, 2, 3, 4)
"""Of outputs in a register tile: the more they are, the less often the transformed image is read."""
_TOLERATED = 3.0
"""The largest error, as a multiple of the definition's, at which the algorithm is used."""


@dataclass(frozen=True)
class Blocking:
    """Sizes of the loops.

    Attributes:
        algorithm: how many results a tile has, and how they are computed.
        tile: rows (of tiles) and vectors of outputs in registers.
        tile_rows: rows of tiles of results that a block transforms at once.
        chunk: channels whose weights are transformed at once.
        grid: workgroups along the outputs and along the blocks of tile rows.
        work: an estimate, to compare with others of the same machine (see `work`).
    """

    algorithm: ToomCook
    tile: Tile
    tile_rows: int
    chunk: int
    grid: tuple[int, int]
    work: float = 0.0


def work(problem: Convolution, machine: Machine) -> float:
    """Vector instructions of the busiest worker, the mean for one and two, of this algorithm or the direct one."""
    blocking = plan(problem, machine)
    return blocking.work if blocking else _direct(problem, machine)


def plan(problem: Convolution, machine: Machine) -> Blocking | None:
    """The blocking with the least estimated work; None if the direct convolution is better or the only one.

    The weights of a `transformed` problem are one chunk of all channels. Those in panels have to be transformed.
    """
    p, lanes = problem, machine.lanes
    if (p.kernel, p.strides, p.dilations, p.groups, p.depth) != ((3, 3), (1, 1), (1, 1), 1, Axis()):
        return None
    if min(p.channels, p.outputs) < lanes or (p.packed and not p.transformed):
        return None
    allowed = [ALGORITHMS[p.transformed]] if p.transformed else ALGORITHMS.values()
    found = [_best(p, machine, each) for each in allowed if _suits(p, each)]
    best = min(filter(None, found), key=lambda each: each.work, default=None)
    return best if best and best.work < _direct(p, machine) else None


def _direct(p: Convolution, machine: Machine) -> float:
    """The work of the direct convolution."""
    products = 9 * p.points * p.channels * -(-p.outputs // machine.lanes)
    return (products + 9 * p.channels * p.outputs * 4 * _slots_a_byte(machine)) * _shared(2)


def _slots_a_byte(machine: Machine) -> float:
    """Vector instructions in the time in which one core gets a byte from main memory."""
    speeds = machine.speeds
    return speeds.vector_units * speeds.clock / (_ALONE * speeds.memory)


def _suits(p: Convolution, algorithm: ToomCook) -> bool:
    return min(p.out) >= algorithm.results and algorithm.error(p.channels) <= _TOLERATED


def _best(p: Convolution, machine: Machine, algorithm: ToomCook) -> Blocking | None:
    """The blocking with the least work."""
    down, along = (len(tile_starts(extent, algorithm.results)) for extent in p.out)
    best: Blocking | None = None
    for tile_rows, vectors in itertools.product(range(1, min(down, 16) + 1), _VECTORS):
        rows = tile_rows * along
        product = Convolution.product(rows, p.channels, p.outputs)
        tile = choose(product, machine, overlapping=True, vectors=(vectors,))
        if tile is None:
            continue
        blocks = p.batch * -(-down // tile_rows)
        chunk = p.channels if p.transformed else _chunk(p.channels, tile, machine, algorithm.products)
        for grid in _grids(-(-p.outputs // tile.channels), blocks):
            blocking = Blocking(algorithm, tile, tile_rows, chunk, grid)
            blocking = replace(blocking, work=_work(p, blocking, rows, blocks, machine))
            if best is None or blocking.work < best.work:
                best = blocking
    return best


def _chunk(channels: int, tile: Tile, machine: Machine, products: int) -> int:
    """Channels per chunk, an even number of almost equal ones.

    Transformed weights of a chunk fill at most a third of the second-level cache.
    """
    most = max(8, machine.second_level // 3 // (products * tile.channels * 4)) // 2 * 2
    chunk = -(-channels // -(-channels // most))
    return min(channels, chunk + chunk % 2)


def _grids(across: int, blocks: int) -> list[tuple[int, int]]:
    """Even numbers of workgroups that two, four or more workers share fairly."""
    few = [(x, y) for x in range(1, across + 1) for y in range(1, blocks + 1) if x * y in (2, 4, 6, 8, 12, 14)]
    return few or [(1, 1)]


def _work(p: Convolution, blocking: Blocking, rows: int, blocks: int, machine: Machine) -> float:
    """Vector instructions of the busiest worker: the geometric mean of those of a single one and of one of two."""
    tile, (across, down) = blocking.tile, blocking.grid
    of_input, of_weights, of_results = _INSTRUCTIONS[blocking.algorithm.results]
    inputs: float = of_input * rows * -(-p.channels // tile.lanes)
    count, speeds = blocking.algorithm.products, machine.speeds
    groups = -(-p.outputs // tile.channels // across)
    mine = -(-blocks // down)
    product = Convolution.product(rows, p.channels, p.outputs)
    of_group = count * -(-rows // tile.points) * p.channels * 2 * step_cycles(product, tile, machine, tile.points)
    of_group += of_results * rows * tile.vectors
    channels, chunk = p.channels * tile.channels * 4, blocking.chunk * tile.channels * 4
    image, sums = count * rows * p.channels * 4, count * rows * tile.channels * 4
    near, far = _ROOM * machine.second_level, speeds.vector_units / speeds.shared
    if image + sums + 2 * chunk > near:
        of_group += far * (image + 2 * sums * (p.channels // blocking.chunk - 1))
    if image > machine.first_level:
        inputs += _SCATTERED[blocking.algorithm.results] * rows * p.channels
    inputs += 2 * _slots_a_byte(machine) * max(0, image - _SHARED)  # written to memory, and read from there
    once = _slots_a_byte(machine) * groups
    if p.transformed:
        once *= count * channels
        if image + count * channels * groups > near:
            once += (mine - 1) * count * channels * groups * far
    else:
        once *= 9 * channels
        of_group += of_weights * p.channels * tile.vectors
    return (once + mine * (inputs + of_group * groups)) * across * down * _shared(across * down)


def _shared(groups: int) -> float:
    """What part of the work of so many equal workgroups is one worker's, in the mean of one and two workers."""
    return math.sqrt(-(-groups // 2) / groups)
