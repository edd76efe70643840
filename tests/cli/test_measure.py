"""How calls are measured; no test asserts a time."""

from __future__ import annotations

import pytest

from webtensorc.cli.measure import Timing, interleaved


def test_percentiles_in_milliseconds() -> None:
    timing = Timing.of([each / 1000 for each in range(100, 0, -1)])
    assert (timing.best, timing.calls) == (1, 100)
    assert timing.median == pytest.approx(50.5)
    assert (timing.p90, timing.p99) == pytest.approx((91, 100))


def test_everything_takes_turns() -> None:
    seen: list[str] = []
    calls = {name: lambda name=name: seen.append(name) for name in "ab"}
    timings = interleaved(calls, warmup=2, duration=0, iterations=3)
    assert {name: timing.calls for name, timing in timings.items()} == {"a": 3, "b": 3}
    assert seen[:4] == ["a", "b", "a", "b"]
    turns = "".join(name for name, before in zip(seen[4:], ["", *seen[4:]], strict=False) if name != before)
    assert turns == "ababab"


def test_one_thing_alone_is_called_no_more_than_asked() -> None:
    seen: list[int] = []
    interleaved({"a": lambda: seen.append(1)}, warmup=1, duration=0, iterations=4)
    assert len(seen) == 5
    interleaved({"a": lambda: seen.append(1)}, warmup=0, duration=0, iterations=None)
    assert len(seen) == 6
