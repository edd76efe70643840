"""Timing of calls: interleaved, so that what disturbs one disturbs the other too."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SETTLE = 0.005
"""Seconds of uncounted calls before a counted one, where several things take turns."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call of one thing measured."""

    median: float
    p90: float
    p99: float
    best: float
    calls: int

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        """Summarise the times of single calls."""
        ordered = sorted(1e3 * each for each in seconds)

        def at(part: float) -> float:
            return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

        return cls(statistics.median(ordered), at(0.9), at(0.99), ordered[0], len(ordered))


def interleaved(
    calls: Mapping[str, Callable[[], Any]], *, warmup: int, duration: float, iterations: int | None
) -> dict[str, Timing]:
    """Call each in turn, round after round.

    Args:
        calls: what to measure, by name.
        warmup: rounds not counted.
        duration: seconds after which to stop, for all together; at least one round is counted.
        iterations: rounds to count instead, if given.
    """
    for _ in range(warmup):
        for call in calls.values():
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + duration
    rounds = 0
    while rounds < (iterations or 1) or (iterations is None and time.perf_counter() < end):
        for name, call in calls.items():
            if len(calls) > 1:
                _settle(call)
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
        rounds += 1
    return {name: Timing.of(each) for name, each in times.items()}


def _settle(call: Callable[[], Any]) -> None:
    """Call without counting until what ran before is out of the caches and its idle threads have stopped spinning."""
    end = time.perf_counter() + SETTLE
    call()
    while time.perf_counter() < end:
        call()


def onnxruntime_session(path: str, threads: int | None) -> Any:
    """An ONNX Runtime session on the CPU with as many threads as ours.

    Raises:
        UsageError: onnxruntime is not installed, or it cannot read the model.
    """
    from webtensorc.errors import UsageError

    try:
        import onnxruntime
    except ImportError:
        raise UsageError("onnxruntime is not installed", hint="pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or 0
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"onnxruntime cannot load the model: {reason}", file=path) from None
