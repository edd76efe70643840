"""What the kernels' author needs to know of a processor, taken from a target's description and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from webtensorc.pass_api import Speeds, TargetView

__all__ = ["Dot", "Machine"]

_FLOAT_BYTES = 4
_SMALLEST = 16
"""Bytes of the smallest vector register."""


@dataclass(frozen=True)
class Dot:
    """How the products of four pairs of bytes are added to each lane of int32; weights are signed.

    Attributes:
        intrinsics: LLVM's names, by the number of lanes.
        unsigned: whether the other operand, the image, is unsigned.
        widened: whether it is an instruction for the sum of two products of int16, for which bytes are widened.
        lanes: whether the image may be one lane of a register: so many words of it are loaded together then.
    """

    intrinsics: tuple[tuple[int, str], ...]
    unsigned: bool
    widened: bool = False
    lanes: int = 1

    @classmethod
    def of(cls, target: TargetView) -> Dot | None:
        """The best that a target has."""
        found = (
            (_X86, {"avx512vnni", "avxvnni"}),
            (_ARM, {"dotprod"}),
            (_PAIRS, {_WIDENING.get(target.vector_bytes)}),
        )
        return next((dot for dot, any_ in found if any_ & target.features()), None)


_X86 = Dot(tuple((lanes, f"llvm.x86.avx512.vpdpbusd.{32 * lanes}") for lanes in (4, 8, 16)), unsigned=True)
_ARM = Dot(((4, "llvm.aarch64.neon.sdot.v4i32.v16i8"),), unsigned=False, lanes=4)
_PAIRS = Dot(
    ((4, "llvm.x86.sse2.pmadd.wd"), (8, "llvm.x86.avx2.pmadd.wd"), (16, "llvm.x86.avx512.pmaddw.d.512")),
    unsigned=True,
    widened=True,
)
_REGISTERS = {"avx512f": "v", "sse2": "x"}
"""LLVM's constraints on operands of inline assembly, by the feature that has such registers.

Those of NEON (`w`) are left out: loops of two rows spill there.
"""
_WIDENING = {16: "sse2", 32: "avx2", 64: "avx512bw"}
"""The feature that has it, by the size of vectors.

That for bytes, PMADDUBSW, saturates the sum of two products to 16 bits.
"""


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
        float_tiles: whether it multiplies tiles of bfloat16, with sums of float32.
        masks: whether a vector may be loaded and stored in part.
        permutes_bytes: whether one instruction permutes all bytes of a register.
        register: the letter by which inline assembly asks for a vector register; none if that is not known.
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
    float_tiles: bool = False
    masks: bool = False
    permutes_bytes: bool = False
    register: str = ""

    @classmethod
    def of(cls, target: TargetView) -> Machine | None:
        """The machine behind a target; None if it has no vector registers to write code for."""
        if target.vector_bytes < 2 * _FLOAT_BYTES:
            return None
        dot = Dot.of(target)
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
            tiles=dot is not None and not dot.widened and target.features() >= {"amx-int8", "amx-tile"},
            float_tiles=target.features() >= {"amx-bf16", "amx-tile"},
            permutes_bytes="avx512vbmi" in target.features(),
            masks=bool(target.features() & {"avx2", "avx512f"}),
            register=next((each for feature, each in _REGISTERS.items() if feature in target.features()), ""),
        )

    def fits(self, points: int, vectors: int, held: int = 0) -> bool:
        """Whether a register block of `points` x `vectors` accumulators leaves room for what feeds it.

        `held` are registers that stay filled beside it.
        """
        spare = 0 if self.broadcasts_from_memory and vectors == 1 else 1 if self.fused else 2
        return points * vectors + vectors + spare + held <= self.registers

    def turn(self, vectors: int, lanes: int) -> int:
        """Rows of weights that a round of the innermost loop multiplies by, for a block of so many vectors.

        Two make products a twentieth faster: the loop and what it fetches for later take half as much. Where each
        number of the image is multiplied by one vector, in a register, the native compiler would copy sums to others;
        and assembly can ask for registers of 16 bytes and more alone.
        """
        can = self.register and lanes * _FLOAT_BYTES >= _SMALLEST
        return 2 if can and (vectors > 1 or self.broadcasts_from_memory) else 1
