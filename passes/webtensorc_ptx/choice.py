"""Which tile suits a problem: an estimate of the time of every candidate."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from webtensorc_kernels.convolution import Convolution

from webtensorc_ptx.contraction import Tile
from webtensorc_ptx.staging import PIECE, ROW

__all__ = ["Gpu", "choose"]


@dataclass(frozen=True)
class Gpu:
    """What the kernels' author needs to know of a GPU.

    Attributes:
        capability: compute capability, ten times the major version and the minor one.
        exact: whether code may be for this capability alone, so that no later GPU runs it.
    """

    capability: int
    exact: bool = False

    @property
    def multiprocessors(self) -> int:
        """Of the data centre GPU of that capability: A100 and H100."""
        return 132 if self.capability >= 90 else 108

    @property
    def has_clusters(self) -> bool:
        """Whether workgroups can share memory (compute capability 9.0)."""
        return self.capability >= 90

    @property
    def widest(self) -> int:
        """How many workgroups a reduction is split for, which takes clusters."""
        return self.multiprocessors if self.has_clusters else 1

    @property
    def has_warpgroups(self) -> bool:
        """Whether there is `wgmma`."""
        return self.exact and self.capability == 90

    @property
    def shared_bytes(self) -> int:
        """Shared memory of one workgroup, at most (CUDA C++ Programming Guide, "Compute Capabilities")."""
        return (227 if self.capability >= 90 else 99) << 10


_SHAPES = [
    (128, 256, (2, 4)),
    (128, 128, (2, 2)),
    (128, 128, (2, 4)),
    (128, 64, (4, 2)),
    (64, 128, (2, 4)),
    (64, 64, (2, 2)),
    (32, 64, (1, 4)),
    (64, 32, (2, 1)),
    (32, 32, (1, 2)),
]
# Fitted to 1130 measured kernels on an H100 (benchmarks/gpu/tiles.py), then corrected by what the kernels of whole
# networks took there, whose weights come from further away: steps are longer, and splitting them costs less.
_SCALAR = 89
"""Multiplications that the scalar units of a multiprocessor really do in a cycle."""
_SHARED = 43
"""Bytes that the warps of a multiprocessor really read from shared memory in a cycle: what limits the matrix units."""
_STEP = 900
"""Cycles that a step of the reduction takes at least: latencies of memory and barriers."""
_BEGIN = 2000
"""Cycles from a workgroup's begin to its first multiplication, and from its last to its end."""
_MANY, _ALIKE = 1 << 16, 1.03
"""Results for each multiprocessor from which on the largest tile wins among those whose estimates differ by less: what
is estimated is then the same for all, and it is read least often from the second-level cache."""
_MEET, _MEET_EACH = 2150, 400
"""Cycles that adding up in a cluster takes, and for each of its workgroups."""


def choose(problem: Convolution, precision: str, gpu: Gpu, count: int = 1) -> Tile | None:
    """The candidate with the shortest estimated time for `count` problems at once; None if there is none."""
    size = 2 if precision in ("f16", "bf16") else 4
    if size == 2 and (problem.channels * size % PIECE or problem.outputs * size % PIECE):
        return None  # there are no asynchronous copies of two bytes
    found = []
    for rows, columns, warps in _SHAPES:
        if columns * size < ROW or (precision == "f32" and rows // warps[0] > 64 and columns // warps[1] > 32):
            continue
        for splits in (1, 2, 4, 8) if gpu.has_clusters and count == 1 else (1,):
            for stages in (4, 3):
                tile = Tile(rows, columns, warps, stages, splits)
                if tile.shared_bytes(size) <= gpu.shared_bytes:
                    resident = _resident(tile, size, gpu)
                    cycles = _cycles(problem, tile, precision, resident, gpu, count)
                    found.append((cycles, -min(resident, 2), -stages, splits, tile))
    found.sort(key=lambda each: each[:4])
    if found and problem.points * problem.outputs * count >= _MANY * gpu.multiprocessors:
        found = [each for each in found if each[0] <= _ALIKE * found[0][0]]
        found.sort(key=lambda each: (each[3], 1 / each[-1].rows + 1 / each[-1].columns))
    return found[0][-1] if found else None


def _resident(tile: Tile, size: int, gpu: Gpu) -> int:
    """Workgroups that share a multiprocessor."""
    return max(1, min(gpu.shared_bytes // tile.shared_bytes(size), 1024 // tile.threads))


def _cycles(problem: Convolution, tile: Tile, precision: str, resident: int, gpu: Gpu, count: int) -> float:
    size = 2 if precision in ("f16", "bf16") else 4
    depth = prod(problem.kernel) * problem.channels
    steps = -(-depth * size // ROW)
    each = -(-steps // tile.splits)
    tiles = -(-problem.points // tile.rows) * -(-problem.outputs // tile.columns) * tile.splits * count
    busiest = -(-tiles // gpu.multiprocessors)
    if precision == "f32":
        work = tile.rows * tile.columns * (ROW // size) / _SCALAR
    else:
        work = prod(tile.warps) * (tile.rows // tile.warps[0] + tile.columns // tile.warps[1]) * ROW / _SHARED
    rounds = -(-busiest // resident)
    meeting = _MEET + _MEET_EACH * tile.splits if tile.splits > 1 else 0
    return max(busiest * each * work, rounds * each * _STEP) + rounds * _BEGIN + meeting
