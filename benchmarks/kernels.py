"""Generated kernels one by one: time on one core, share of the whole, arithmetic per second, and what was predicted.

    python benchmarks/kernels.py MODEL [--target SPEC] [--seconds S]

MODEL is anything that `webtensorc compile` takes, or a name of fixtures/random_weights.py (resnet50, vgg19 ...). Every
kernel runs alone on operands of its own, so that its weights are warm; a whole model also waits for main memory. Time
is that of the thread, the best of several runs.

The last lines say how well the predictions order the kernels (Spearman's rank correlation), and what measured time over
predicted time is in the middle and in the outer quartiles: a factor that all share is the processor's, the rest is the
model's.
"""

from __future__ import annotations

import argparse
import collections
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import iree.compiler
import iree.runtime
import numpy as np
from iree.compiler import ir
from webtensorc_passes.tiling._filling import fill

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import random_weights

from webtensorc import predictions, registry
from webtensorc.driver import Request, forecast, lower
from webtensorc.iree import mlir
from webtensorc.phase import Phase

EXECUTABLE = re.compile(r"^  stream\.executable private @(\w+) .*?^  }$", re.DOTALL | re.MULTILINE)
DISPATCH = re.compile(r"flow\.dispatch @(\w+)::@\w+\(.*?\) : \((.*?)\) -> (.*)$", re.MULTILINE)
TENSOR = re.compile(r"tensor<[^>]*>")


def alone(module: str) -> tuple[str, dict[str, list[str]], collections.Counter[str]]:
    """A module with one function per kernel of `module`, the types of its arguments, and how often each is used."""
    bodies = {found[1]: found[0] for found in EXECUTABLE.finditer(module)}
    uses: collections.Counter[str] = collections.Counter()
    arguments: dict[str, list[str]] = {}
    parts = [line for line in module.splitlines() if line.startswith("#translation")]
    for name, inputs, results in DISPATCH.findall(module):
        uses[name] += 1
        if name in arguments:
            continue
        arguments[name], outs = TENSOR.findall(inputs), TENSOR.findall(results)
        names = [f"%a{i}" for i in range(len(arguments[name]))]
        signature = ", ".join(f"{a}: {t}" for a, t in zip(names, arguments[name], strict=True))
        parts += [
            bodies[name],
            f"func.func @f_{name}({signature}) -> {outs[0]} {{",
            f"%r:{len(outs)} = flow.dispatch @{name}::@{name}({', '.join(names)}) : ({inputs}) -> ({', '.join(outs)})",
            f"return %r#0 : {outs[0]}\n}}",
        ]
    with ir.Context():
        whole = ir.Module.parse("\n".join(parts))
        fill(mlir.nested(whole.operation))
        return str(whole), arguments, uses


def operand(kind: str) -> np.ndarray:
    """Random numbers for a tensor type; bytes take all values."""
    generator, shape = np.random.default_rng(0), [int(n) for n in re.findall(r"(\d+)x", kind)]
    dtype = np.dtype({"f32": np.float32, "i32": np.int32, "i8": np.int8}[kind[7:-1].split("x")[-1]])
    return generator.integers(-128, 128, shape).astype(dtype) if dtype.kind == "i" else generator.random(shape, dtype)


def best_seconds(function: Any, arguments: list[Any], seconds: float) -> float:
    """Thread time of one call: the best of five runs of `seconds` / 5."""
    function(*arguments)
    best = float("inf")
    for _ in range(5):
        started, calls = time.thread_time(), 0
        while time.thread_time() - started < seconds / 5:
            function(*arguments)
            calls += 1
        best = min(best, (time.thread_time() - started) / calls)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--target", default="host")
    parser.add_argument("--seconds", type=float, default=0.1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.model)
        if options.model in random_weights.names():
            (path,) = random_weights.write(Path(folder), (options.model,))
        request = Request(path, targets=(options.target,))
        module = lower(request, Phase.PREPROCESSING)
        (report,) = forecast(request).values()
    text, arguments, uses = alone(module)
    flops = {name: int(n) for name, n in re.findall(r"func\.func @(\w+)\(.*webtensorc\.flops = (\d+)", module)}
    binary = iree.compiler.compile_str(text, extra_args=list(registry.make_target(options.target).flags(3)))
    config = iree.runtime.Config("local-sync")
    loaded = iree.runtime.load_vm_module(iree.runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    rows = []
    for name, types in arguments.items():
        arrays = [operand(kind) for kind in types]
        given = [iree.runtime.asdevicearray(config.device, array) for array in arrays]
        rows.append((best_seconds(loaded[f"f_{name}"], given, options.seconds), name))
    predicted = predictions.seconds(report)
    rows = [row for row in rows if row[1] in predicted]  # what runs once, when a module is loaded, is not predicted
    print(f"{'all ms':>9}{'one ms':>9}{'predicted':>11}{'uses':>6}{'GFLOP/s':>9}  kernel")
    for seconds, name in sorted(rows, key=lambda row: -row[0] * uses[row[1]]):
        rate = flops.get(name, 0) / seconds / 1e9
        times = f"{seconds * uses[name] * 1e3:9.3f}{seconds * 1e3:9.3f}{predicted[name] * 1e3:11.3f}"
        print(f"{times}{uses[name]:6}{rate:9.1f}  {name}")
    print(f"{sum(seconds * uses[name] for seconds, name in rows) * 1e3:9.3f}")
    pairs = np.array([(seconds, predicted[name]) for seconds, name in rows])
    ranks = pairs.argsort(0).argsort(0)
    print(f"rank correlation of predictions {np.corrcoef(ranks.T)[0, 1]:.3f}")
    quartiles = np.quantile(pairs[:, 0] / pairs[:, 1], (0.25, 0.5, 0.75))
    print("measured / predicted, quartiles " + ", ".join(f"{each:.2f}" for each in quartiles))


if __name__ == "__main__":
    main()
