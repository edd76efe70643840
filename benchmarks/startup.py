"""A fresh process to its first result: a bundle through webtensorc_runtime, its ONNX model through ONNX Runtime.

    python benchmarks/startup.py MODEL.onnx [--rounds N]

Compiles the model for this machine (a second run finds it in the cache), then starts processes in turn and prints
medians of wall time, processor time and peak resident memory, and their ratios; below 1 webtensorc is better.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
import sys, webtensorc_runtime
module = webtensorc_runtime.load(sys.argv[1])
import numpy as np
module(*(np.zeros(spec.shape, spec.dtype) for spec in module.inputs))
"""
THEIRS = """
import sys, onnxruntime, numpy as np
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
kinds = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(int32)": "int32"}
session.run(None, {each.name: np.zeros(each.shape, kinds[each.type]) for each in session.get_inputs()})
"""


# Of this program alone; the kernel's ru_maxrss counts the parent's memory too, which a child has before it starts.
PEAK = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def measure(script: str, path: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds, peak MiB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script + PEAK, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    peak = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"a measured process failed with exit code {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, int(peak) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        import webtensorc

        bundle = Path(folder) / "model.wtb"
        webtensorc.compile(options.model).save(bundle)
        runs: dict[str, list[tuple[float, float, float]]] = {"webtensorc": [], "onnxruntime": []}
        for _ in range(options.rounds + 1):
            runs["webtensorc"].append(measure(OURS, str(bundle)))
            runs["onnxruntime"].append(measure(THEIRS, options.model))
    ours, theirs = ([statistics.median(column) for column in zip(*rows[1:], strict=True)] for rows in runs.values())
    for label, unit, a, b in zip(("wall", "processor", "peak memory"), ("s", "s", "MiB"), ours, theirs, strict=True):
        print(f"{label:12s} webtensorc {a:8.2f} {unit:4s} onnxruntime {b:8.2f} {unit:4s} ratio {a / b:.2f}")


if __name__ == "__main__":
    main()
