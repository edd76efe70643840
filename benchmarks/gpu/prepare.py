"""The bundles that `measure.py` measures: compiled where the compiler is, small enough to be carried to the GPU.

    python benchmarks/gpu/prepare.py FOLDER [NAME ...]

Writes `NAME.bare` without weights; `skeleton.py fill NAME.bare NAME.wtb` makes the bundle of it there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import networks
import numpy as np
import skeleton
from jax import export

import webtensorc

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fixtures import random_weights

CPU, EXACT, ROUNDED = "x86-64-v3", "cuda{arch=sm_90}", "cuda{arch=sm_90,tf32=true}"
NETWORK = [CPU, "cuda", "cuda{arch=sm_80}", EXACT, ROUNDED, "spirv"]
TARGETS = {
    "matmul_float16": ["cuda{arch=sm_80}", "cuda{arch=sm_90a}"],
    "matmul_bfloat16": ["cuda{arch=sm_80}", "cuda{arch=sm_90a}"],
    "matmul_float32": ["cuda", "cuda{arch=sm_80}", EXACT, ROUNDED, "spirv"],
    "resnet50": NETWORK,
    "bert": NETWORK,
    "gpt2": NETWORK,
}


def exported(made: tuple[Any, Any, tuple[np.ndarray, ...]]) -> Any:
    """The network as a `jax.export.Exported` of its inputs alone."""
    function, params, inputs = made
    params = jax.tree.map(jnp.asarray, params)
    return export.export(jax.jit(lambda *given: function(params, *given)), platforms=["cpu"])(*inputs)


def model(name: str) -> Any:
    if name == "resnet50":
        return random_weights.build(name)
    if name.startswith("matmul_"):
        word = name.removeprefix("matmul_")
        return exported(networks.product(ml_dtypes.bfloat16 if word == "bfloat16" else np.dtype(word)))
    return exported({"bert": networks.bert, "gpt2": networks.gpt2}[name]())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(TARGETS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names:
        with tempfile.TemporaryDirectory() as scratch:
            whole = Path(scratch) / "model.wtb"
            webtensorc.compile(model(name), targets=TARGETS[name]).save(whole)
            skeleton.strip(whole, options.folder / f"{name}.bare")
        print(options.folder / f"{name}.bare")


if __name__ == "__main__":
    main()
