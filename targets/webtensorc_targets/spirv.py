"""SPIR-V kernels for any GPU with a Vulkan driver.

The default is what a whole class of devices has in common, the Android Baseline 2022 profile (Khronos,
VP_ANDROID_baseline_2022: Vulkan 1.1, SPIR-V 1.3, 128 invocations and 16 KiB of shared memory a workgroup). Types beyond
float32 and 32-bit integers are asked of a device where a model's kernels use them (pass `native-types`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webtensorc.errors import UsageError
from webtensorc.spec import did_you_mean
from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["SpirvTarget"]


_BASELINE = "vp_android_baseline_2022"

_FAMILIES = (
    _BASELINE,
    *("adreno", "valhall", "valhall4"),
    *("pascal", "volta", "turing", "ampere", "ada"),
    *("rdna1", "rdna2", "rdna3", "rdna4", "cdna2", "cdna3"),
)
"""Those that the native compiler (IREE 3.13) describes by their family's name; it crashes at any other."""


@dataclass(frozen=True)
class SpirvTarget(Target):
    """`spirv`: kernels for Vulkan 1.1; `spirv{gpu=rdna3}` is for one family of GPUs, by IREE's name for it.

    A family's code uses its size of subgroups, float16 and, from Turing and RDNA 3 on, cooperative matrices.
    A model's kernels say which SPIR-V capabilities they need of a device; the loader compares.
    """

    name: ClassVar[str] = "spirv"
    maturity: ClassVar[str] = "tested"
    tested_by: ClassVar[str] = "real models on Mesa's lavapipe, against ONNX Runtime; kernels pass spirv-val"

    instruction_set: ClassVar[str] = "SPIR-V 1.3"

    gpu: str = _BASELINE

    def __post_init__(self) -> None:
        if self.gpu not in _FAMILIES:
            raise UsageError(
                f"`{self.name}` knows no GPUs called `{self.gpu}`",
                hint=did_you_mean(self.gpu, _FAMILIES),
                notes=(f"there are: {', '.join(_FAMILIES)}",),
            )

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ...]]:
        """The profile and the families."""
        return {"gpu": _FAMILIES}

    def device(self) -> str:
        """Vulkan's driver runs the modules."""
        return "vulkan"

    def features(self) -> frozenset[str]:
        """Vulkan 1.1; what kernels need beyond it they declare, and the bundle says so."""
        return frozenset({"vulkan1.1"})

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """The profile or family, never the device of the machine that compiles."""
        return (
            "--iree-hal-target-device=vulkan",
            f"--iree-vulkan-target={self.gpu}",
            *_flags.all_devices(optimization_level),
            # With it a layer normalisation is one kernel, each invocation of which keeps a whole tile of 64 rows to
            # itself: 192 KiB for rows of 768. Drivers refuse that, or are slow.
            "--iree-dispatch-creation-enable-aggressive-fusion=false",
        )

    @property
    def workgroup_memory(self) -> int:
        """What every device has (Vulkan, maxComputeSharedMemorySize); the native compiler knows what suits a family."""
        return 16 << 10 if self.gpu == _BASELINE else 0

    def describe(self) -> str:
        """What it is for."""
        return f"Vulkan devices, SPIR-V kernels for {self.gpu}"
