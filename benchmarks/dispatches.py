"""Every kernel of a model in the midst of the others: time on the calling thread and on a pool of workers.

    python benchmarks/dispatches.py MODEL|BUNDLE [--workers N] [--seconds S] [--rows R]

The engine's own profiler times each dispatch of whole calls, so that caches are as cold as they are, and a worker that
sleeps is seen: `span` is the time from the first workgroup's start to the last one's end, `work` the time of all of its
workgroups together. A model is compiled without the pass `join-dispatches`, of which the profiler sees nothing; a
bundle has to be as well. The tools are programs of their own, which Linux lets use no tiles of AMX: a model is compiled
here without, and a bundle must be. Work that grows with workers waits for memory or for the other core's cache; a span
that is as long as the work means that one worker did it all. Sorted by what is lost against work divided equally.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sysconfig
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from webtensorc_runtime import cpu

import webtensorc

TOOLS = Path(sysconfig.get_path("scripts"))
SIGNATURE = re.compile(r"iree\.abi\.declaration: sync func @main\((.*?)\) ->")
FAMILIES = "queue-events,host-execution,executable-metadata"


@dataclass(frozen=True)
class Dispatch:
    """All dispatches of one kernel in a call: microseconds, and how many workgroups and uses there are."""

    span: float
    work: float
    workgroups: float
    uses: float


def tool(name: str, *arguments: str | Path) -> str:
    """What one of the engine's tools prints."""
    done = subprocess.run([TOOLS / name, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr.strip()[-1000:]}")
    return done.stdout


def profile(folder: Path, device: list[str], seconds: float) -> dict[str, Dispatch]:
    """The kernels of the first module in an unpacked bundle, by name."""
    module = min((folder / "modules").iterdir())
    found = SIGNATURE.search(tool("iree-dump-module", module))
    if found is None or "?" in found[1]:
        raise SystemExit("a model with open dimensions has no inputs to run it on: fix them with `compile --dim`")
    inputs = [f"--input={kind}" for kind in re.findall(r"tensor<([^>]*)>", found[1])]
    run = [f"--module={module}", "--function=main", *device, *inputs, f"--benchmark_min_time={seconds}s"]
    weights = [f"--parameters=model={path}" for path in folder.glob("*.safetensors")]
    out = folder / "profile"
    kept = [f"--device_profiling_mode={FAMILIES}", f"--device_profiling_output={out}"]
    tool("iree-benchmark-module", *run, *weights, *kept)
    rows = [json.loads(line) for line in tool("iree-profile", "statistics", "--format=jsonl", out).splitlines()]
    calls = next(row["sample_count"] for row in rows if row.get("event_name") == "execute")
    return {
        row["function_name"]: Dispatch(
            row["total_duration_ns"] / calls / 1e3,
            row["tile_duration_sum_ns"] / calls / 1e3,
            row["tile_count"] / row["sample_count"],
            row["sample_count"] / calls,
        )
        for row in rows
        if row.get("row_type") == "host_execution_function"
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rows", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path, folder = options.model, Path(name)
        if not zipfile.is_zipfile(path):
            path = folder / "model.wtb"
            os.environ[cpu.MASK] = "amx-int8"
            webtensorc.compile(options.model, disabled_passes=("join-dispatches",)).save(path)
        with zipfile.ZipFile(path) as bundle:
            bundle.extractall(folder)
        pool = ["--device=local-task", f"--task_topology_max_group_count={options.workers}"]
        alone = profile(folder, ["--device=local-sync"], options.seconds)
        shared = profile(folder, pool, options.seconds)
    ideal = {kernel: each.span / options.workers for kernel, each in alone.items()}
    print(f"{'lost':>9}{'alone':>9}{'span':>9}{'work':>9}{'groups':>8}{'uses':>6}{'ratio':>7}  kernel, us a call")
    for kernel in sorted(alone, key=lambda each: ideal[each] - shared[each].span)[: options.rows]:
        a, b = alone[kernel], shared[kernel]
        times = f"{b.span - ideal[kernel]:9.1f}{a.span:9.1f}{b.span:9.1f}{b.work:9.1f}"
        print(f"{times}{b.workgroups:8.0f}{b.uses:6.0f}{a.span / b.span:7.2f}  {kernel}")
    one, all_ = (sum(each.span for each in kernels.values()) for kernels in (alone, shared))
    print(f"all: {one:.0f} us alone, {all_:.0f} us with {options.workers} workers, {one / all_:.2f} times")


if __name__ == "__main__":
    main()
