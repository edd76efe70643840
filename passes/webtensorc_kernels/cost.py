"""How long a kernel takes, as an estimate: arithmetic and memory, whichever of the two is the longer.

The estimate is that of the execution-cache-memory model (G. Hager, J. Treibig, J. Habich, G. Wellein: Exploring
performance and power properties of modern multicore chips via simple machine models, 2016) with transfers that overlap
with arithmetic, as out-of-order processors do it, so that it is never below the roofline (S. Williams, A. Waterman,
D. Patterson: Roofline, 2009), which is stated beside it:

    cycles of a loop   = trips * max(arithmetic, loads, stores, instructions, latency of what is carried) + inner loops
    transfers of a loop = the bytes it touches, once, if a round leaves them in the cache for the next one,
                          else trips * transfers of its body
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from webtensorc_kernels.code import Code, View
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.meter import Access, Loop, Meter
from webtensorc_kernels.panels import TOGETHER

__all__ = ["Cost", "estimate"]

_LATENCY = 4
"""Cycles from one addition to an accumulator to the next."""
_ISSUE = 5
"""Instructions per cycle, at most."""
_BRANCH = 12
"""Cycles that the end of an inner loop costs, whose last jump is foreseen wrongly."""
_START = 300
"""Cycles to hand out a workgroup."""
_FUNCTION = 16
"""Arithmetic instructions that a function of `math` is expanded to."""
_LOADS = {"vector.load": 1.0, "vector.maskedload": 1.0, "memref.load": 0.5}
_STORES = {"vector.store", "vector.maskedstore", "memref.store"}
_TILES = {"tile.multiply": 16, "tile.multiply_floats": 28, "tile.load": 8, "tile.store": 16}
"""Cycles of instructions on tiles, which have units of their own; measured.

Of floats in whole kernels: by itself one is 16 on zeros and 20 on other numbers, where the processor slows down.
"""
_TILE_FLOPS = 2 * 16 * 16 * 64
"""Operations on bytes that one of them is."""
_PRODUCTS_OF_PARTS = 6
"""That one product of float32 is, half as many at once as of bytes."""
_FREE = {
    "memref.prefetch",
    "llvm.inline_asm",
    "llvm.extractvalue",
    "vector.bitcast",
    "llvm.intr.masked.gather",
    "scf.yield",
}
_SCALAR = {"addi", "subi", "muli", "divui", "remui", "minsi", "maxsi", "arith.cmpi"}


@dataclass(frozen=True)
class Cost:
    """An estimate for one call.

    Attributes:
        groups: the number of workgroups.
        busiest: seconds that the largest of them takes on a core.
        compute_bound: seconds that the arithmetic would take one core at its peak.
        memory_bound: seconds that one core takes to bring in every operand and take out every result, once.
        memory: seconds in which all cores together get the weights from main memory.
    """

    groups: int
    busiest: float
    compute_bound: float
    memory_bound: float
    memory: float

    def seconds(self, workers: int = 1) -> float:
        """One call on so many cores: rounds of workgroups as large as the largest, main memory shared by all."""
        rounds = -(-self.groups // workers)
        return max(rounds * self.busiest, self.memory)


def estimate(generate: Callable[[Code], Kernel], lanes: int, machine: Machine) -> Cost:
    """The cost of the kernel that `generate` writes into a `Code` of so many lanes."""
    meter = Meter(lanes, machine)
    kernel = generate(meter)
    groups = math.prod(kernel.grid)
    speeds = machine.speeds
    memory = speeds.memory / speeds.clock
    cycles = _START + _cycles(meter.root, speeds.vector_units, fused=machine.fused)
    near = _transfers(meter.root, machine.first_level)
    far = _transfers(meter.root, machine.second_level)
    given = kernel.views[: len(kernel.views) - kernel.results + 1]
    cold, warm = _sizes(given, cold=True), _sizes(given, cold=False)
    mine = min(far, cold / groups)
    transfers = max(near / speeds.second_level, mine / memory + (far - mine) / speeds.shared)
    peak = machine.lanes * speeds.vector_units * speeds.clock * (2 if machine.fused else 1)
    if kernel.views[0].element == "i8":  # products of bytes that one lane adds at once, or that a tile does
        widened = machine.dot is not None and machine.dot.widened
        vectors = peak if widened else TOGETHER * peak
        peak = _TILE_FLOPS / _TILES["tile.multiply"] * speeds.clock if machine.tiles else vectors
    if any(each.counts["tile.multiply_floats"] for each in _within(meter.root)):
        peak = _TILE_FLOPS / 2 / _PRODUCTS_OF_PARTS / _TILES["tile.multiply_floats"] * speeds.clock
    return Cost(
        groups=groups,
        busiest=max(cycles, transfers) / speeds.clock,
        compute_bound=kernel.flops / peak,
        memory_bound=cold / speeds.memory + warm / speeds.shared / speeds.clock,
        memory=cold / speeds.memory,
    )


def _sizes(views: Iterable[View], *, cold: bool) -> int:
    """Bytes of the weights, which come from main memory, or of the rest, written or read a moment ago by others."""
    return sum(math.prod(view.shape) * view.bytes for view in views if view.name.startswith("%w") is cold)


def _cycles(loop: Loop, units: float, *, fused: bool) -> float:
    """Of all rounds of a loop."""
    counts = loop.counts
    tiles = max(counts[name] * cycles for name, cycles in _TILES.items())
    loads = sum(counts[name] * weight for name, weight in _LOADS.items())
    stores = sum(counts[name] for name in _STORES)
    arithmetic = sum(_FUNCTION * n if name.startswith("math.") else n for name, n in counts.items() if _computes(name))
    instructions = sum(n for name, n in counts.items() if name not in _FREE)
    chain = math.ceil(arithmetic / loop.carried) * _LATENCY * (1 if fused else 2) if loop.carried else 0
    inner = sum(_cycles(each, units, fused=fused) + _BRANCH for each in loop.inner)
    body = max(tiles, arithmetic / units, loads / units, stores, instructions / _ISSUE, 0 if loop.inner else chain)
    return loop.trips * (body + inner)


def _computes(name: str) -> bool:
    known = name in _LOADS or name in _STORES or name in _FREE or name in _SCALAR or name in _TILES
    return not known and name != "vector.broadcast"


def _transfers(loop: Loop, capacity: int) -> float:
    """Bytes that all rounds of a loop bring into a cache."""
    if _footprint(loop, moving=False) <= capacity:
        return _footprint(loop, moving=True)
    own = _distinct(loop.accesses.values(), set())
    return loop.trips * (own + sum(_transfers(each, capacity) for each in loop.inner))


def _footprint(loop: Loop, *, moving: bool) -> float:
    """Distinct bytes that a loop touches in all of its rounds, or in one."""
    loops = list(_within(loop))
    running = {each.number for each in loops if moving or each is not loop}
    return _distinct((access for each in loops for access in each.accesses.values()), running)


def _within(loop: Loop) -> Iterable[Loop]:
    yield loop
    for each in loop.inner:
        yield from _within(each)


def _distinct(accesses: Iterable[Access], running: set[int]) -> float:
    """Distinct bytes touched while the loops `running` go round and the others stand still.

    Of each view the smallest box around all accesses, or the sum of the boxes of each, whichever is less.
    """
    boxes: dict[str, tuple[View, float, list[float], list[float]]] = {}
    for access in accesses:
        low, high, one = [], [], float(access.count)
        for dimension, moves in enumerate(access.moves):
            way = sum(abs(move) for loop, move in moves if loop in running)
            low.append(access.low[dimension] - way / 2)
            high.append(access.high[dimension] + way / 2 + 1)
            one *= min(way + 1, access.view.shape[dimension])
        high[-1] += access.lanes - 1
        one *= (way + access.lanes) / (way + 1)
        if access.view.name in boxes:
            view, total, lowest, highest = boxes[access.view.name]
            boxes[view.name] = view, total + one, list(map(min, low, lowest)), list(map(max, high, highest))
        else:
            boxes[access.view.name] = access.view, one, low, high
    return sum(_bytes(*each) for each in boxes.values())


def _bytes(view: View, total: float, low: list[float], high: list[float]) -> float:
    sizes = (min(b, float(extent)) - max(a, 0.0) for a, b, extent in zip(low, high, view.shape, strict=True))
    return min(total, math.prod(max(1.0, size) for size in sizes)) * view.bytes
