"""What the kernels' author needs to know of a processor, taken from a target's description and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc.pass_api import TargetView

__all__ = ["Machine"]

_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Machine:
    """A processor as the kernels see it.

    Attributes:
        lanes: float32 values in a vector register.
        registers: architectural vector registers.
        fused: whether a multiplication and an addition are one instruction with one rounding.
        broadcasts_from_memory: whether that instruction takes one operand as a number in memory, so that it needs no
            register of its own.
        second_level: bytes of the second-level cache of one core.
    """

    lanes: int
    registers: int
    fused: bool
    broadcasts_from_memory: bool
    second_level: int

    @classmethod
    def of(cls, target: TargetView) -> Machine | None:
        """The machine behind a target; None if it has no vector registers to write code for."""
        if target.vector_bytes < 2 * _FLOAT_BYTES:
            return None
        return cls(
            lanes=target.vector_bytes // _FLOAT_BYTES,
            registers=target.vector_registers,
            fused=target.fused_multiply_add,
            broadcasts_from_memory="avx512f" in target.features(),
            second_level=target.cache_bytes[1],
        )

    def fits(self, points: int, vectors: int) -> bool:
        """Whether a register block of `points` x `vectors` accumulators leaves room for what feeds it."""
        spare = 0 if self.broadcasts_from_memory else 1 if self.fused else 2
        return points * vectors + vectors + spare <= self.registers
