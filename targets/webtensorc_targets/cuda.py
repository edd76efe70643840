"""PTX kernels for NVIDIA GPUs.

PTX for one compute capability is compiled by the driver for any later one (CUDA C++ Programming Guide, "Just-in-Time
Compilation"), so the default runs on everything from Volta on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webtensorc.errors import UsageError
from webtensorc.spec import did_you_mean
from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["CudaTarget"]

_NATIVE = {"sm_90": "sm_89", "sm_90a": "sm_89", "sm_100": "sm_89"}
"""Whose code the native compiler (IREE 3.13) writes instead, where it has no description of an architecture."""
_ARCHITECTURES = ("sm_70", "sm_72", "sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_90a", "sm_100", "sm_120")
"""`sm_90a` is for that architecture alone: only its code may use `wgmma`."""
_OLDEST_ASSEMBLED = 75
"""What `ptxas` of CUDA 13 begins with."""


@dataclass(frozen=True)
class CudaTarget(Target):
    """`cuda`: PTX for compute capability 7.0 and later; `cuda{arch=sm_80}` may use what newer ones have.

    From `arch=sm_80` on, products and convolutions are kernels of our own, on the matrix units for 16-bit floats; on
    those for float32 too with `tf32=true`. `sm_90a` adds what Hopper alone has, and is for Hopper alone. `cubin=true`
    has NVIDIA's `ptxas` add machine code for `arch` (pip install nvidia-cuda-nvcc); other GPUs still take the PTX.
    """

    name: ClassVar[str] = "cuda"
    maturity: ClassVar[str] = "tested"
    tested_by: ClassVar[str] = "our kernels emulated and assembled; the matrix by hand on an H100 (make test-gpu)"
    instruction_set: ClassVar[str] = "PTX"

    arch: str = _ARCHITECTURES[0]
    tf32: bool = False
    """Whether float32 products may be rounded to tf32, 10 bits of mantissa, for the matrix units."""
    cubin: bool = False
    """Whether GPUs of `arch` find machine code besides the PTX, so that their driver need not compile at load."""

    def __post_init__(self) -> None:
        if self.arch not in _ARCHITECTURES:
            raise UsageError(
                f"`cuda` has no architecture `{self.arch}`",
                hint=did_you_mean(self.arch, _ARCHITECTURES) or "code for an earlier one runs as well",
                notes=(f"there are: {', '.join(_ARCHITECTURES)}",),
            )
        if self.cubin and self.compute_capability < _OLDEST_ASSEMBLED:
            raise UsageError(
                f"there is no machine code for `{self.arch}`",
                hint=f"NVIDIA's assembler begins with `arch=sm_{_OLDEST_ASSEMBLED}`",
            )

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ...]]:
        """The architectures."""
        return {"arch": _ARCHITECTURES}

    def device(self) -> str:
        """CUDA's driver runs the modules."""
        return "cuda"

    def features(self) -> frozenset[str]:
        """The compute capability and all before it, in LLVM's names (llvm/lib/Target/NVPTX/NVPTX.td)."""
        before = _ARCHITECTURES[: _ARCHITECTURES.index(self.arch)]
        return frozenset({*(each for each in before if not each.endswith("a")), self.arch})

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """PTX as text: no tool of NVIDIA's is needed to compile."""
        return (
            "--iree-hal-target-device=cuda",
            f"--iree-cuda-target={_NATIVE.get(self.arch, self.arch)}",
            *_flags.all_devices(optimization_level),
        )

    @property
    def compute_capability(self) -> int:
        """As the architecture's name has it."""
        return int(self.arch.removeprefix("sm_").removesuffix("a"))

    @property
    def exact_capability(self) -> bool:
        """Whether code for this target runs on GPUs of its compute capability alone."""
        return self.arch.endswith("a")

    @property
    def assembled_for(self) -> str:
        """`arch`, where machine code is asked for."""
        return self.arch if self.cubin else ""

    @property
    def tools(self) -> tuple[str, ...]:
        """NVIDIA's, for machine code."""
        return ("ptxas", "fatbinary") if self.cubin else ()

    @property
    def matrix_types(self) -> frozenset[str]:
        """The 16-bit types always, for their sums are as exact as any; tf32 where asked."""
        return frozenset({"f16", "bf16", *(("tf32",) if self.tf32 else ())})

    def describe(self) -> str:
        """What it is for."""
        later = "alone" if self.exact_capability else "and later"
        return f"NVIDIA GPUs of compute capability {self.compute_capability / 10} {later}, PTX kernels"
