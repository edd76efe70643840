"""Running a bundle's aarch64 variant under qemu in user mode, by the runtime of IREE's own wheel for that machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webtensorc.artifact import Bundle
from webtensorc.model import TensorSpec

LIBRARIES = Path("/usr/aarch64-linux-gnu")
RUNNER = Path(sys.prefix) / "aarch64" / "iree" / "_runtime_libs" / "iree-run-module"
"""Where `make test` unpacks the wheel."""

CORES = {"aarch64": "cortex-a53", "aarch64-v8.2": "neoverse-n1", "aarch64-v9": "max"}
"""For each target a core that has what the target needs; anything beyond it is an illegal instruction there. Neither of
the first two has bfloat16 or matrix instructions, and the Cortex-A53 neither dot products nor arithmetic on float16.
qemu 7.2 knows no core of version 9; `max` has everything that it emulates."""


def missing() -> str | None:
    """What keeps this machine from emulating, and where to get it; None if nothing does."""
    if shutil.which("qemu-aarch64") is None:
        return "no qemu-aarch64: apt-get install qemu-user"
    if not (LIBRARIES / "lib" / "libstdc++.so.6").exists():
        return f"no C++ library for aarch64 in {LIBRARIES}: apt-get install libstdc++6-arm64-cross"
    if not RUNNER.exists():
        return f"no aarch64 runtime in {RUNNER.parent}: `make test` unpacks it"
    return None


def run(bundle: Bundle, label: str, feed: Mapping[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """The outputs by name of the variant called `label`, read from the bundle's own file as any loader would."""
    path = folder / "model.wtb"
    bundle.save(path)
    variant = next(each for each in bundle.manifest.variants if each.label == label)
    with zipfile.ZipFile(path) as archive:
        for member in (variant.module, "weights.safetensors"):
            archive.extract(member, folder)
    command = ["qemu-aarch64", "-cpu", CORES[label], "-L", LIBRARIES, RUNNER, "--device=local-sync"]
    command += [f"--module={folder / variant.module}", "--function=main"]
    command += [f"--parameters=model={folder / 'weights.safetensors'}"] if bundle.model.weights else []
    for number, spec in enumerate(bundle.model.inputs):
        command.append(f"--input={_written(np.asarray(feed[spec.name], spec.dtype), folder / f'in{number}')}")
    for number, spec in enumerate(bundle.model.outputs):  # memory for the results, which `main` takes as arguments
        command.append(f"--input={_written(np.zeros(spec.shape, spec.dtype), folder / f'to{number}')}")
        command.append(f"--output=@{folder / f'out{number}'}{_suffix(np.dtype(spec.dtype))}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return {spec.name: _read(folder / f"out{number}", spec) for number, spec in enumerate(bundle.model.outputs)}


def _suffix(dtype: np.dtype[Any]) -> str:
    """numpy's own format lacks bfloat16 and what is smaller."""
    return ".bin" if dtype.kind == "V" else ".npy"


def _written(array: np.ndarray, path: Path) -> str:
    """An array in a file, in the words of iree-run-module."""
    file = path.with_suffix(_suffix(array.dtype))
    if file.suffix == ".npy":
        np.save(file, array)
        return f"@{file}"
    array.tofile(file)
    return f"{'x'.join([*map(str, array.shape), _ELEMENTS[array.dtype.name]])}=@{file}"


def _read(path: Path, spec: TensorSpec) -> np.ndarray:
    file = path.with_suffix(_suffix(np.dtype(spec.dtype)))
    if file.suffix == ".npy":
        return np.load(file)
    return np.fromfile(file, spec.dtype).reshape(spec.shape)


_ELEMENTS = {"bfloat16": "bf16"}
"""Names of element types, of those that only ml_dtypes has."""
