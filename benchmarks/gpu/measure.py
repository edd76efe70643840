"""Bundles on this machine's GPU: right answers, then latency beside XLA and PyTorch on the same GPU.

    python benchmarks/gpu/measure.py FOLDER [NAME ...] [--only check,ours,xla,torch]

FOLDER holds bundles, `NAME.wtb`. Every variant for the GPU is compared with the bundle's own variant for the processor.
Latencies are medians of single calls, each waited for, inputs and results on the device. One JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import webtensorc_runtime
from webtensorc_runtime import safetensors
from webtensorc_runtime.container import GRAPH, open_container
from webtensorc_runtime.dtypes import numpy_dtype

REPEATS, SECONDS = 300, 1.5


def median(call: Callable[[], Any]) -> dict[str, float]:
    """Median and 10 % and 90 % quantiles of wall time in milliseconds, after ten calls to warm up."""
    for _ in range(10):
        call()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < 5 or (len(times) < REPEATS and time.perf_counter() < end):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    low, middle, high = np.quantile(times, (0.1, 0.5, 0.9)) * 1e3
    return {"ms": round(float(middle), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def inputs(specs: Any) -> list[np.ndarray]:
    generator = np.random.default_rng(7)
    found = []
    for spec in specs:
        dtype = numpy_dtype(spec.dtype)
        if np.issubdtype(dtype, np.integer):
            found.append(generator.integers(0, 30000, spec.sizes).astype(dtype))
        else:
            found.append(generator.standard_normal(spec.sizes, np.float32).astype(dtype))
    return found


def error(found: Any, expected: Any) -> float:
    """Norm of the difference over that of what is expected, less its mean: probabilities have one."""
    found, expected = (np.asarray(each).astype(np.float64) for each in (found, expected))
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected - expected.mean()), 1e-30))


def reference(path: Path, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """What the bundle's variant for the processor gives; for a plain product, numpy's."""
    if path.stem.startswith("matmul"):
        a, b = (each.astype(np.float32) for each in arrays)
        return [a @ b]
    return list(webtensorc_runtime.load(path)(*arrays))


def ours(path: Path, arrays: list[np.ndarray], expected: list[np.ndarray], device: str) -> Iterator[dict[str, Any]]:
    kind = device.partition(":")[0]
    for variant in open_container(path).manifest.variants:
        if variant.device != kind:
            continue
        row: dict[str, Any] = {"model": path.stem, "by": "webtensorc", "variant": variant.label}
        try:
            started = time.perf_counter()
            module = webtensorc_runtime.load(path, device=device, variant=variant.label)
            row["load_s"] = round(time.perf_counter() - started, 2)
            given = module.to_device(*arrays)
            for _ in range(2):
                results = module.on_device(*given)
            row["error"] = max(error(a, b) for a, b in zip(results, expected, strict=True))
            row |= median(lambda module=module, given=given: module.on_device(*given))
            if sum(each.nbytes for each in arrays) < 1 << 22:
                row["copying_ms"] = median(lambda module=module: module(*arrays))["ms"]
        except Exception as failure:
            row["failed"] = f"{type(failure).__name__}: {failure}"[:400]
        yield row


def xla(path: Path, arrays: list[np.ndarray], expected: list[np.ndarray]) -> Iterator[dict[str, Any]]:
    import jax
    import xla as graphs

    container = open_container(path)
    weights = list(safetensors.arrays(container.members[safetensors.MEMBER], path.name).values())
    results = [(spec.sizes, numpy_dtype(spec.dtype)) for spec in container.manifest.outputs]
    given = [jax.device_put(each) for each in (*weights, *arrays)]
    for highest in (False, True) if arrays[0].dtype.itemsize >= 4 else (False,):
        name = f"XLA, jax {jax.__version__}, {'float32' if highest else 'default precision'}"
        row: dict[str, Any] = {"model": path.stem, "by": name}
        try:
            call = graphs.function(bytes(container.members[GRAPH]), given, results, highest=highest)
            found = call(*given)
            row["error"] = max(error(a, b) for a, b in zip(found, expected, strict=True))
            row |= median(lambda call=call: jax.block_until_ready(call(*given)))
        except Exception as failure:
            row["failed"] = f"{type(failure).__name__}: {failure}"[:400]
        yield row


def pytorch(path: Path, compiled: bool) -> Iterator[dict[str, Any]]:
    import torch
    import torch_networks

    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        for compile_ in (False, True) if compiled else (False,):
            how = f"torch {torch.__version__} {'compiled' if compile_ else 'eager'}, {'tf32' if tf32 else 'float32'}"
            row: dict[str, Any] = {"model": path.stem, "by": how}
            try:
                call = torch_networks.build(path.stem, compile_)
                if call is None:
                    return

                def waited(call: Callable[[], Any] = call) -> None:
                    call()
                    torch.cuda.synchronize()

                row |= median(waited)
            except Exception as failure:
                row["failed"] = f"{type(failure).__name__}: {failure}"[:300]
            yield row


def _rows(wanted: list[str], path: Path, arrays: Any, expected: Any, options: Any) -> Iterator[dict[str, Any]]:
    if "ours" in wanted:
        yield from ours(path, arrays, expected, options.device)
    if "xla" in wanted:
        yield from xla(path, arrays, expected)
    if "torch" in wanted:
        yield from pytorch(path, options.compile)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--only", default="ours,xla,torch")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--compile", action="store_true", help="torch.compile as well")
    options = parser.parse_args()
    wanted = options.only.split(",")
    for path in sorted(options.folder.glob("*.wtb")):
        if options.names and path.stem not in options.names:
            continue
        try:
            arrays = inputs(open_container(path).manifest.inputs)
            expected = reference(path, arrays)
            for row in _rows(wanted, path, arrays, expected, options):
                print(json.dumps(row), flush=True)
        except Exception:
            traceback.print_exc(file=sys.stdout)


if __name__ == "__main__":
    main()
