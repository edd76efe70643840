"""Metal shaders for Apple GPUs, as source text. An extra: modules are compiled, and nothing here can run them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["MetalTarget"]


@dataclass(frozen=True)
class MetalTarget(Target):
    """`metal`: Apple GPUs, Metal Shading Language, which the system compiles when the module is loaded."""

    name: ClassVar[str] = "metal"
    maturity: ClassVar[str] = "compiled"
    tested_by: ClassVar[str] = "a test compiles products and convolutions; nothing has been run"
    instruction_set: ClassVar[str] = "Metal Shading Language"

    def device(self) -> str:
        """The loader has no such device yet."""
        return "metal"

    def features(self) -> frozenset[str]:
        """Any."""
        return frozenset()

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """Source text: Apple's compiler is not needed."""
        return (
            "--iree-hal-target-device=metal",
            "--iree-metal-compile-to-metallib=false",
            *_flags.all_devices(optimization_level),
        )

    @property
    def missing_types(self) -> frozenset[str]:
        """There is no float64 (Metal Shading Language Specification, 2.1, "Scalar Data Types")."""
        return frozenset({"f64"})

    def describe(self) -> str:
        """What it is for."""
        return "Apple GPUs, Metal shaders, compiled only"
