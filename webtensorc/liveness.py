"""Find the buffers that share an arena, and how long each of them lives, from the byte ranges that steps use.

The native compiler packs all intermediate tensors into one allocation and forgets which bytes belonged together. They
are found again by data flow: two writes belong to one buffer when some read sees bytes of both, or when the second one
updates what the first one left. This is reaching definitions on an interval map with union-find, as in
A. Aho, M. Lam, R. Sethi, J. Ullman, Compilers (2nd ed.), section 9.2.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Buffer", "Event", "Range", "logical_buffers", "max_live_bytes", "reaching_writers"]


@dataclass(frozen=True, order=True)
class Range:
    """Bytes [start, end) as one access uses them: `write` defines them all, `update` may read them or leave some."""

    start: int
    end: int
    mode: Literal["read", "write", "update"]


@dataclass(frozen=True)
class Event:
    """What one step does to an arena, each access once. In program order; events of equal time may run at once."""

    time: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Buffer:
    """Bytes [offset, offset + size) that must move together, in use from time `first` to time `last`, both included.

    `accesses` names the ranges that belong to it as (event number, range) pairs.
    """

    offset: int
    size: int
    first: int
    last: int
    accesses: tuple[tuple[int, Range], ...]


@dataclass
class _Definitions:
    """Which access wrote each byte last: disjoint segments (start, end, writer) sorted by start."""

    segments: list[tuple[int, int, int]] = field(default_factory=list)

    def reaching(self, start: int, end: int) -> list[tuple[int, int, int]]:
        return [(max(s, start), min(e, end), w) for s, e, w in self.segments if s < end and start < e]

    def write(self, start: int, end: int, writer: int) -> None:
        kept = []
        for s, e, w in self.segments:
            if s < start:
                kept.append((s, min(e, start), w))
            if end < e:
                kept.append((max(s, end), e, w))
        kept = [segment for segment in kept if segment[0] < segment[1]]
        self.segments = sorted([*kept, (start, end, writer)]) if start < end else kept


@dataclass
class _Flow:
    """The walk over all events: every access gets a number; `parent` is the union-find forest over them."""

    definitions: _Definitions = field(default_factory=_Definitions)
    accesses: list[tuple[int, Range]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    uses: list[tuple[int, list[tuple[int, int, int]]]] = field(default_factory=list)
    """For every read: its time, and which bytes it sees of which writer."""
    seen: list[tuple[tuple[int, int, int], ...]] = field(default_factory=list)

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def add(self, number: int, time: int, range_: Range) -> int:
        node = len(self.parent)
        self.parent.append(node)
        self.accesses.append((number, range_))
        self.times.append(time)
        return node

    def read(self, number: int, time: int, range_: Range) -> int:
        node = self.add(number, time, range_)
        reaching = self.definitions.reaching(range_.start, range_.end)
        self.uses.append((time, reaching))
        self.seen.append(tuple((s - range_.start, e - range_.start, self.accesses[w][0]) for s, e, w in reaching))
        for _, _, writer in reaching:
            self.parent[self.find(writer)] = self.find(node)
        return node


def _walk(events: Sequence[Event]) -> _Flow:
    flow = _Flow()
    for number, event in enumerate(events):
        nodes = [
            flow.add(number, event.time, r) if r.mode == "write" else flow.read(number, event.time, r)
            for r in event.ranges
        ]
        for node, r in zip(nodes, event.ranges, strict=True):
            if r.mode != "read":
                flow.definitions.write(r.start, r.end, node)
    return flow


def logical_buffers(events: Sequence[Event]) -> tuple[Buffer, ...]:
    """The buffers behind `events`, in order of first use, then of offset."""
    flow = _walk(events)
    groups: dict[int, list[int]] = {}
    for node in range(len(flow.parent)):
        groups.setdefault(flow.find(node), []).append(node)
    return tuple(sorted((_buffer(flow, nodes) for nodes in groups.values()), key=lambda b: (b.first, b.offset)))


def _buffer(flow: _Flow, nodes: list[int]) -> Buffer:
    ranges = [flow.accesses[node][1] for node in nodes]
    times = [flow.times[node] for node in nodes]
    start = min(r.start for r in ranges)
    return Buffer(
        offset=start,
        size=max(r.end for r in ranges) - start,
        first=min(times),
        last=max(times),
        accesses=tuple(flow.accesses[node] for node in nodes),
    )


def reaching_writers(events: Sequence[Event]) -> tuple[frozenset[tuple[int, int, int]], ...]:
    """For every read or update in order, which event wrote which of its bytes: (start, end, event) from its own start.

    A layout computes what another one does if each of its reads sees at least what the same read sees there: bytes that
    nothing wrote before may hold anything. A planner checks its work with this.
    """
    merged = []
    for pieces in _walk(events).seen:
        joined: list[tuple[int, int, int]] = []
        for start, end, writer in pieces:
            if joined and joined[-1][1] == start and joined[-1][2] == writer:
                start = joined.pop()[0]
            joined.append((start, end, writer))
        merged.append(frozenset(joined))
    return tuple(merged)


def max_live_bytes(events: Sequence[Event]) -> int:
    """The most bytes at one time that were written and are still to be read, or are being written.

    Counted byte by byte, so it is at most the size of the arena that `events` use, however well that is packed; a
    layout that keeps every buffer in one piece may need more.
    """
    flow = _walk(events)
    lives: dict[tuple[int, int, int], int] = {}
    for node, (_, r) in enumerate(flow.accesses):
        if r.mode != "read":
            lives[node, r.start, r.end] = flow.times[node]
    for time, pieces in flow.uses:
        for start, end, writer in pieces:
            lives[writer, start, end] = max(time, lives.get((writer, start, end), time))
    spans = [(flow.times[writer], last, start, end) for (writer, start, end), last in lives.items()]
    return max((_union(spans, time) for time in set(flow.times)), default=0)


def _union(spans: Iterable[tuple[int, int, int, int]], time: int) -> int:
    """Bytes of all (first, last, start, end) that are alive at `time`, each counted once."""
    total = reached = 0
    for start, end in sorted((start, end) for first, last, start, end in spans if first <= time <= last):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
