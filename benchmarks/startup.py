"""A fresh process to its first result: a bundle through webtensorc_runtime, its ONNX model through ONNX Runtime.

    python benchmarks/startup.py [MODEL.onnx] [--rounds N]

Compiles the model (resnet50 with random weights by default) for this machine, then starts processes in turn and prints
medians of wall time, processor time and peak resident memory, and their ratios; below 1 webtensorc is better.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from processes import Ran, in_turns, run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import random_weights

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


def measure(model: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Medians for `webtensorc` and `onnxruntime`: `wall` and `processor` in seconds, `peak` in MiB."""
    import webtensorc

    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "model.wtb"
        webtensorc.compile(model).save(bundle)
        found = in_turns(
            rounds,
            webtensorc=lambda: run(["-c", OURS + PEAK, bundle]),
            onnxruntime=lambda: run(["-c", THEIRS + PEAK, model]),
        )
    return {name: _medians(runs) for name, runs in found.items()}


def _medians(runs: list[Ran]) -> dict[str, float]:
    columns = {
        "wall": [each.wall for each in runs],
        "processor": [each.processor for each in runs],
        "peak": [int(each.out.splitlines()[-1]) / 1024 for each in runs],
    }
    return {name: statistics.median(column) for name, column in columns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or next(random_weights.write(Path(folder), ("resnet50",)))
        found = measure(model, options.rounds)
    ours, theirs = found["webtensorc"], found["onnxruntime"]
    for name, unit in (("wall", "s"), ("processor", "s"), ("peak", "MiB")):
        a, b = ours[name], theirs[name]
        print(f"{name:9s} webtensorc {a:8.2f} {unit:4s} onnxruntime {b:8.2f} {unit:4s} ratio {a / b:.2f}")


if __name__ == "__main__":
    main()
