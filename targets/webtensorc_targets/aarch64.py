"""64-bit ARM processors, by what their vector units have.

Levels: Arm Architecture Reference Manual for A-profile (DDI 0487), chapter A2. Features have LLVM's names
(llvm/lib/Target/AArch64/AArch64Features.td), which the loader uses as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc_targets import _flags
from webtensorc_targets._levels import LevelledProcessor

__all__ = ["Aarch64Target"]

_BASE = frozenset({"fp-armv8", "neon"})
_V8_2 = _BASE | {"dotprod", "fullfp16"}
_V9 = _V8_2 | {"bf16", "fp16fml", "i8mm"}
"""Without SVE2: with it LLVM runs out of memory over products whose sizes no vector fits (IREE 3.13)."""


@dataclass(frozen=True)
class Aarch64Target(LevelledProcessor):
    """`aarch64` (NEON), `aarch64-v8.2` (and integer dot products, float16) and `aarch64-v9` (and i8mm, bfloat16).

    `extra` lists features beyond the level, in alphabetical order: `aarch64-v8.2{extra=[bf16,i8mm]}`.
    """

    name: ClassVar[str] = "aarch64"
    tested_by: ClassVar[str] = "real models under qemu in user mode, against ONNX Runtime"
    instruction_set: ClassVar[str] = "aarch64"

    # Of what a version of the architecture brings, that which tensor code uses. Version 8.2 leaves both of these to the
    # implementation; Cortex-A55, A75 and all after them have them. Arm's cores of version 9 have all that is listed for
    # it, and scalable vectors besides; kernels keep to 16 bytes, the size of those cores' registers.
    levels: ClassVar = {"v8.0": _BASE, "v8.2": _V8_2, "v9": _V9}
    extras: ClassVar = {"v8.2": frozenset({"bf16", "fp16fml", "i8mm"})}

    level: str = "v8.0"

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """LLVM's generic processor with exactly these features."""
        return _flags.processor(self.instruction_set, "generic", sorted(self.features()), optimization_level)

    @property
    def integer_product_flags(self) -> tuple[str, ...]:
        """Packed operands and kernels on them (`sdot`, `smmla`) where there are dot products."""
        packed = ("--iree-opt-data-tiling=true", "--iree-llvmcpu-enable-ukernels=mmt4d")
        return packed if "dotprod" in self.features() else ()

    @property
    def vector_bytes(self) -> int:
        """A register of NEON."""
        return 16

    @property
    def vector_registers(self) -> int:
        """v0 to v31."""
        return 32

    @property
    def fused_multiply_add(self) -> bool:
        """`fmla` is part of NEON."""
        return True

    def describe(self) -> str:
        """The level by its best known extension."""
        best = {
            "v8.0": "NEON",
            "v8.2": "NEON, dot products and float16",
            "v9": "NEON, matrix products of int8 and bfloat16",
        }[self.level]
        return f"64-bit ARM processors with {', '.join((best, *self.extra))}; vectors of 16 bytes"
