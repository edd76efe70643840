"""What the kernels' author needs to know of a processor, taken from a target's description and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from webtensorc.pass_api import Speeds, TargetView

__all__ = ["Dot", "Machine"]

_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Dot:
    """An instruction that adds the products of four pairs of bytes to each lane of int32; weights are signed.

    Attributes:
        intrinsic: LLVM's name, for a vector of so many bits.
        unsigned: whether the other operand, the image, is unsigned.
    """

    intrinsic: str
    unsigned: bool


_X86 = Dot("llvm.x86.avx512.vpdpbusd.{bits}", unsigned=True)
_DOTS = {
    "avx512vnni": _X86,
    "avxvnni": _X86,
    "dotprod": Dot("llvm.aarch64.neon.sdot.v4i32.v16i8", unsigned=False),
}
"""By the feature that has them."""


@dataclass(frozen=True)
class Machine:
    """A processor as the kernels see it.

    Attributes:
        lanes: float32 values in a vector register.
        registers: architectural vector registers.
        fused: whether a multiplication and an addition are one instruction with one rounding.
        broadcasts_from_memory: whether that instruction takes one operand as a number in memory. A number for one
            instruction needs no register of its own then; for several it is read once, into one.
        second_level: bytes of the second-level cache of one core.
        rounds: whether one instruction rounds to the nearest whole number, to even where two are.
        dot: the instruction for products of bytes, if there is one.
        first_level: bytes of the first-level data cache of one core.
        speeds: what estimates of time rest on.
        tiles: whether it has registers of 16 rows of 64 bytes and multiplies them (see `tiles`), unsigned bytes by
            signed ones; sums of weights need `dot` beside.
    """

    lanes: int
    registers: int
    fused: bool
    broadcasts_from_memory: bool
    second_level: int
    rounds: bool = False
    dot: Dot | None = None
    first_level: int = 32 << 10
    speeds: Speeds = field(default_factory=Speeds)
    tiles: bool = False

    @classmethod
    def of(cls, target: TargetView) -> Machine | None:
        """The machine behind a target; None if it has no vector registers to write code for."""
        if target.vector_bytes < 2 * _FLOAT_BYTES:
            return None
        dot = next((dot for feature, dot in _DOTS.items() if feature in target.features()), None)
        return cls(
            lanes=target.vector_bytes // _FLOAT_BYTES,
            registers=target.vector_registers,
            fused=target.fused_multiply_add,
            broadcasts_from_memory="avx512f" in target.features(),
            first_level=target.cache_bytes[0],
            second_level=target.cache_bytes[1],
            speeds=target.speeds,
            rounds=bool(target.features() & {"sse4.1", "neon"}),
            dot=dot,
            tiles=dot is not None and target.features() >= {"amx-int8", "amx-tile"},
        )

    def fits(self, points: int, vectors: int) -> bool:
        """Whether a register block of `points` x `vectors` accumulators leaves room for what feeds it."""
        spare = 0 if self.broadcasts_from_memory and vectors == 1 else 1 if self.fused else 2
        return points * vectors + vectors + spare <= self.registers
