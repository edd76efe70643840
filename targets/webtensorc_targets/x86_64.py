"""x86-64 processors by micro-architecture level, as an ELF that the embedded loader runs on any operating system.

Levels and their features: System V ABI, AMD64 supplement, section 3.1.1, table 3.1. Features have LLVM's names
(llvm/lib/Target/X86/X86.td), which the loader uses as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc.errors import UsageError
from webtensorc.spec import did_you_mean
from webtensorc.target_api import Spec, Target

__all__ = ["X86Target"]

_V1 = {"cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "x87"}
_V2 = _V1 | {"crc32", "cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"}
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
_LEVELS = {"v1": _V1, "v2": _V2, "v3": _V3, "v4": _V4}

_AVX2_EXTRA = {"avxifma", "avxneconvert", "avxvnni", "avxvnniint16", "avxvnniint8"}
_AVX512_EXTRA = {f"avx512{x}" for x in ("bf16", "bitalg", "fp16", "ifma", "vbmi", "vbmi2", "vnni", "vpopcntdq")}
_EXTRA = {"v3": _AVX2_EXTRA, "v4": _AVX512_EXTRA}
"""Vector features beyond the levels, under the lowest level that has all they imply; others help no tensor code."""

_STACK_BYTES = 1 << 19
"""Largest stack frame of a kernel. The compiler's own 32 KiB refuses some pooling kernels; threads have 8 MiB."""


@dataclass(frozen=True)
class X86Target(Target):
    """`x86-64` and its levels `x86-64-v2` (SSE4.2), `x86-64-v3` (AVX2, FMA) and `x86-64-v4` (AVX-512).

    `extra` lists features beyond the level, in alphabetical order: `x86-64-v4{extra=[avx512bf16,avx512vnni]}`.
    """

    name: ClassVar[str] = "x86-64"
    maturity: ClassVar[str] = "tested"

    level: str = "v1"
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in _LEVELS:
            raise UsageError(f"`{self.name}` has no level `{self.level}`", hint=f"levels are: {', '.join(_LEVELS)}")
        allowed = {feature for level, some in _EXTRA.items() if level <= self.level for feature in some}
        for feature in self.extra:
            if feature not in allowed:
                raise UsageError(
                    f"`{self._level_name}` has no extra feature `{feature}`",
                    hint=did_you_mean(feature, allowed) or f"there are: {', '.join(sorted(allowed)) or 'none'}",
                )
        object.__setattr__(self, "extra", tuple(sorted(set(self.extra))))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The base level is written without a suffix."""
        return (cls.name, *(f"{cls.name}-{level}" for level in _LEVELS if level != "v1"))

    @classmethod
    def from_spec(cls, spec: Spec) -> X86Target:
        """The level is the end of the name.

        Raises:
            UsageError: an option or an extra feature that is unknown.
        """
        level = spec.name.removeprefix(cls.name).removeprefix("-")
        return spec.build(cls) if not level else Spec(spec.name, (*spec.options, ("level", level))).build(cls)

    @classmethod
    def best_for(cls, features: frozenset[str]) -> X86Target:
        """The highest level that `features` contain, with the extra ones among them that build on it."""
        level = max((name for name, needed in _LEVELS.items() if needed <= features), default="v1")
        usable = {feature for least, some in _EXTRA.items() if least <= level for feature in some & features}
        return cls(level, tuple(usable))

    @property
    def _level_name(self) -> str:
        return self.name if self.level == "v1" else f"{self.name}-{self.level}"

    @property
    def label(self) -> str:
        """The level's name and the extra features."""
        return str(Spec(self._level_name, (("extra", self.extra),) if self.extra else ()))

    def device(self) -> str:
        """Modules are machine code for the processor."""
        return "cpu"

    def architecture(self) -> str:
        """The kernel's name for it."""
        return "x86_64"

    def features(self) -> frozenset[str]:
        """The level's features and the extra ones."""
        return frozenset(_LEVELS[self.level]).union(self.extra)

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """Explicit processor and features, never the machine that compiles."""
        extra = ",".join(f"+{feature}" for feature in self.extra)
        return (
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-triple=x86_64-unknown-unknown-eabi-elf",
            f"--iree-llvmcpu-target-cpu={self._level_name}",
            *((f"--iree-llvmcpu-target-cpu-features={extra}",) if extra else ()),
            f"--iree-llvmcpu-stack-allocation-limit={_STACK_BYTES}",
            f"--iree-opt-level=O{optimization_level}",
            # float64 models stay float64; by default the compiler changes their signature to float32.
            "--iree-input-demote-f64-to-f32=false",
            # Keeps the byte range of every binding visible to the schedule and to the arena planner.
            "--iree-scheduling-optimize-bindings=false",
            # With them the executables hold the line of a location that has none: four bytes that differ every time.
            "--iree-llvmcpu-debug-symbols=false",
            # Generalised matrix products, on from O2, are compiled to wrong code: magika shows it.
            "--iree-opt-generalize-matmul=false",
        )

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
        return (32 << 10, 1 << 20) if self.level == "v4" else super().cache_bytes

    def describe(self) -> str:
        """The level by its best known extension."""
        best = {"v1": "SSE2", "v2": "SSE4.2", "v3": "AVX2 and FMA", "v4": "AVX-512"}[self.level]
        return f"x86-64 processors with {', '.join((best, *self.extra))}; vectors of {self.vector_bytes} bytes"
