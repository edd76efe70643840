"""PTX text under construction: typed virtual registers, labels, one instruction after the other."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Assembler", "Operand", "single"]

Operand = str | int
"""A register's name, or a number."""

_LETTERS = {"pred": "p", "b16": "h", "b32": "r", "b64": "d", "f32": "f"}


class Assembler:
    """The body of one kernel. Registers are many: `ptxas` allocates the real ones."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._registers: Counter[str] = Counter()
        self._labels = 0
        self._guard = ""

    def register(self, kind: str) -> str:
        """A new register of type `pred`, `b16`, `b32`, `b64` or `f32`."""
        number = self._registers[kind]
        self._registers[kind] += 1
        return f"%{_LETTERS[kind]}{number}"

    def do(self, operation: str, *operands: Operand) -> None:
        """Write an instruction."""
        text = ", ".join(map(str, operands))
        self._lines.append(f"  {self._guard}{operation}{' ' if text else ''}{text};")

    def new(self, kind: str, operation: str, *operands: Operand) -> str:
        """Write an instruction that gives a new register, and return that."""
        result = self.register(kind)
        self.do(operation, result, *operands)
        return result

    @contextmanager
    def when(self, predicate: str | None) -> Iterator[None]:
        """Guard the instructions within by a predicate; None always holds."""
        before, self._guard = self._guard, f"@{predicate} " if predicate else ""
        yield
        self._guard = before

    def label(self) -> str:
        """A new label, to be placed once."""
        self._labels += 1
        return f"$L{self._labels}"

    def place(self, label: str) -> None:
        """Put a label here."""
        self._lines.append(f"{label}:")

    # The arithmetic of indices; numbers known now are folded.

    def add(self, a: Operand, b: Operand) -> Operand:
        """a + b in 32 bits."""
        if isinstance(a, int):
            a, b = b, a
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        return a if b == 0 else self.new("b32", "add.s32", a, b)

    def multiply(self, a: Operand, b: int) -> Operand:
        """a * b in 32 bits."""
        if isinstance(a, int):
            return a * b
        if b == 0:
            return 0
        if b > 0 and b & (b - 1) == 0:
            return a if b == 1 else self.new("b32", "shl.b32", a, b.bit_length() - 1)
        return self.new("b32", "mul.lo.s32", a, b)

    def divide(self, a: Operand, b: int) -> tuple[Operand, Operand]:
        """Quotient and remainder of an unsigned number by a constant."""
        if isinstance(a, int):
            return divmod(a, b)
        if b == 1:
            return a, 0
        if b & (b - 1) == 0:
            return self.new("b32", "shr.u32", a, b.bit_length() - 1), self.new("b32", "and.b32", a, b - 1)
        quotient = self.new("b32", "div.u32", a, b)
        return quotient, self.new("b32", "sub.s32", a, self.multiply(quotient, b))

    def both(self, *predicates: str | None) -> str | None:
        """Whether all hold; None stands for what always does."""
        found = [each for each in predicates if each is not None]
        if not found:
            return None
        result = found[0]
        for each in found[1:]:
            result = self.new("pred", "and.pred", result, each)
        return result

    def address(self, base: str, index: Operand, size: int) -> str:
        """The 64-bit address of element `index` (signed) behind `base`."""
        if isinstance(index, int):
            return base if index == 0 else self.new("b64", "add.s64", base, index * size)
        return self.new("b64", "mad.wide.s32", index, size, base)

    def pointer(self, number: int) -> str:
        """The global address that the kernel's parameter `number` is."""
        return self.new("b64", "cvta.to.global.u64", self.new("b64", "ld.param.u64", f"[p{number}]"))

    def body(self) -> str:
        """Declarations and instructions."""
        declared = [f"  .reg .{kind} %{_LETTERS[kind]}<{count}>;" for kind, count in self._registers.items()]
        return "\n".join([*declared, *self._lines])


def single(value: float) -> str:
    """A float32 literal."""
    return f"0f{struct.unpack('>I', struct.pack('>f', value))[0]:08X}"
