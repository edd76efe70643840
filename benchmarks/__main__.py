"""Latency of whole models beside other engines, in turns, with errors; wants a machine with nothing else to do.

    python -m benchmarks [MODEL ...] [--peer NAME ...] [--threads 1 2] [--seconds S] [--out docs/benchmarks]

Engines that are not installed are left out, and named (`pip install --group peers` gets them). Results go to
OUT/latency.json after each model; OUT/latency.md and OUT/latency.svg are drawn from it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency import peers, report, zoo
from benchmarks.latency.turns import Turn

ROUNDS = 8


def compare(path: Path, inputs: Path, engines: list[str], threads: int, seconds: float) -> dict[str, Any]:
    """Of each engine the median and the number of calls, difference and time to prepare, or why there are none."""
    turns: dict[str, Turn] = {}
    found: dict[str, Any] = {}
    for engine in engines:
        try:
            turns[engine] = Turn(engine, path, inputs, threads)
        except RuntimeError as error:
            found[engine] = {"error": str(error)}
    times: dict[str, list[float]] = {engine: [] for engine in turns}
    for _ in range(ROUNDS):
        for engine, turn in turns.items():
            times[engine] += turn.measure(seconds / ROUNDS)
    outputs = {engine: turn.outputs() for engine, turn in turns.items()}
    reference = outputs.get("onnxruntime") or outputs[peers.OURS]
    for engine, turn in turns.items():
        turn.end()
        found[engine] = {
            "median_ms": 1e3 * statistics.median(times[engine]),
            "calls": len(times[engine]),
            "difference": max(map(_difference, outputs[engine], reference)),
            "prepare_s": turn.prepare_seconds,
            "version": turn.version,
        }
    return {engine: found[engine] for engine in engines}


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest magnitude, from ONNX Runtime."""
    largest = float(np.abs(expected).max(initial=0)) or 1.0
    return float(np.abs(np.asarray(found, np.float64) - expected).max(initial=0)) / largest


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    known = dict(map(str.strip, line.split(":", 1)) for line in reversed(lines) if ":" in line)
    features = [each for each in known.get("flags", "").split() if each.startswith(("avx", "fma", "amx"))]
    return {
        "processor": known.get("model name", platform.machine()),
        "processors": len(os.sched_getaffinity(0)),
        "features": features,
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=zoo.names(), metavar="MODEL")
    parser.add_argument("--peer", action="append", choices=peers.names(), help="beside ours; all by default")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=4.0, help="for each engine with each model")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = parser.parse_args()
    if unknown := set(options.models) - set(zoo.names()):
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(zoo.names())}")
    engines = [peers.OURS, *(options.peer or peers.names()[1:])]
    results: dict[str, Any] = {"machine": machine(), "models": {}}
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            path, inputs = zoo.write(name, Path(folder)), Path(folder) / "inputs.npz"
            np.savez(inputs, **zoo.inputs(path))  # type: ignore[arg-type]
            for threads in options.threads:
                found = compare(path, inputs, engines, threads, options.seconds)
                results["models"].setdefault(name, {})[str(threads)] = found
                print(report.line(name, threads, found), flush=True)
        (options.out / "latency.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        report.write(results, options.out)


if __name__ == "__main__":
    main()
