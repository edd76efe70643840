"""x86-64 processors by micro-architecture level.

Levels and their features: System V ABI, AMD64 supplement, section 3.1.1, table 3.1. Features have LLVM's names
(llvm/lib/Target/X86/X86.td), which the loader uses as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.target_api import Speeds
from webtensorc_targets import _flags
from webtensorc_targets._levels import LevelledProcessor

__all__ = ["X86Target"]

_V1 = frozenset({"cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "x87"})
_V2 = _V1 | {"crc32", "cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"}
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}

_AVX2_EXTRA = frozenset({"avxifma", "avxneconvert", "avxvnni", "avxvnniint16", "avxvnniint8"})
_AVX512_EXTRA = {f"avx512{x}" for x in ("bf16", "bitalg", "fp16", "ifma", "vbmi", "vbmi2", "vnni", "vpopcntdq")}
_AMX = {"amx-bf16", "amx-int8", "amx-tile"}
_SERVERS = {"amx-tile", "avx512fp16"}
"""What only Intel's servers from Sapphire Rapids on have, whose cores start two vectors of 64 bytes a cycle."""


@dataclass(frozen=True)
class X86Target(LevelledProcessor):
    """`x86-64` and its levels `x86-64-v2` (SSE4.2), `x86-64-v3` (AVX2, FMA) and `x86-64-v4` (AVX-512).

    `extra` lists features beyond the level, in alphabetical order: `x86-64-v4{extra=[avx512bf16,avx512vnni]}`.
    """

    name: ClassVar[str] = "x86-64"
    tested_by: ClassVar[str] = "all tests, natively; AVX-512 where the testing machine has it"
    instruction_set: ClassVar[str] = "x86_64"
    levels: ClassVar = {"v1": _V1, "v2": _V2, "v3": _V3, "v4": _V4}
    extras: ClassVar = {"v3": _AVX2_EXTRA, "v4": frozenset(_AVX512_EXTRA | _AMX | {"avxvnni"})}

    level: str = "v1"

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """The level is a processor's name to LLVM."""
        return _flags.processor(self.instruction_set, self.level_name, self.extra, optimization_level)

    @property
    def vector_bytes(self) -> int:
        """16 (xmm), 32 (ymm) or 64 (zmm)."""
        return {"v1": 16, "v2": 16, "v3": 32, "v4": 64}[self.level]

    @property
    def vector_registers(self) -> int:
        """AVX-512 doubles their number."""
        return 32 if self.level == "v4" else 16

    @property
    def cache_bytes(self) -> tuple[int, int]:
        """Processors with AVX-512 have a larger second level: 1 MiB and more, but for a few."""
        if self._is_of_servers:
            return 48 << 10, 2 << 20
        return (32 << 10, 1 << 20) if self.level == "v4" else super().cache_bytes

    @property
    def speeds(self) -> Speeds:
        """A server's core, or AMD's; of vectors of 64 bytes many other processors start one a cycle, in two halves."""
        if self._is_of_servers:  # the cache that cores share is far away
            return Speeds(clock=3.1e9, second_level=48, shared=9)
        if self.level == "v4" and "avxvnni" in self.extra:  # AMD's from Zen 5 on
            return Speeds(clock=4.1e9, second_level=48, shared=16, memory=38e9)
        return Speeds(clock=3.5e9, vector_units=1 if self.level == "v4" else 2)

    @property
    def _is_of_servers(self) -> bool:
        return not _SERVERS.isdisjoint(self.extra)

    @property
    def buffer_alignment(self) -> int:
        """A cache line, and the widest vector."""
        return 64

    def describe(self) -> str:
        """The level by its best known extension."""
        best = {"v1": "SSE2", "v2": "SSE4.2", "v3": "AVX2 and FMA", "v4": "AVX-512"}[self.level]
        return f"x86-64 processors with {', '.join((best, *self.extra))}; vectors of {self.vector_bytes} bytes"
