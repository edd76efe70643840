"""Tables with a short side, transposed: a few rows become one of all in turns, or one row becomes a few.

    y[a, i, j] = x[a, j, i]                                          (ONNX Transpose, opset 13)

The channels of an image that are shuffled (X. Zhang et al.: ShuffleNet, 2018), pixels that become channels, and images
of three colours whose channels come last are such tables. Vectors lie along the long side: as many as the short side is
long are loaded, and each that is stored takes some lanes of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Transposition", "generate", "lanes"]

_SHORT = range(2, 9)
"""Lengths of a short side: each vector stored takes as many permutations less one."""
_FEWEST_LANES = 4
_FEWEST = 1024
"""Elements that are worth a dispatch of their own."""
_WORK = 12
"""Arithmetic operations that a number is worth, as for `copies`."""


@dataclass(frozen=True)
class Transposition:
    """`lead` tables of float32[first, second] become [second, first]."""

    lead: int
    first: int
    second: int

    @property
    def short(self) -> int:
        """The length of the short side."""
        return min(self.first, self.second)

    @property
    def long(self) -> int:
        """The length of the other one."""
        return max(self.first, self.second)


def lanes(problem: Transposition, machine: Machine) -> int | None:
    """The lanes of the vectors; None if no side is short, or both are, or it is all over at once."""
    count = 1 << (min(machine.lanes, problem.long).bit_length() - 1)
    is_worth_it = problem.lead * problem.first * problem.second >= _FEWEST
    return count if problem.short in _SHORT and count >= _FEWEST_LANES and is_worth_it else None


def generate(problem: Transposition, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. Operand: the tables; one result."""
    p, wide, few = problem, code.lanes, problem.short
    weaves = p.first == few
    apart, woven = (p.lead, few, p.long), (p.lead, p.long * few)
    x, y = View("%x", apart if weaves else woven), View("%y", woven if weaves else apart)
    vectors = -(-p.long // wide)
    down, across = split(first=p.lead, second=vectors, flops=_WORK * p.lead * p.first * p.second)

    def some(table: Index, start: Index) -> None:
        rows = [(table, j, start) for j in range(few)]
        runs = [(table, code.add(code.multiply(start, few), k * wide)) for k in range(few)]
        loaded = [code.load(x, *at) for at in (rows if weaves else runs)]
        for k, at in enumerate(runs if weaves else rows):
            if weaves:  # element i of a run is that of row i % few
                places = [(k * wide + i) % few * wide + (k * wide + i) // few for i in range(wide)]
            else:
                places = [i * few + k for i in range(wide)]
            code.store(code.picked(loaded, places), y, *at)

    def workgroup(where: Workgroup) -> None:
        def table(number: Index, _: list[str]) -> list[str]:
            def vector(n: Index, _: list[str]) -> list[str]:
                some(number, code.smaller(code.multiply(n, wide), p.long - wide))
                return []

            code.loop(*share(code, where.x, vectors, across), vector)
            return []

        code.loop(*share(code, where.y, p.lead, down), table)

    why = f"{few} vectors of {wide} in turns, {across} x {down} workgroups"
    return write(code, [x, y], (across, down, 1), workgroup, flops=0, results=1, why=why)
