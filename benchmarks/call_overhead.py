"""What one call costs: a 4-element add through webtensorc_runtime and through ONNX Runtime, interleaved.

    python benchmarks/call_overhead.py [--rounds N] [--calls N]

Prints the median microseconds per call of both and their ratio; below 1 webtensorc is cheaper. Both get the same ONNX
model, webtensorc through `webtensorc.compile` with its defaults.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import webtensorc_runtime

import webtensorc

REFERENCE = "onnxruntime session.run(None, {...})"


def model() -> onnx.ModelProto:
    info = onnx.helper.make_tensor_value_info
    values = [info(name, onnx.TensorProto.FLOAT, [4]) for name in "abc"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["a", "b"], ["c"])], "add", values[:2], values[2:])
    return onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 17)])


def per_call(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls * 1e6


def measure(rounds: int, calls: int) -> dict[str, float]:
    """Median microseconds a call, by what is called."""
    module = webtensorc_runtime.load(webtensorc.compile(model()))
    session = onnxruntime.InferenceSession(model().SerializeToString(), providers=["CPUExecutionProvider"])
    x, y = np.arange(4, dtype=np.float32), np.ones(4, np.float32)
    called = {
        "webtensorc module(x, y)": lambda: module(x, y),
        "webtensorc module.run({...})": lambda: module.run({"a": x, "b": y}),
        REFERENCE: lambda: session.run(None, {"a": x, "b": y}),
    }
    assert np.array_equal(module(x, y)[0], session.run(None, {"a": x, "b": y})[0])
    times: dict[str, list[float]] = {name: [] for name in called}
    for _ in range(rounds):
        for name, call in called.items():
            times[name].append(per_call(call, calls))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=4000)
    options = parser.parse_args()
    medians = measure(options.rounds, options.calls)
    for name, value in medians.items():
        print(f"{name:36s} {value:7.2f} us   {value / medians[REFERENCE]:5.2f} x onnxruntime")


if __name__ == "__main__":
    main()
