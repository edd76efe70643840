"""PTX kernels for NVIDIA GPUs.

PTX for one compute capability is compiled by the driver for any later one (CUDA C++ Programming Guide, "Just-in-Time
Compilation"), so the default runs on everything from Volta on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.errors import UsageError
from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["CudaTarget"]

_ARCHITECTURES = ("sm_70", "sm_72", "sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_120")
"""Those that the native compiler (IREE 3.13) has a description of: not sm_90 or sm_100, which run the code of sm_89."""


@dataclass(frozen=True)
class CudaTarget(Target):
    """`cuda`: PTX for compute capability 7.0 and later; `cuda{arch=sm_80}` may use what newer ones have."""

    name: ClassVar[str] = "cuda"
    maturity: ClassVar[str] = "compiled"
    tested_by: ClassVar[str] = "ptxas assembles the kernels; they have not been run"

    instruction_set: ClassVar[str] = "PTX"

    arch: str = _ARCHITECTURES[0]

    def __post_init__(self) -> None:
        if self.arch not in _ARCHITECTURES:
            raise UsageError(
                f"`cuda` has no architecture `{self.arch}`",
                hint=f"code for an earlier one runs as well; there are: {', '.join(_ARCHITECTURES)}",
            )

    def device(self) -> str:
        """CUDA's driver runs the modules."""
        return "cuda"

    def features(self) -> frozenset[str]:
        """The compute capability, in LLVM's name for it (llvm/lib/Target/NVPTX/NVPTX.td)."""
        return frozenset({self.arch})

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """PTX as text: no tool of NVIDIA's is needed to compile."""
        return (
            "--iree-hal-target-device=cuda",
            f"--iree-cuda-target={self.arch}",
            *_flags.all_devices(optimization_level),
        )

    def describe(self) -> str:
        """What it is for."""
        return f"NVIDIA GPUs of compute capability {self.arch.removeprefix('sm_')} and later, PTX kernels"
