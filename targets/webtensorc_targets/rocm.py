"""Code objects for AMD GPUs, by HIP. An extra: modules are compiled, and nothing here can run them.

Architectures have LLVM's names (llvm/docs/AMDGPUUsage.rst, "Processors").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["RocmTarget"]


@dataclass(frozen=True)
class RocmTarget(Target):
    """`rocm`: AMD GPUs of one architecture, `rocm{arch=gfx942}`; code for one runs on no other."""

    name: ClassVar[str] = "rocm"
    maturity: ClassVar[str] = "compiled"
    tested_by: ClassVar[str] = "a test compiles products and convolutions; nothing has been run"
    instruction_set: ClassVar[str] = "AMDGPU"

    arch: str = "gfx90a"

    def device(self) -> str:
        """The loader has no such device yet."""
        return "hip"

    def features(self) -> frozenset[str]:
        """The architecture."""
        return frozenset({self.arch})

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """The native compiler brings its own linker and device libraries."""
        return (
            "--iree-hal-target-device=hip",
            f"--iree-rocm-target={self.arch}",
            *_flags.all_devices(optimization_level),
        )

    def describe(self) -> str:
        """What it is for."""
        return f"AMD GPUs of architecture {self.arch}, compiled only"
