"""Numbers that are only moved: picked by an index, exchanged between two dimensions, or padded.

    y[a, n, d] = x[a, index[n], d]                                   (ONNX Gather, opset 13)
    y[a, c, b, d] = x[a, b, c, d]                                    (ONNX Transpose, opset 13)
    y[a, i, j] = x[a, i - above, j - left], or a number outside      (ONNX Pad, opset 13)

Rows are written one behind the other, and read from wherever they are: to write at large powers of two from each other
would put all of them into the same few lines of the first-level cache. Where single numbers are picked, vectors are
gathered, by indices that are read once for some rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webtensorc_kernels import interleave
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.interleave import Transposition
from webtensorc_kernels.machine import Machine

__all__ = ["Exchange", "Padding", "Pick", "generate", "lanes"]

_FEWEST = 4
"""Lanes of a vector that is worth its code."""
_ABREAST = 4
"""Vectors of a row that are loaded before they are stored."""
_ROWS = 16
"""Rows that indices are read once for."""
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
    """`count` of `extent` rows of each of `lead` tables float32[extent, row], by indices of type `index`, clamped."""

    lead: int
    count: int
    extent: int
    row: int
    index: str

    @property
    def rows(self) -> int:
        """The number of rows of the result."""
        return self.lead * self.count


@dataclass(frozen=True)
class Padding:
    """`lead` tables float32[height, width] between `value`, a typed number: so much above, below, left and right."""

    lead: int
    height: int
    width: int
    above: int
    below: int
    left: int
    right: int
    value: str

    @property
    def tall(self) -> int:
        """Rows of a table of the result."""
        return self.above + self.height + self.below

    @property
    def rows(self) -> int:
        """The number of rows of the result."""
        return self.lead * self.tall

    @property
    def row(self) -> int:
        """The length of a row of the result."""
        return self.left + self.width + self.right


def lanes(problem: Exchange | Padding | Pick | Transposition, machine: Machine) -> int | None:
    """The lanes of the vectors; None if rows are too short, and no table has a short side."""
    if isinstance(problem, Transposition):
        return interleave.lanes(problem, machine)
    adjacent = problem.width if isinstance(problem, Padding) else problem.row
    if isinstance(problem, Pick) and problem.row == 1:
        adjacent = problem.count
    count = 1 << (min(machine.lanes, adjacent).bit_length() - 1)
    return count if count >= _FEWEST else None


def generate(problem: Exchange | Padding | Pick | Transposition, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. Operands: what is moved, and the indices; one result."""
    if isinstance(problem, Transposition):
        return interleave.generate(problem, code)
    if isinstance(problem, Exchange):
        return _exchange(problem, code)
    if isinstance(problem, Padding):
        return _pad(problem, code)
    return _gather(problem, code) if problem.row == 1 else _pick(problem, code)


def _pick(problem: Pick, code: Code) -> Kernel:
    p = problem
    x, index = View("%x", (p.lead, p.extent, p.row)), View("%i", (p.count,), p.index)
    y = View("%y", (p.lead, p.count, p.row))
    groups, _ = split(first=p.rows, second=1, flops=_WORK * p.rows * p.row)

    def workgroup(where: Workgroup) -> None:
        def row(number: Index, _: list[str]) -> list[str]:
            a, n = (0, number) if p.lead == 1 else (code.quotient(number, p.count), code.remainder(number, p.count))
            at = code.smaller(code.larger(code.stored_index(index, n), 0), p.extent - 1)
            _copy(code, p.row, lambda d: code.load(x, a, at, d), lambda value, d: code.store(value, y, a, n, d))
            return []

        code.loop(*share(code, where.x, p.rows, groups), row)

    return write(code, [x, index, y], (groups, 1, 1), workgroup, flops=0, results=1, why=f"{groups} workgroups")


def _gather(problem: Pick, code: Code) -> Kernel:
    p = problem
    x, index, y = View("%x", (p.lead, p.extent)), View("%i", (p.count,), p.index), View("%y", (p.lead, p.count))
    vectors = -(-p.count // code.lanes)
    down, across = split(first=p.lead, second=vectors, flops=_WORK * p.rows)

    def workgroup(where: Workgroup) -> None:
        low, high = share(code, where.y, p.lead, down)

        def some(begin: Index, _: list[str]) -> list[str]:
            def vector(number: Index, _: list[str]) -> list[str]:
                start = code.smaller(code.multiply(number, code.lanes), p.count - code.lanes)
                places = code.places(p.extent, index, start)

                def row(a: Index, _: list[str]) -> list[str]:
                    code.store(code.gather(places, x, a), y, a, start)
                    return []

                code.loop(begin, code.smaller(high, code.add(begin, _ROWS)), row)
                return []

            code.loop(*share(code, where.x, vectors, across), vector)
            return []

        code.loop(low, high, some, step=_ROWS)

    why = f"{across} x {down} workgroups"
    return write(code, [x, index, y], (across, down, 1), workgroup, flops=0, results=1, why=why)


def _pad(problem: Padding, code: Code) -> Kernel:
    p, value = problem, code.number(problem.value)
    x, y = View("%x", (p.lead, p.height, p.width)), View("%y", (p.lead, p.tall, p.row))
    groups, _ = split(first=p.rows, second=1, flops=_WORK * p.rows * p.row)

    def workgroup(where: Workgroup) -> None:
        def row(number: Index, _: list[str]) -> list[str]:
            a, i = code.quotient(number, p.tall), code.remainder(number, p.tall)
            line = code.subtract(i, p.above)

            def inside(_: Index, __: list[str]) -> list[str]:
                for j in (*range(0, p.left, code.lanes), *range(p.row - p.right, p.row, code.lanes)):
                    code.store(value, y, a, i, min(j, p.row - code.lanes))  # what it covers of the table comes now
                _copy(
                    code,
                    p.width,
                    lambda j: code.load(x, a, line, j),
                    lambda moved, j: code.store(moved, y, a, i, code.add(j, p.left)),
                )
                return []

            def outside(_: Index, __: list[str]) -> list[str]:
                _copy(code, p.row, lambda _: value, lambda moved, j: code.store(moved, y, a, i, j))
                return []

            # Loops of one round or none.
            code.loop(code.larger(line, 0), code.smaller(code.add(line, 1), p.height), inside)
            if p.above:
                code.loop(i, code.smaller(code.add(i, 1), p.above), outside)
            if p.below:
                code.loop(code.larger(i, p.above + p.height), code.add(i, 1), outside)
            return []

        code.loop(*share(code, where.x, p.rows, groups), row)

    return write(code, [x, y], (groups, 1, 1), workgroup, flops=0, results=1, why=f"{groups} workgroups")


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
