"""Every tile of `webtensorc_ptx` on the shapes of ResNet-50 and BERT-base: what the choice of tiles is fitted to.

    PYTHONPATH=passes:. python benchmarks/gpu/tiles.py [--seconds S]

Needs a GPU of compute capability 9.0, CuPy and `ptxas`. Weights are read from another place each time, as in a network
where they are not in the second-level cache. One JSON object a line: shape, precision, tile, microseconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import prod
from pathlib import Path

import cupy
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_ptx import contraction
from webtensorc_ptx.contraction import Tile
from webtensorc_ptx.executable import Kernel

PRODUCTS = [(128, 768, 2304), (128, 768, 768), (128, 768, 3072), (128, 3072, 768), (3136, 64, 256), (3136, 256, 64)]
PRODUCTS += [(784, 128, 512), (784, 512, 128), (784, 512, 256), (196, 256, 1024), (196, 1024, 256), (196, 1024, 512)]
PRODUCTS += [(3136, 256, 128), (49, 512, 2048), (49, 2048, 512), (4096, 4096, 4096)]
CONVOLUTIONS = [(56, 64, 64, 1), (56, 128, 128, 2), (28, 128, 128, 1), (28, 256, 256, 2), (14, 256, 256, 1)]
CONVOLUTIONS += [(14, 512, 512, 2), (7, 512, 512, 1)]
SHAPES = [(128, 256, (2, 4)), (256, 128, (4, 2)), (128, 128, (2, 4)), (128, 128, (2, 2)), (128, 64, (4, 2))]
SHAPES += [(64, 128, (2, 4)), (64, 64, (2, 2)), (64, 64, (4, 2)), (32, 64, (1, 4)), (64, 32, (2, 1)), (64, 32, (4, 1))]
SHAPES += [(32, 32, (1, 2)), (32, 32, (2, 2))]
SHARED, REPEATS, MEBI = 227 << 10, 20, 1 << 20


def problems() -> Iterator[tuple[str, Convolution]]:
    for rows, depth, columns in PRODUCTS:
        yield f"{rows}x{columns}x{depth}", Convolution.product(rows, depth, columns)
    for size, given, made, step in CONVOLUTIONS:
        out = (size // step, size // step)
        problem = Convolution(1, (size, size), given, made, (3, 3), out, (step, step), (1, 1), (1, 1))
        yield f"{size}x{size}x{given} 3x3 / {step} -> {made}", problem


def kernels() -> Iterator[tuple[dict[str, object], Convolution, Kernel]]:
    for name, problem in problems():
        for precision in ("f32", "tf32"):
            for rows, columns, warps in SHAPES:
                for splits in (1, 2, 4, 8):
                    tile = Tile(rows, columns, warps, 4, splits)
                    groups = -(-problem.points // rows) * -(-problem.outputs // columns) * splits
                    if tile.shared_bytes(4) > SHARED or not 24 <= groups <= 1200:
                        continue
                    row = {"problem": name, "precision": precision, **asdict(tile)}
                    yield row, problem, contraction.generate(problem, tile, precision, Epilogue())


def assemble(folder: Path, number: int, kernel: Kernel) -> Path:
    source, target = folder / f"{number}.ptx", folder / f"{number}.cubin"
    source.write_text(kernel.ptx("kernel"))
    subprocess.run(["ptxas", "-arch=sm_90", source, "-o", target], check=True)
    return target


def microseconds(file: Path, problem: Convolution, kernel: Kernel, pool: cupy.ndarray) -> float:
    """The best of three runs of twenty launches in a row."""
    function = cupy.RawModule(path=str(file)).get_function("kernel")
    function.max_dynamic_shared_size_bytes = kernel.shared_bytes
    weights = -(-prod(problem.kernel) * problem.channels * problem.outputs * 4 // 256) * 256
    places = max(1, min(16, 200 * MEBI // weights))
    start = pool.data.ptr

    def launch(i: int) -> None:
        pointers = start + 256 * MEBI, start + i % places * weights, start + 384 * MEBI
        function(kernel.grid, (kernel.threads, 1, 1), pointers, shared_mem=kernel.shared_bytes)

    found = []
    for _ in range(3):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        launch(0)
        begin.record()
        for i in range(REPEATS):
            launch(i + 1)
        end.record()
        end.synchronize()
        found.append(cupy.cuda.get_elapsed_time(begin, end) / REPEATS * 1e3)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    pool = cupy.random.standard_normal(128 * MEBI, dtype=cupy.float32)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as executor:
        jobs = list(kernels())
        files = executor.map(lambda job: assemble(Path(folder), *job), enumerate(kernel for *_, kernel in jobs))
        for (row, problem, kernel), file in zip(jobs, files, strict=True):
            if time.monotonic() > end:
                break
            print(json.dumps({**row, "us": round(microseconds(file, problem, kernel, pool), 2)}), flush=True)


if __name__ == "__main__":
    main()
