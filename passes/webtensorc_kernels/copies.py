"""Rows of adjacent numbers, moved: picked from a table by an index, or exchanged between two dimensions.

    y[n, d] = table[index[n], d]                                     (ONNX Gather along the first axis, opset 13)
    y[a, c, b, d] = x[a, b, c, d]                                    (ONNX Transpose, opset 13)

Rows are written one behind the other, and read from wherever they are: to write at large powers of two from each other
would put all of them into the same few lines of the first-level cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Exchange", "Pick", "generate", "lanes"]

_FEWEST = 4
"""Lanes of a vector that is worth its code."""
_ABREAST = 4
"""Vectors of a row that are loaded before they are stored."""
_WORK = 12
"""Arithmetic operations that a number is worth: most of the time it is waited for."""


@dataclass(frozen=True)
class Exchange:
    """`lead` tables of float32[first, second, row] become [second, first, row]."""

    lead: int
    first: int
    second: int
    row: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.lead * self.first * self.second


@dataclass(frozen=True)
class Pick:
    """`rows` of a table float32[extent, row], by indices of type `index` that are all inside."""

    rows: int
    extent: int
    row: int
    index: str


def lanes(row: int, machine: Machine) -> int | None:
    """The lanes of the vectors; None if rows are too short."""
    count = 1 << (min(machine.lanes, row).bit_length() - 1)
    return count if count >= _FEWEST else None


def generate(problem: Exchange | Pick, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. Operands: the table, and the indices; one result."""
    return _exchange(problem, code) if isinstance(problem, Exchange) else _pick(problem, code)


def _pick(problem: Pick, code: Code) -> Kernel:
    p = problem
    x, index, y = View("%x", (p.extent, p.row)), View("%i", (p.rows,), p.index), View("%y", (p.rows, p.row))
    groups, _ = split(first=p.rows, second=1, flops=_WORK * p.rows * p.row)

    def workgroup(where: Workgroup) -> None:
        def row(n: Index, _: list[str]) -> list[str]:
            at = code.stored_index(index, n)
            _copy(code, p.row, lambda d: code.load(x, at, d), lambda value, d: code.store(value, y, n, d))
            return []

        code.loop(*share(code, where.x, p.rows, groups), row)

    return write(code, [x, index, y], (groups, 1, 1), workgroup, flops=0, results=1, why=f"{groups} workgroups")


def _exchange(problem: Exchange, code: Code) -> Kernel:
    p = problem
    x, y = View("%x", (p.lead, p.first, p.second, p.row)), View("%y", (p.lead, p.second, p.first, p.row))
    outer, inner = split(first=p.lead * p.second, second=p.first, flops=_WORK * p.rows * p.row)

    def workgroup(where: Workgroup) -> None:
        def run(number: Index, _: list[str]) -> list[str]:
            a, c = code.quotient(number, p.second), code.remainder(number, p.second)

            def row(b: Index, _: list[str]) -> list[str]:
                _copy(
                    code, p.row, lambda d: code.load(x, a, b, c, d), lambda value, d: code.store(value, y, a, c, b, d)
                )
                return []

            code.loop(*share(code, where.x, p.first, inner), row)
            return []

        code.loop(*share(code, where.y, p.lead * p.second, outer), run)

    why = f"{inner} x {outer} workgroups"
    return write(code, [x, y], (inner, outer, 1), workgroup, flops=0, results=1, why=why)


def _copy(code: Code, length: int, load: Callable[[Index], str], store: Callable[[str, Index], None]) -> None:
    """One row; its last vector ends with it, and may overlap the one before."""
    whole, step = length - length % code.lanes, _ABREAST * code.lanes

    def move(*starts: Index) -> None:
        for value, start in [(load(start), start) for start in starts]:
            store(value, start)

    def together(d: Index, _: list[str]) -> list[str]:
        move(*(code.add(d, i * code.lanes) for i in range(_ABREAST)))
        return []

    even = whole - whole % step
    code.loop(0, even, together, step=step)
    move(*range(even, whole, code.lanes), *([length - code.lanes] if length > whole else []))
