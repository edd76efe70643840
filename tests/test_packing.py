"""Property tests of the packer: valid, within its bounds, deterministic, optimal where that can be checked."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from webtensorc import packing as packers
from webtensorc.packing import Interval, Packing, lower_bound, pack

HARD = [(6, 6, 2), (4, 7, 5), (3, 7, 3), (4, 4, 2), (1, 3, 6), (3, 5, 5)]
ALIGNMENTS = st.sampled_from([1, 4, 16, 64])


@st.composite
def intervals(draw: st.DrawFn, most: int = 24, alignments: st.SearchStrategy[int] = ALIGNMENTS) -> list[Interval]:
    count = draw(st.integers(0, most))
    alignment = draw(alignments)
    made = []
    for _ in range(count):
        start = draw(st.integers(0, 20))
        length = draw(st.integers(0, 8))
        made.append(Interval(start, start + length, draw(st.integers(0, 300)), alignment))
    return made


def check(what: list[Interval], packing: Packing) -> None:
    assert len(packing.offsets) == len(what)
    placed = list(zip(what, packing.offsets, strict=True))
    for interval, offset in placed:
        assert offset >= 0 and offset % interval.alignment == 0
        assert offset + interval.size <= packing.size
    for i, (a, at_a) in enumerate(placed):
        for b, at_b in placed[:i]:
            if a.size and b.size and a.overlaps(b):
                assert at_a + a.size <= at_b or at_b + b.size <= at_a, (a, at_a, b, at_b)


def first_fit(what: list[Interval], order: list[int]) -> int:
    """The simplest packer there is, written again without looking at the other."""
    placed: list[tuple[Interval, int]] = []
    for i in order:
        interval = what[i]
        others = [(o, at) for o, at in placed if o.overlaps(interval) and o.size]
        ends = [0, *(at + o.size for o, at in others)]
        tries = sorted({-(-end // interval.alignment) * interval.alignment for end in ends})
        at = next(t for t in tries if all(t + interval.size <= a or a + o.size <= t for o, a in others))
        placed.append((interval, at))
    return max((at + i.size for i, at in placed), default=0)


@given(intervals())
def test_packing_is_valid_and_not_below_the_bound(what: list[Interval]) -> None:
    packing = pack(what, node_limit=500)
    check(what, packing)
    assert packing.size >= lower_bound(what)


@given(intervals())
def test_never_worse_than_simple_first_fit(what: list[Interval]) -> None:
    size = pack(what, node_limit=500).size
    by_size = sorted(range(len(what)), key=lambda i: -what[i].size)
    by_start = sorted(range(len(what)), key=lambda i: (what[i].start, -what[i].size))
    assert size <= first_fit(what, by_size)
    assert size <= first_fit(what, by_start)
    assert size <= pack(what, node_limit=0).size


@given(intervals())
def test_first_fit_is_valid_and_as_large_as_it_should_be(what: list[Interval]) -> None:
    packing = packers.first_fit(what)
    check(what, packing)
    assert packing.size == first_fit(what, list(range(len(what))))


@given(intervals(most=5, alignments=st.just(1)))
@settings(max_examples=150)
def test_small_cases_are_optimal(what: list[Interval]) -> None:
    # Placing in order of offset, each buffer as low as it goes, reproduces some optimal packing.
    best = min(first_fit(what, list(order)) for order in permutations(range(len(what))))
    assert pack(what).size == best


@given(intervals())
def test_the_same_input_gives_the_same_packing(what: list[Interval]) -> None:
    assert pack(what, node_limit=300) == pack(list(what), node_limit=300)


def test_search_beats_every_greedy_order() -> None:
    """A case where no greedy order is optimal: without the search the test fails."""
    what = [Interval(*each) for each in HARD]
    greedy, searched = pack(what, node_limit=0), pack(what)
    check(what, searched)
    assert searched.size < greedy.size
    assert searched.size == lower_bound(what)
