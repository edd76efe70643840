"""IREE as it is: imported from ONNX and compiled at its highest level for this processor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import iree.runtime
from iree.compiler import version

from benchmarks.latency.peers import Inputs, Prepared

FLAGS = (
    "--iree-opt-level=O3",
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """Load what its two commands make of the model; the inputs lie in its device's memory already."""
    binary = _compiled(Path(model)).read_bytes()
    if threads > 1:
        iree.runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
    config = iree.runtime.Config("local-task" if threads > 1 else "local-sync")
    loaded = iree.runtime.load_vm_module(iree.runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    (name,) = (each for each in loaded.vm_module.function_names if not each.startswith("__") and "$async" not in each)
    given = [iree.runtime.asdevicearray(config.device, each) for each in inputs.values()]

    def call() -> list[object]:
        found = loaded[name](*given)
        return [each.to_host() for each in (found if isinstance(found, tuple) else (found,))]

    return Prepared(call, version.VERSION)


def _compiled(model: Path) -> Path:
    """The module, kept beside the model: it is the same for any number of threads."""
    imported, module = model.with_suffix(".mlir"), model.with_suffix(".vmfb")
    if not module.exists():
        _run("iree.compiler.tools.import_onnx", model, "-o", imported)
        _run("iree.compiler.tools.scripts.iree_compile", imported, *FLAGS, "-o", module)
    return module


def _run(module: str, *arguments: object) -> None:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [each for each in done.stderr.splitlines() if "error:" in each] or [f"status {done.returncode}"]
        raise RuntimeError(re.sub(r"\S*/", "", lines[0])[:200])  # files lie in a folder of this run
