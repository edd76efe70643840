"""The kernels in a module that was compiled for a device, as their driver gets them."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from math import prod
from pathlib import Path

import loops
import pytest

from webtensorc import tools
from webtensorc.artifact import Bundle
from webtensorc.errors import UsageError
from webtensorc.registry import make_target

_MAGIC = re.escape(struct.pack("<I", 0x07230203))


def _tool(name: str) -> str | None:
    try:
        return str(tools.find(name))
    except UsageError:
        return None


PTXAS = _tool("ptxas")
SPIRV_VAL = shutil.which("spirv-val")
OLDEST = "sm_75"
"""What the assemblers of today still know; it runs what is written for sm_70."""


def ptx(module: bytes) -> list[str]:
    """The PTX texts in a module."""
    return [each.decode() for each in re.findall(rb"\.version [^\0]*", module)]


FATBIN = struct.pack("<I", 0xBA55ED50)
"""How an image for several architectures begins (fatbinary_section.h of CUDA's toolkit)."""
_ELF, _CUDA_MACHINE = b"\x7fELF", 190


def cuda_images(module: bytes) -> list[bytes]:
    """What CUDA's driver is given for each executable, read by the FlatBuffer library."""
    tables = pytest.importorskip("flatbuffers.table")
    images = []
    for match in re.finditer(rb"CDA1\0{4}.{8}\0{48}", module, re.DOTALL):
        start = match.start() + 64  # behind a header
        (root,) = struct.unpack_from("<I", module, start)
        executable = tables.Table(bytearray(module[start:]), root)
        modules = tables.Table(executable.Bytes, executable.Indirect(executable.Vector(executable.Offset(6))))
        images.append(modules.String(modules.Offset(4) + modules.Pos))
    return images


@dataclass(frozen=True)
class Cubin:
    """Machine code for one architecture, an ELF file.

    Attributes:
        architecture: as `ptxas -arch` takes it.
        kernels: their names, sorted.
    """

    architecture: str
    kernels: list[str]


def cubins(image: bytes) -> list[Cubin]:
    """The machine code in an image."""
    found = []
    for match in re.finditer(re.escape(_ELF), image):
        (machine,) = struct.unpack_from("<H", image, match.start() + 18)
        (flags,) = struct.unpack_from("<I", image, match.start() + 48)
        assert machine == _CUDA_MACHINE
        names = re.findall(rb"\0\.text\.(\w+)", image[match.start() :])
        found.append(Cubin(f"sm_{flags >> 8 & 0xFF}", sorted({name.decode() for name in names})))
    return found


def spirv(module: bytes) -> list[bytes]:
    """The SPIR-V binaries in a module: each is a vector of a flatbuffer, that is, after its length in words."""
    starts = [match.start() for match in re.finditer(_MAGIC, module)]
    lengths = [struct.unpack_from("<I", module, at - 4)[0] for at in starts]
    return [module[at : at + 4 * words] for at, words in zip(starts, lengths, strict=True)]


def assemble(text: str, arch: str, folder: Path) -> str:
    """What ptxas says about the resources of the kernels of a PTX text.

    Raises:
        AssertionError: it does not accept the text.
    """
    path = folder / "kernel.ptx"
    path.write_text(text)
    command = [str(PTXAS), f"-arch={arch}", "-v", str(path), "-o", str(folder / "kernel.cubin")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def validate(binary: bytes, folder: Path) -> None:
    """Raise AssertionError with spirv-val's words if it does not accept a binary for Vulkan 1.1."""
    path = folder / "kernel.spv"
    path.write_bytes(binary)
    done = subprocess.run([str(SPIRV_VAL), "--target-env", "vulkan1.1", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def can_check(target: str) -> bool:
    """Whether there is an assembler or a validator here for a target's kernels."""
    return {"cuda": PTXAS, "vulkan": SPIRV_VAL}.get(make_target(target).device()) is not None


def check_all(bundle: Bundle, folder: Path) -> None:
    """Raise AssertionError unless ptxas or spirv-val accepts every kernel of a bundle; modules of none are fine."""
    for artifact in bundle.artifacts:
        if artifact.device == "cuda":
            for text in ptx(artifact.module):
                assemble(text, _architecture(text), folder)
        else:
            for binary in spirv(artifact.module):
                validate(binary, folder)


def _architecture(text: str) -> str:
    """What a PTX text is written for, or the oldest that can be assembled for."""
    written = re.search(r"^\.target (sm_(\d+)a?)", text, re.MULTILINE)
    assert written is not None
    return written[1] if int(written[2]) >= int(OLDEST.removeprefix("sm_")) else OLDEST


@dataclass(frozen=True)
class Kernel:
    """What can be told of a SPIR-V binary without running it (SPIR-V specification, 2.3 and 3).

    Attributes:
        workgroup: how many invocations it has along each dimension.
        asked: the dimensions along which they read their place.
        shares: whether it has memory of the workgroup.
        barriers: how often it waits for the others.
        largest_array: elements of the largest array of known size, in private memory or that of the workgroup.
    """

    workgroup: tuple[int, ...]
    asked: frozenset[int]
    shares: bool
    barriers: int
    largest_array: int

    @property
    def invocations(self) -> int:
        """In a workgroup."""
        return prod(self.workgroup)

    @classmethod
    def read(cls, binary: bytes) -> Kernel:
        """Look through the instructions of a binary."""
        workgroup: tuple[int, ...] = (1, 1, 1)
        asked, shares, barriers, largest = set[int](), False, 0, 0
        constants: dict[int, int] = {}
        known = identities(binary)
        for opcode, operands in loops.instructions(binary):
            if opcode == _EXECUTION_MODE and operands[1] == _LOCAL_SIZE:
                workgroup = operands[2:5]
            elif _is_identity(opcode, operands):
                asked |= {0, 1, 2} if operands[2] in _NUMBERS else set()
            elif opcode == _LOAD and operands[2] in known:
                known.add(operands[1])
            elif opcode == _EXTRACT and operands[2] in known:
                asked.add(operands[3])
            shares |= opcode == _VARIABLE and operands[2] == _WORKGROUP
            barriers += opcode == _CONTROL_BARRIER
            if opcode == _CONSTANT:
                constants[operands[1]] = operands[2]
            elif opcode == _TYPE_ARRAY:
                largest = max(largest, constants[operands[2]])
        return cls(workgroup, frozenset(asked), shares, barriers, largest)


def identities(binary: bytes) -> set[int]:
    """The variables in which an invocation finds which it is."""
    return {operands[0] for opcode, operands in loops.instructions(binary) if _is_identity(opcode, operands)}


def _is_identity(opcode: int, operands: tuple[int, ...]) -> bool:
    return opcode == _DECORATE and operands[1] == _BUILT_IN and operands[2] in _INVOCATION_IDS


_EXECUTION_MODE, _VARIABLE, _DECORATE, _CONTROL_BARRIER = 16, 59, 71, 224
_TYPE_ARRAY, _CONSTANT, _LOAD, _EXTRACT = 28, 43, 61, 81
_LOCAL_SIZE, _WORKGROUP, _BUILT_IN = 17, 4, 11
_INVOCATION_IDS = (27, 28, 29, 41)
"""LocalInvocationId, GlobalInvocationId, LocalInvocationIndex, SubgroupLocalInvocationId."""
_NUMBERS = (29, 41)
"""Those of them that are one number."""
