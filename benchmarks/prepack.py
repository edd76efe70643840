"""What `--prepack` costs in bytes and saves at load, on a GPU.

    python benchmarks/prepack.py [MODEL.onnx] [--device vulkan] [--target x86-64-v3 ...] [--rounds N]

Compiles the model (three matrices of 2048 x 4096 by default) for several targets, with the option and without. Prints
the bundle's size in MiB and as a multiple of the weights, and the medians of the time that `load` takes on the device,
each in a fresh process; packing at load is in it. The driver may keep compiled kernels: a first round is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from processes import in_turns, run

import webtensorc
from webtensorc.artifact import Bundle

TARGETS = ("x86-64-v3", "x86-64-v4", "aarch64", "aarch64-v8.2", "spirv", "cuda{arch=sm_80}")
SIZES = (2048, 4096, 2048, 4096)
LOAD = """
import sys, time, webtensorc_runtime
from webtensorc_runtime.engine import native
native()
start = time.perf_counter()
webtensorc_runtime.load(sys.argv[1], device=sys.argv[2])
print(time.perf_counter() - start)
"""


def products(folder: Path) -> Path:
    """A chain of matrix products with random weights."""
    draw = np.random.default_rng(0).standard_normal
    pairs = list(enumerate(pairwise(SIZES)))
    weights = [numpy_helper.from_array(draw(shape, np.float32), f"w{at}") for at, shape in pairs]
    nodes = [helper.make_node("MatMul", [f"x{at}", f"w{at}"], [f"x{at + 1}"]) for at, _ in pairs]
    inputs = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, (8, SIZES[0]))]
    outputs = [helper.make_tensor_value_info(f"x{len(pairs)}", TensorProto.FLOAT, (8, SIZES[-1]))]
    graph = helper.make_graph(nodes, "products", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, ir_version=10), folder / "products.onnx")
    return folder / "products.onnx"


def main() -> None:
    """Compile, load in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--device", default="vulkan")
    parser.add_argument("--target", action="append", dest="targets")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or products(folder)
        bundles: dict[str, tuple[Path, Bundle]] = {}
        for label, prepack in (("at load", False), ("--prepack", True)):
            path = folder / f"{prepack}.wtb"
            bundle = webtensorc.compile(model, targets=options.targets or TARGETS, prepack=prepack)
            bundle.save(path)
            bundles[label] = (path, bundle)
        calls = {each: lambda path=path: run(["-c", LOAD, path, options.device]) for each, (path, _) in bundles.items()}
        found = in_turns(options.rounds, **calls)
        for label, (path, bundle) in bundles.items():
            size, weights = path.stat().st_size, sum(array.nbytes for array in bundle.model.weights.values())
            load = statistics.median(float(each.out) for each in found[label])
            print(f"{label:10s} {size / 2**20:8.1f} MiB {size / weights:5.2f} x weights   load {load * 1e3:8.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
