"""Code objects for AMD GPUs, by HIP. An extra: modules are compiled, and nothing here can run them.

Architectures have LLVM's names (llvm/docs/AMDGPUUsage.rst, "Processors").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webtensorc.errors import UsageError
from webtensorc.spec import did_you_mean
from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["RocmTarget"]

_ARCHITECTURES = (
    *("gfx908", "gfx90a", "gfx942", "gfx950"),
    *("gfx1100", "gfx1101", "gfx1103", "gfx1150", "gfx1151", "gfx1200", "gfx1201"),
)
"""What the native compiler (IREE 3.13) has descriptions of."""


@dataclass(frozen=True)
class RocmTarget(Target):
    """`rocm`: AMD GPUs of one architecture, `rocm{arch=gfx942}`; code for one runs on no other."""

    name: ClassVar[str] = "rocm"
    maturity: ClassVar[str] = "compiled"
    tested_by: ClassVar[str] = "a test compiles products and convolutions; nothing has been run"
    instruction_set: ClassVar[str] = "AMDGPU"

    arch: str = "gfx90a"

    def __post_init__(self) -> None:
        if self.arch not in _ARCHITECTURES:
            raise UsageError(
                f"`rocm` has no architecture `{self.arch}`",
                hint=did_you_mean(self.arch, _ARCHITECTURES) or "`rocminfo` names that of a GPU",
                notes=(f"there are: {', '.join(_ARCHITECTURES)}",),
            )

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ...]]:
        """The architectures."""
        return {"arch": _ARCHITECTURES}

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
