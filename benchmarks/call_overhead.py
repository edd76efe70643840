"""What one call costs: a 4-element add through webtensorc_runtime and through ONNX Runtime, interleaved.

    python benchmarks/call_overhead.py [--rounds N] [--calls N]

Prints the median microseconds per call of both and their ratio; below 1 webtensorc is cheaper. The module is compiled
by iree.compiler directly, so that only the runtime's part is measured.
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
from iree.compiler import compile_str

from webtensorc.artifact import Artifact, Bundle
from webtensorc.model import Model, TensorSpec

SOURCE = """
func.func @main(%a: tensor<4xf32>, %b: tensor<4xf32>, %to: tensor<4xf32> {iree.abi.output = 0 : index})
    -> tensor<4xf32> {
  %sum = arith.addf %a, %b : tensor<4xf32>
  return %sum : tensor<4xf32>
}
"""
FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)


def ours() -> webtensorc_runtime.Module:
    a, b, c = (TensorSpec(name, "float32", (4,)) for name in "abc")
    code = compile_str(SOURCE, input_type="none", extra_args=list(FLAGS))
    artifact = Artifact("host", "cpu", (), code, "", FLAGS, "inline", {})
    return webtensorc_runtime.load(Bundle(Model("add", b"", {}, (a, b), (c,)), (artifact,), {}))


def theirs() -> onnxruntime.InferenceSession:
    info = onnx.helper.make_tensor_value_info
    values = [info(name, onnx.TensorProto.FLOAT, [4]) for name in "abc"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["a", "b"], ["c"])], "add", values[:2], values[2:])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 17)])
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def per_call(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=4000)
    options = parser.parse_args()
    module, session = ours(), theirs()
    x, y = np.arange(4, dtype=np.float32), np.ones(4, np.float32)
    calls = {
        "webtensorc  module(x, y)": lambda: module(x, y),
        "webtensorc  module.run({...})": lambda: module.run({"a": x, "b": y}),
        "onnxruntime session.run(None, {...})": lambda: session.run(None, {"a": x, "b": y}),
    }
    assert np.array_equal(module(x, y)[0], session.run(None, {"a": x, "b": y})[0])
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, call in calls.items():
            times[name].append(per_call(call, options.calls))
    medians = {name: statistics.median(values) for name, values in times.items()}
    reference = medians["onnxruntime session.run(None, {...})"]
    for name, value in medians.items():
        print(f"{name:38s} {value:7.2f} us   {value / reference:5.2f} x onnxruntime")


if __name__ == "__main__":
    main()
