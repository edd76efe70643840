"""What a kernel does, read off the kernel: how often which instruction, and which memory each loop goes through.

`Meter` is a `Code` that runs a kernel's own author once per loop instead of writing text. Every index is known as the
value in the middle of its loops and how far it moves over each of them, so that a loop's body has to be looked at once
and counts as often as the loop goes round. The workgroup looked at is the first one, which has the largest share.

So there is no formula per family of kernels that could say something else than the kernel does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from webtensorc_kernels.code import Code, Index, View, Workgroup

__all__ = ["Access", "Loop", "Meter"]


@dataclass(frozen=True)
class _Range:
    """An index: its value in the middle of all loops, and how far each loop, by its number, moves it."""

    middle: float
    moves: dict[int, float]


Moves = tuple[tuple[tuple[int, float], ...], ...]
"""For each dimension the loops that move an index, by number, and how far."""


@dataclass
class Access:
    """What some instructions alike touch of a view.

    Attributes:
        view: the memory.
        moves: how the loops around it move it.
        lanes: adjacent elements that each of them touches.
        count: how many they are.
        low, high: the least and the largest index in each dimension, in the middle of all loops.
    """

    view: View
    moves: Moves
    lanes: int
    count: int
    low: list[float]
    high: list[float]


@dataclass
class Loop:
    """One loop of a kernel, or its whole body.

    Attributes:
        number: its own.
        trips: how often it goes round, each time it is reached.
        carried: values handed from one round to the next.
        counts: instructions in its body that are in no inner loop, by name.
        accesses: those among them that touch memory, those alike together.
        inner: the loops in its body.
    """

    number: int = 0
    trips: float = 1
    carried: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    accesses: dict[tuple[str, Moves, int], Access] = field(default_factory=dict)
    inner: list[Loop] = field(default_factory=list)


class Meter(Code):
    """Runs a kernel's author and keeps `root`, the tree of its loops, instead of text."""

    def __init__(self, *arguments: object) -> None:
        """As `Code`."""
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.root = self._here = Loop()
        self._ranges: dict[str, _Range] = {}
        self._loops = 0
        self._tiles: list[tuple[int, int]] = []

    def value(self, expression: str) -> str:
        """Count an instruction; the result has a name and nothing else."""
        self._here.counts[expression.split(" ", 1)[0].strip('"')] += 1
        self._names += 1
        return f"%v{self._names}"

    def line(self, text: str) -> None:
        """Count an instruction without a result."""
        self._here.counts[text.split(" ", 1)[0]] += 1

    def workgroups(self, grid: tuple[int, int, int], body: Callable[[Workgroup], None]) -> None:
        """Look at the first workgroup."""
        body(Workgroup(*(self._index(_Range(0, {})) if extent > 1 else 0 for extent in grid)))

    # Indices.

    def _index(self, range_: _Range) -> str:
        self._names += 1
        name = f"%x{self._names}"
        self._ranges[name] = range_
        return name

    def _range(self, index: Index) -> _Range:
        return _Range(index, {}) if isinstance(index, int) else self._ranges[index]

    def arithmetic(self, operation: str, a: Index, b: Index) -> Index:
        """An index whose middle and moves follow from those of the operands."""
        self._here.counts[operation] += 1
        return self._index(_ARITHMETIC[operation](self._range(a), self._range(b)))

    # Control.

    def loop(
        self,
        low: Index,
        high: Index,
        body: Callable[[Index, list[str]], Sequence[str]],
        carried: Sequence[str] = (),
        step: int = 1,
        element: str | Sequence[str] = "f32",
    ) -> list[str]:
        """Look at the round in the middle, if there are any rounds.

        Where loops around it move its bounds, what is known is how often it goes round on average: no whole number.
        """
        first, last = self._range(low), self._range(high)
        trips = max(0, (last.middle - first.middle) / step)
        if not any((*first.moves.values(), *last.moves.values())):
            trips = math.ceil(trips)
        if trips == 0:
            return list(carried)
        if trips == 1:
            return list(body(low, list(carried)))
        self._loops += 1
        outer, self._here = self._here, Loop(self._loops, trips, len(carried))
        outer.inner.append(self._here)
        way = step * max(0, trips - 1)
        out = body(self._index(_Range(first.middle + way / 2, {**first.moves, self._loops: way})), list(carried))
        self._here = outer
        return list(out)

    # Memory.

    def load(self, view: View, *at: Index) -> str:
        """Count and note the access."""
        self._note(view, at, self.lanes)
        return super().load(view, *at)

    def load_repeated(self, count: int, view: View, *at: Index) -> str:
        """Count and note the access."""
        self._note(view, at, count)
        return super().load_repeated(count, view, *at)

    def load_every(self, stride: int, view: View, *at: Index) -> str:
        """Count and note the access."""
        if stride > 1:
            self._note(view, at, stride * self.lanes)
        return super().load_every(stride, view, *at)

    def store(self, vector: str, view: View, *at: Index) -> None:
        """Count and note the access."""
        self._note(view, at, self.lanes)
        super().store(vector, view, *at)

    def stored_index(self, view: View, *at: Index) -> Index:
        """Count and note the access; the index may be anything, and is taken to follow the loops around."""
        self._note(view, at, 1)
        super().stored_index(view, *at)
        return at[-1]

    def places(self, extent: int, view: View, *at: Index) -> str:
        """Count and note the access."""
        self._note(view, at, self.lanes)
        return super().places(extent, view, *at)

    def gather(self, places: str, view: View, *row: Index) -> str:
        """Count a load a lane, and note the access: anywhere in the row, taken to be all of it."""
        self._note(view, (*row, 0), view.shape[-1])
        self._here.counts["memref.load"] += self.lanes
        return self.value("llvm.intr.masked.gather")

    def store_first(self, vector: str, view: View, *at: Index) -> None:
        """Count and note the access."""
        self._note(view, at, 1)
        super().store_first(vector, view, *at)

    def broadcast(self, view: View, *at: Index) -> str:
        """Count and note the access."""
        self._note(view, at, 1)
        return super().broadcast(view, *at)

    def word(self, view: View, *at: Index, count: int = 4) -> str:
        """Count and note the access."""
        self._note(view, at, count)
        return super().word(view, *at, count=count)

    def load_fixed(self, view: View, *at: Index) -> str:
        """Count and note the access."""
        self._note(view, at, 3 * self.lanes)
        return super().load_fixed(view, *at)

    def copy(
        self, count: int, source: View, at: Sequence[Index], to: View, there: Sequence[Index], skip: int = 0
    ) -> None:
        """Count and note the accesses."""
        self._note(source, at, count)
        self._note(to, there, count)
        super().copy(count, source, at, to, there, skip)

    def clear(self, count: int, view: View, *at: Index) -> None:
        """Count and note the access."""
        self._note(view, at, count)
        super().clear(count, view, *at)

    def store_half(self, packed: str, half: int, view: View, *at: Index) -> None:
        """Count and note the access."""
        self._note(view, at, 32)
        super().store_half(packed, half, view, *at)

    def store_words(self, words: str, view: View, *at: Index) -> None:
        """Count and note the access."""
        self._note(view, at, 4 * self.lanes)
        super().store_words(words, view, *at)

    # Tiles: `tile.load`, `tile.store`, `tile.multiply` and `tile.multiply_floats`, whatever leads to their addresses.

    def use_tiles(self, shapes: Sequence[tuple[int, int]], view: View, *at: Index) -> None:
        """Remember the shapes."""
        self._tiles = list(shapes)

    def release_tiles(self) -> None:
        """As good as nothing."""

    def load_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        """Count and note the access."""
        self._tile("tile.load", tile, view, at, stride)

    def store_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        """Count and note the access."""
        self._tile("tile.store", tile, view, at, stride)

    def multiply_tiles(self, c: int, a: int, b: int) -> None:
        """Count."""
        self._here.counts["tile.multiply"] += 1

    def multiply_float_tiles(self, c: int, a: int, b: int) -> None:
        """Count."""
        self._here.counts["tile.multiply_floats"] += 1

    def clear_tile(self, tile: int) -> None:
        """As good as nothing."""

    def once_if(self, mask: str) -> Index:
        """What is so rare that it does not count: never."""
        self.value("vector.extract")
        return 0

    def _tile(self, name: str, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        self._here.counts[name] += 1
        rows, width = self._tiles[tile]
        pitch = view.shape[-1] * view.bytes
        for row in range(rows if stride else 1):
            below, right = divmod(row * stride, pitch) if len(view.shape) > 1 else (0, row * stride)
            place = [*at[:-2], self.add(at[-2], below)] if len(view.shape) > 1 else []
            self._note(view, [*place, self.add(at[-1], right // view.bytes)], width // view.bytes)

    def _note(self, view: View, at: Sequence[Index], lanes: int) -> None:
        ranges = [self._range(index) for index in at]
        middles = [each.middle for each in ranges]
        moves = tuple(tuple(each.moves.items()) for each in ranges)
        found = self._here.accesses.get((view.name, moves, lanes))
        if found is None:
            access = Access(view, moves, lanes, 1, middles, middles)
            self._here.accesses[view.name, moves, lanes] = access
            return
        found.count += 1
        found.low = list(map(min, found.low, middles))
        found.high = list(map(max, found.high, middles))


def _sum(a: _Range, b: _Range) -> _Range:
    moves = {loop: a.moves.get(loop, 0) + b.moves.get(loop, 0) for loop in {**a.moves, **b.moves}}
    return _Range(a.middle + b.middle, moves)


def _scaled(a: _Range, factor: float) -> _Range:
    return _Range(a.middle * factor, {loop: move * factor for loop, move in a.moves.items()})


def _product(a: _Range, b: _Range) -> _Range:
    return _sum(_scaled(a, b.middle), _scaled(_Range(0, b.moves), a.middle))


def _quotient(a: _Range, b: _Range) -> _Range:
    return _Range(a.middle // b.middle, _scaled(a, 1 / b.middle).moves)


def _remainder(a: _Range, b: _Range) -> _Range:
    return _Range(a.middle % b.middle, {loop: min(abs(move), b.middle - 1) for loop, move in a.moves.items()})


def _extreme(choice: Callable[[float, float], float]) -> Callable[[_Range, _Range], _Range]:
    """Of two indices, of which one is the limit to the other: the middle is limited, the moves are those of both."""
    return lambda a, b: _Range(choice(a.middle, b.middle), {**a.moves, **b.moves})


_ARITHMETIC: dict[str, Callable[[_Range, _Range], _Range]] = {
    "addi": _sum,
    "subi": lambda a, b: _sum(a, _scaled(b, -1)),
    "muli": _product,
    "divui": _quotient,
    "remui": _remainder,
    "minsi": _extreme(min),
    "maxsi": _extreme(max),
}
