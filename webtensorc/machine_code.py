"""What a CUDA driver must know for a module's kernels, and machine code for them where the target asks for it.

PTX is compiled by the driver when a module is loaded, and each driver knows PTX up to some version of it. A target may
have its kernels assembled for one architecture besides (NVIDIA's `ptxas`): GPUs of that architecture then load machine
code, all others the PTX, for `fatbinary` packs both into one image.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from webtensorc import tools
from webtensorc.errors import CompilationError
from webtensorc.iree import cuda_executable
from webtensorc.iree.mlir import Operation

__all__ = ["assemble"]

_VERSION = re.compile(r"^\.version (\d+)\.(\d+)", re.MULTILINE)
_TARGET = re.compile(r"^\.target sm_(\w+)", re.MULTILINE)


def assemble(module: Operation, architecture: str) -> tuple[str, ...]:
    """Add machine code for `architecture`, where one is named, to the CUDA kernels of a module at `Phase.HAL`.

    Returns what the driver must know: PTX as CUDA of some version does (`cuda12.0`), and the assembler's own format,
    which changes with its major version; nothing where there are no such kernels.

    Raises:
        CompilationError: the assembler refuses a kernel.
    """
    found = cuda_executable.executables(module)
    if not found:
        return ()
    texts = [cuda_executable.image(each).decode() for each in found]
    if not architecture:
        return (_driver(texts),)
    with ThreadPoolExecutor() as pool:
        images = pool.map(lambda text: _image(text, architecture), texts)
        for executable, image in zip(found, images, strict=True):
            cuda_executable.replace_image(executable, image)
    return _driver(texts), f"cuda{tools.versions(['ptxas'])['ptxas'].partition('.')[0]}.0"


def _driver(texts: Sequence[str]) -> str:
    """The oldest CUDA whose driver knows the latest PTX among the texts: 12.0 knows 8.0 (PTX ISA, "Release Notes")."""
    major, minor = max((int(said[1]), int(said[2])) for text in texts if (said := _VERSION.search(text)))
    return f"cuda{major + 4}.{minor}"


def _image(text: str, architecture: str) -> bytes:
    written = _TARGET.search(text)
    assert written is not None
    with tempfile.TemporaryDirectory(prefix="webtensorc-ptx-") as folder:
        (Path(folder) / "kernel.ptx").write_text(text)
        # The names, which the image keeps, are always the same.
        _run(folder, "ptxas", f"-arch={architecture}", "kernel.ptx", "-o", "kernel.cubin")
        _run(
            *(folder, "fatbinary", "-64", "--compress=false", "--create=kernel.fatbin"),
            f"--image3=kind=elf,sm={architecture.removeprefix('sm_')},file=kernel.cubin",
            f"--image3=kind=ptx,sm={written[1]},file=kernel.ptx",
        )
        return (Path(folder) / "kernel.fatbin").read_bytes()


def _run(folder: str, name: str, *arguments: str) -> None:
    done = subprocess.run([tools.find(name), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with status {done.returncode}"]
        raise CompilationError(f"`{name}` refuses a kernel: {said[0]}", doing="assembling PTX", notes=tuple(said[1:8]))
