"""64-bit RISC-V processors. An extra: modules are compiled, and nothing here can run them.

Base: RV64GC (RISC-V unprivileged specification, chapter "RV32/64G Instruction Set Listings").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.target_api import Target
from webtensorc_targets import _flags

__all__ = ["Riscv64Target"]

_BASE = frozenset({"m", "a", "f", "d", "c"})


@dataclass(frozen=True)
class Riscv64Target(Target):
    """`riscv64`: RV64GC; `riscv64{vectors=true}` has vectors of at least 16 bytes (the extension V) as well."""

    name: ClassVar[str] = "riscv64"
    maturity: ClassVar[str] = "compiled"
    tested_by: ClassVar[str] = "a test compiles products and convolutions; nothing has been run"
    instruction_set: ClassVar[str] = "RV64GC"

    vectors: bool = False

    def device(self) -> str:
        """Modules are machine code for the processor."""
        return "cpu"

    def architecture(self) -> str:
        """As Linux has it."""
        return "riscv64"

    def features(self) -> frozenset[str]:
        """LLVM's names of the extensions (llvm/lib/Target/RISCV/RISCVFeatures.td)."""
        return _BASE | ({"v"} if self.vectors else set())

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """LLVM's generic processor, its floats passed in registers (the psABI's LP64D)."""
        extra = sorted(self.features())
        made = _flags.processor("riscv64", "generic-rv64", extra, optimization_level)
        return (*made, "--iree-llvmcpu-target-abi=lp64d")

    @property
    def vector_bytes(self) -> int:
        """The least that V guarantees."""
        return 16 if self.vectors else 0

    @property
    def vector_registers(self) -> int:
        """v0 to v31."""
        return 32 if self.vectors else 0

    @property
    def fused_multiply_add(self) -> bool:
        """`fmadd` is part of F."""
        return True

    def describe(self) -> str:
        """What it is for."""
        return f"64-bit RISC-V processors{' with vectors' * self.vectors}, compiled only"
