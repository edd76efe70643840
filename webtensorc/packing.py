"""Place buffers of known lifetime and size in one arena, as low as possible: dynamic storage allocation.

Several greedy orders are tried, then a branch and bound search over placement orders improves on the best of them until
it meets the max-live lower bound or spends its node budget. Everything is deterministic: the budget counts nodes, never
time. Greedy by size follows Y. Pisarchyk and J. Lee, Efficient Memory Management for Deep Neural Net Inference (2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Interval", "Packing", "first_fit", "lower_bound", "pack"]


@dataclass(frozen=True)
class Interval:
    """A buffer of `size` bytes in use from time `start` to `end`, both included, at a multiple of `alignment`."""

    start: int
    end: int
    size: int
    alignment: int = 1

    def overlaps(self, other: Interval) -> bool:
        """Whether the two are in use at one time."""
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True)
class Packing:
    """One offset for every interval, in the order given, and the bytes that the arena needs."""

    offsets: tuple[int, ...]
    size: int


def lower_bound(intervals: Sequence[Interval]) -> int:
    """Max-live: the largest sum of sizes at one time. No packing is smaller."""
    starts = sorted({interval.start for interval in intervals})
    return max((sum(i.size for i in intervals if i.start <= t <= i.end) for t in starts), default=0)


def first_fit(intervals: Sequence[Interval]) -> Packing:
    """Each interval, in the order given, at the lowest offset where it fits."""
    return _Graph(intervals).place(range(len(intervals)))


def pack(intervals: Sequence[Interval], node_limit: int = 20_000) -> Packing:
    """The best packing found: never worse than any of the greedy orders, optimal if it equals `lower_bound`.

    Arguments:
        intervals: what to place; sizes and times are not negative, alignments positive.
        node_limit: how many placements the improving search may try; 0 leaves the best greedy packing.
    """
    graph = _Graph(intervals)
    bound = lower_bound(intervals)
    best = min((graph.place(order) for order in graph.orders()), key=lambda packing: packing.size)
    if best.size > bound and node_limit > 0:
        best = graph.improve(best, bound, node_limit)
    return best


class _Graph:
    """The intervals with, for each, the others that are in use at one time with it."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self.intervals = intervals
        self.neighbours = [
            [j for j, other in enumerate(intervals) if j != i and other.size and interval.overlaps(other)]
            for i, interval in enumerate(intervals)
        ]

    def orders(self) -> list[list[int]]:
        """Greedy orders: by size, length of life, area, start, and the pressure of the moment a buffer lives in."""
        intervals = self.intervals
        live = {t: sum(i.size for i in intervals if i.start <= t <= i.end) for t in {i.start for i in intervals}}
        pressure = [max(live[t] for t in live if i.start <= t <= i.end) for i in intervals]
        keys: list[Callable[[int], tuple[int, ...]]] = [
            lambda i: (-intervals[i].size,),
            lambda i: (-(intervals[i].end - intervals[i].start), -intervals[i].size),
            lambda i: (-(intervals[i].end - intervals[i].start + 1) * intervals[i].size,),
            lambda i: (intervals[i].start, -intervals[i].size),
            lambda i: (-intervals[i].end, -intervals[i].size),
            lambda i: (-pressure[i], -intervals[i].size),
            lambda i: (-pressure[i], -(intervals[i].end - intervals[i].start), -intervals[i].size),
        ]
        return [sorted(range(len(intervals)), key=lambda i, key=key: (*key(i), i)) for key in keys]  # type: ignore[misc]

    def fit(self, i: int, offsets: list[int]) -> int:
        """The lowest aligned offset where interval `i` meets no placed neighbour (offset -1: not placed)."""
        interval = self.intervals[i]
        if interval.size == 0:
            return 0
        taken = sorted((offsets[j], offsets[j] + self.intervals[j].size) for j in self.neighbours[i] if offsets[j] >= 0)
        at = 0
        for start, end in taken:
            if start - at >= interval.size:
                break
            if end > at:
                at = -(-end // interval.alignment) * interval.alignment
        return at

    def place(self, order: Sequence[int]) -> Packing:
        """Put every interval, in `order`, at the lowest offset that fits."""
        offsets = [-1] * len(self.intervals)
        for i in order:
            offsets[i] = self.fit(i, offsets)
        return Packing(tuple(offsets), self._size(offsets))

    def _size(self, offsets: Sequence[int]) -> int:
        return max((at + interval.size for at, interval in zip(offsets, self.intervals, strict=True)), default=0)

    def improve(self, best: Packing, bound: int, budget: int) -> Packing:
        """Move the intervals that stick out to the front of the order and place again, while it helps and budget lasts.

        Each round takes the order of the best packing by offset, pulls forward one interval that touches the top or one
        of its neighbours, and keeps the result if the arena shrinks. Then an exhaustive search finishes small cases.
        """
        count = len(self.intervals)
        improved = True
        while improved and best.size > bound and budget > 0:
            improved = False
            order = sorted(range(count), key=lambda i: (best.offsets[i], -self.intervals[i].size, i))
            tops = [i for i in order if best.offsets[i] + self.intervals[i].size == best.size]
            for i in dict.fromkeys([*tops, *(j for top in tops for j in self.neighbours[top])]):
                budget -= count
                candidate = self.place([i, *(j for j in order if j != i)])
                if candidate.size < best.size:
                    best, improved = candidate, True
                    break
                if budget <= 0:
                    break
        return self._search(best, bound, budget) if count <= 40 else best

    def _search(self, best: Packing, bound: int, budget: int) -> Packing:
        """Depth-first branch and bound over placement orders; a branch dies when it reaches the best size."""
        stack: list[tuple[list[int], int]] = [([-1] * len(self.intervals), 0)]
        while stack and budget > 0 and best.size > bound:
            offsets, height = stack.pop()
            budget -= 1
            if height >= best.size:
                continue
            open_ = [i for i, at in enumerate(offsets) if at < 0]
            if not open_:
                best = Packing(tuple(offsets), height)
                continue
            fits = sorted(((self.fit(i, offsets), -self.intervals[i].size, i) for i in open_), reverse=True)
            for at, size, i in fits:
                top = max(height, at - size)
                if top < best.size:
                    stack.append(([*offsets[:i], at, *offsets[i + 1 :]], top))
        return best
