"""Buffer recovery against a memory that is simulated byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from webtensorc.liveness import Event, Range, logical_buffers, max_live_bytes, reaching_writers
from webtensorc.packing import Interval, lower_bound, pack

SIZE = 48


@st.composite
def programs(draw: st.DrawFn) -> list[Event]:
    """Any sequence of reads, writes and updates of any ranges: nothing promises that they make sense."""
    events = []
    time = 0
    for _ in range(draw(st.integers(0, 14))):
        time += draw(st.integers(0, 1))
        ranges = []
        for mode in draw(st.lists(st.sampled_from(["read", "write", "update"]), min_size=1, max_size=3)):
            start = draw(st.integers(0, SIZE - 1))
            ranges.append(Range(start, draw(st.integers(start + 1, SIZE)), mode))  # type: ignore[arg-type]
        events.append(Event(time, tuple(dict.fromkeys(ranges))))
    return events


def simulate(events: Sequence[Event], size: int) -> list[dict[int, int]]:
    """For every read or update: which event wrote each of its bytes, of those that were written at all."""
    memory: list[int | None] = [None] * size
    seen = []
    for number, event in enumerate(events):
        for r in event.ranges:
            if r.mode != "write":
                seen.append({b - r.start: w for b in range(r.start, r.end) if (w := memory[b]) is not None})
        for r in event.ranges:
            if r.mode != "read":
                memory[r.start : r.end] = [number] * (r.end - r.start)
    return seen


@given(programs())
def test_reaching_writers_are_what_a_memory_shows(events: list[Event]) -> None:
    found = [{b: writer for start, end, writer in each for b in range(start, end)} for each in reaching_writers(events)]
    assert found == simulate(events, SIZE)


@given(programs())
def test_every_access_belongs_to_one_buffer_that_covers_it(events: list[Event]) -> None:
    buffers = logical_buffers(events)
    members = [access for buffer in buffers for access in buffer.accesses]
    assert sorted(members, key=repr) == sorted(((n, r) for n, e in enumerate(events) for r in e.ranges), key=repr)
    for buffer in buffers:
        for number, r in buffer.accesses:
            assert buffer.offset <= r.start and r.end <= buffer.offset + buffer.size
            assert buffer.first <= events[number].time <= buffer.last


def serial(events: Sequence[Event]) -> list[Event]:
    return [Event(i, e.ranges) for i, e in enumerate(events)]


@given(programs())
def test_buffers_may_move_apart_without_changing_what_is_read(events: list[Event]) -> None:
    """Moving buffers as units to fresh places keeps every read: a buffer has all the bytes that its reads depend on."""
    events = serial(events)
    moved, at = {}, 0
    for buffer in logical_buffers(events):
        moved.update(dict.fromkeys(buffer.accesses, at - buffer.offset))
        at += buffer.size
    after = [
        Event(e.time, tuple(Range(r.start + moved[n, r], r.end + moved[n, r], r.mode) for r in e.ranges))
        for n, e in enumerate(events)
    ]
    for before, now in zip(simulate(events, SIZE), simulate(after, at), strict=True):
        assert before.items() <= now.items()


@given(programs())
def test_packed_buffers_keep_what_is_read(events: list[Event]) -> None:
    events = serial(events)
    buffers = logical_buffers(events)
    packing = pack([Interval(b.first, b.last, b.size) for b in buffers], node_limit=200)
    moved = {a: at - b.offset for b, at in zip(buffers, packing.offsets, strict=True) for a in b.accesses}
    after = [
        Event(e.time, tuple(Range(r.start + moved[n, r], r.end + moved[n, r], r.mode) for r in e.ranges))
        for n, e in enumerate(events)
    ]
    for before, now in zip(simulate(events, SIZE), simulate(after, packing.size), strict=True):
        assert before.items() <= now.items()


@given(programs())
def test_max_live_counts_bytes_that_will_be_read(events: list[Event]) -> None:
    events = serial(events)
    memory: list[int | None] = [None] * SIZE
    alive: set[tuple[int, int]] = set()
    for number, event in enumerate(events):
        for r in event.ranges:
            if r.mode != "write":
                alive |= {
                    (time, b)
                    for b in range(r.start, r.end)
                    if (writer := memory[b]) is not None
                    for time in range(writer, number + 1)
                }
        for r in event.ranges:
            if r.mode != "read":
                memory[r.start : r.end] = [number] * (r.end - r.start)
                alive |= {(number, b) for b in range(r.start, r.end)}
    counts = [sum(time == t for time, _ in alive) for t in range(len(events))]
    assert max_live_bytes(events) == max(counts, default=0)


@given(programs())
def test_max_live_is_below_any_packing(events: list[Event]) -> None:
    buffers = logical_buffers(events)
    assert max_live_bytes(events) <= lower_bound([Interval(b.first, b.last, b.size) for b in buffers])


def event(time: int, *ranges: tuple[Literal["read", "write", "update"], int, int]) -> Event:
    return Event(time, tuple(Range(start, end, mode) for mode, start, end in ranges))


def test_slabs_of_a_concatenation_stay_together() -> None:
    events = [
        event(0, ("write", 0, 8)),
        event(1, ("write", 8, 24)),
        event(2, ("read", 0, 24), ("write", 24, 32)),
        event(3, ("read", 24, 32)),
    ]
    assert [(b.offset, b.size, b.first, b.last) for b in logical_buffers(events)] == [(0, 24, 0, 2), (24, 8, 2, 3)]


def test_memory_used_again_is_two_buffers() -> None:
    events = [event(0, ("write", 0, 8)), event(1, ("read", 0, 8)), event(2, ("write", 0, 8)), event(3, ("read", 0, 8))]
    assert [(b.first, b.last) for b in logical_buffers(events)] == [(0, 1), (2, 3)]


def test_an_update_continues_its_buffer() -> None:
    events = [event(0, ("write", 0, 16)), event(1, ("update", 4, 8)), event(2, ("read", 0, 16))]
    (buffer,) = logical_buffers(events)
    assert (buffer.offset, buffer.size, buffer.first, buffer.last) == (0, 16, 0, 2)
