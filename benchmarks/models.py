"""Whole models: compile time, compile time from the cache, error, and latency beside ONNX Runtime, in turns.

    python benchmarks/models.py [NAME ...] [--threads N] [--seconds S]

Names are those of fixtures/random_weights.py (resnet50, squeezenet ...); all nine by default. The cache is empty at
first. Ratios below 1 mean that webtensorc is faster. Every figure comes from the command line's own `--format json`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import random_weights


def webtensorc(folder: Path, *arguments: object) -> tuple[float, int, Any]:
    """Run a verb in a fresh process; seconds of wall time, exit code, and its result."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "webtensorc.cli", *map(str, arguments), "--format", "json", "-q"],
        env={**os.environ, "WEBTENSORC_CACHE_DIR": str(folder / "cache")},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return time.perf_counter() - started, done.returncode, json.loads(done.stdout)


def measure(path: Path, threads: int, seconds: float) -> str:
    folder = path.parent
    compiling, code, data = webtensorc(folder, "compile", path, "-o", "model.wtb")
    if code:
        return f"{path.stem:14} {data['error']['message'][:90]}"
    again, _, _ = webtensorc(folder, "compile", path, "-o", "model.wtb")
    _, _, verified = webtensorc(folder, "verify", path)
    arguments = ("--against", "onnxruntime", "--threads", threads, "--duration", seconds)
    _, _, timed = webtensorc(folder, "bench", path, *arguments)
    ours, theirs = (timed["results"][name]["median"] for name in ("webtensorc", "onnxruntime"))
    error = max(float(each["max_rel"]) for each in verified["outputs"])
    verdict = "" if verified["passed"] else "  WRONG"
    figures = f"{compiling:9.1f}{again:9.2f}{ours:10.2f}{theirs:10.2f}{ours / theirs:8.2f}{error:11.1e}"
    return f"{path.stem:14}{figures}{verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=random_weights.names())
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    print(f"{'model':14}{'compile s':>9}{'cached s':>9}{'ours ms':>10}{'ort ms':>10}{'ratio':>8}{'rel. error':>11}")
    for name in options.names:
        with tempfile.TemporaryDirectory() as folder:
            (path,) = random_weights.write(Path(folder), (name,))
            print(measure(path, options.threads, options.seconds), flush=True)


if __name__ == "__main__":
    main()
