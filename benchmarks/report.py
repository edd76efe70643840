"""The figures that the project gives about itself, each measured in turns with what it is compared with.

    python benchmarks/report.py [--quick]

Wants a machine with nothing else to do. `--quick` measures once each, to see that everything works.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import call_overhead
import compile_time
import help_time
import startup
from processes import run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import random_weights


@dataclass(frozen=True)
class Figure:
    """One line of the report: what, how much, in what unit, and the bound it is to keep, if it has one."""

    what: str
    value: float
    unit: str
    bound: float | None = None

    def __str__(self) -> str:
        kept = "" if self.bound is None else f"at most {self.bound:g}: {'yes' if self.value <= self.bound else 'NO'}"
        return f"{self.what:58s}{self.value:10.3f} {self.unit:4s}{kept}".rstrip()


def figures(model: Path, quick: bool) -> Iterator[Figure]:
    """Every figure, as it is measured."""
    rounds = 1 if quick else 15
    helped = help_time.measure(rounds)
    yield Figure("`webtensorc --help` in a fresh process", helped["help"], "s", 0.3)
    yield Figure("an empty Python program", helped["nothing"], "s")
    compiled = compile_time.measure(model, 1 if quick else 3)
    yield Figure(f"`webtensorc compile {model.name}`, empty cache", compiled["cold"], "s", 20)
    yield Figure("the same from the cache", compiled["cached"], "s", 1)
    started = startup.measure(model, rounds)
    for name, bound in (("wall", 0.6), ("processor", None), ("peak", 1.0)):
        ours, theirs = (started[each][name] for each in ("webtensorc", "onnxruntime"))
        unit = "MiB" if name == "peak" else "s"
        yield Figure(f"fresh process to first result, {name}: webtensorc", ours, unit)
        yield Figure(f"fresh process to first result, {name}: onnxruntime", theirs, unit)
        yield Figure(f"fresh process to first result, {name}: ratio", ours / theirs, "", bound)
    called = call_overhead.measure(rounds, 100 if quick else 4000)
    for name, microseconds in called.items():
        yield Figure(f"add of 4 elements: {name}", microseconds, "us")
    fastest = min(value for name, value in called.items() if name != call_overhead.REFERENCE)
    yield Figure("add of 4 elements: ratio", fastest / called[call_overhead.REFERENCE], "", 1.0)
    for threads in (1, 2):
        yield from _latency(model, threads, quick)


def _latency(model: Path, threads: int, quick: bool) -> Iterator[Figure]:
    found = _bench(model, threads, quick, "--against", "onnxruntime")
    ours, theirs = (found["results"][name]["median"] for name in ("webtensorc", "onnxruntime"))
    yield Figure(f"{model.stem}, {threads} thread(s): webtensorc", ours, "ms")
    yield Figure(f"{model.stem}, {threads} thread(s): onnxruntime", theirs, "ms")
    yield Figure(f"{model.stem}, {threads} thread(s): ratio", ours / theirs, "")


def ablation(model: Path, quick: bool) -> str:
    """What each family of passes is worth: latency without it, in turns."""
    results = _bench(model, 2, quick, "--ablate")["results"]
    base = results["all passes"]["median"]
    lines = [f"{'':16}{'median ms':>10}{'ratio':>8}{'dispatches':>12}{'arena KiB':>11}{'max live KiB':>14}"]
    for name, each in results.items():
        sizes = [_kib(each[key]) for key in ("arena_bytes", "max_live_bytes")]
        ratio = each["median"] / base
        lines.append(f"{name:16}{each['median']:10.2f}{ratio:8.2f}{each['dispatches']:12}{sizes[0]:>11}{sizes[1]:>14}")
    return "\n".join(lines)


def _kib(count: int | None) -> str:
    return "-" if count is None else str(count // 1024)


def _bench(model: Path, threads: int, quick: bool, *more: str) -> Any:
    effort = ("--iterations", "1", "--warmup", "0") if quick else ("--duration", "20")
    arguments = ["-m", "webtensorc.cli", "bench", model, "--threads", threads, *effort, *more]
    return json.loads(run([*arguments, "--format", "json", "-q"], cwd=model.parent).out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure once each, to see that everything works")
    parser.add_argument("--model", default="resnet50", choices=random_weights.names())
    options = parser.parse_args()
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as folder:
        (model,) = random_weights.write(Path(folder), (options.model,))
        for figure in figures(model, options.quick):
            print(figure, flush=True)
        print(f"\n{model.stem} compiled without each family of passes, 2 threads\n{ablation(model, options.quick)}")


if __name__ == "__main__":
    main()
