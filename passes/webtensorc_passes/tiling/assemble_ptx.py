"""Say which CUDA driver a module's kernels need, and assemble them where the target asks for it.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from webtensorc import tools
from webtensorc.errors import CompilationError
from webtensorc.iree import cuda_executable
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_VERSION = re.compile(r"^\.version (\d+)\.(\d+)", re.MULTILINE)
_TARGET = re.compile(r"^\.target sm_(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class AssemblePtx(Pass):
    """Add machine code to PTX kernels, for the architecture that the target names, if any.

    The module then needs a driver for the PTX (`cuda12.0`), or of the assembler's major version.

    Reports `assembled`: architecture and number of kernels' images with machine code.
    """

    name: ClassVar[str] = "assemble-ptx"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.HAL
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of images that have machine code now."""
        found = cuda_executable.executables(module)
        if context.target is None or not found:
            return 0
        texts = [cuda_executable.image(each).decode() for each in found]
        context.needs.add(_driver(texts))
        architecture = context.target.assembled_for
        if not architecture:
            return 0
        for executable, binary in zip(found, _assembled(texts, architecture), strict=True):
            cuda_executable.replace_image(executable, binary)
        context.needs.add(f"cuda{tools.versions(['ptxas'])['ptxas'].partition('.')[0]}.0")
        context.report["assembled"] = {"for": architecture, "images": len(found)}
        return len(found)


def _driver(texts: Sequence[str]) -> str:
    """The oldest CUDA whose driver knows the latest PTX among the texts: 12.0 knows 8.0 (PTX ISA, "Release Notes")."""
    major, minor = max((int(said[1]), int(said[2])) for text in texts if (said := _VERSION.search(text)))
    return f"cuda{major + 4}.{minor}"


def _assembled(texts: Sequence[str], architecture: str) -> list[bytes]:
    """For each PTX text an image with both it and its machine code.

    Raises:
        CompilationError: the assembler refuses one.
    """
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda text: _image(text, architecture), texts))


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
