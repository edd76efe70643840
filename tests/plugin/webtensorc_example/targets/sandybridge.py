"""x86-64 processors of 2011: AVX, but neither AVX2 nor fused multiply-add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.target_api import Target


@dataclass(frozen=True)
class SandyBridge(Target):
    """`sandybridge`: x86-64 with AVX; `sandybridge{avx=false}` leaves AVX out."""

    name: ClassVar[str] = "sandybridge"  # the file's name

    avx: bool = True

    def device(self) -> str:
        """The loader's device."""
        return "cpu"

    def architecture(self) -> str:
        """As `uname -m` has it."""
        return "x86_64"

    def features(self) -> frozenset[str]:
        """What a machine must have, in LLVM's names."""
        return frozenset({"sse4.2", "popcnt", *(("avx",) if self.avx else ())})

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """The native compiler's flags; no path, nothing of the machine that compiles."""
        features = ",".join(f"+{feature}" for feature in sorted(self.features()))
        return (
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-triple=x86_64-unknown-unknown-eabi-elf",
            "--iree-llvmcpu-target-cpu=x86-64",
            f"--iree-llvmcpu-target-cpu-features={features}",
            "--iree-llvmcpu-debug-symbols=false",
            f"--iree-opt-level=O{optimization_level}",
        )

    @property
    def vector_bytes(self) -> int:
        """Width of a vector register."""
        return 32 if self.avx else 16

    @property
    def vector_registers(self) -> int:
        """Number of vector registers."""
        return 16

    def describe(self) -> str:
        """One line for `webtensorc targets`."""
        return "x86-64 processors of 2011"
