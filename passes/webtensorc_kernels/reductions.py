"""Sums, maxima and minima along one dimension of three: `y[a, c] = epilogue(fold over b of x[a, b, c])`.

Where the dimension is the last one, a row is folded by some vectors side by side, then across their lanes. Else some
rows together are folded into the results so far, which stay in the first-level cache: each of these rows is read from
one end to the other, as processors foresee it, and results are loaded and stored once for all of them. Both ways sum up
several numbers before they meet the rest, which keeps the error of long sums small.
"""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["FOLDS", "Reduction", "generate", "lanes"]

FOLDS = {"arith.addf": "add", "arith.maximumf": "maximumf", "arith.minimumf": "minimumf"}
"""The operations, and their names for the fold of a vector's lanes."""
_FEWEST = 4
"""Lanes of a vector that is worth its code."""
_TOGETHER = 8
"""Vectors of a row, or rows, that are folded before they meet the result so far."""
_NEAR = 128
"""Vectors of results that stay in the first-level cache."""
_WORK = 12
"""Arithmetic operations that an element is worth: most of the time it is waited for."""


@dataclass(frozen=True)
class Reduction:
    """Of float32[outer, length, inner] along the middle, by an operation of `FOLDS`."""

    outer: int
    length: int
    inner: int
    operation: str


def lanes(problem: Reduction, machine: Machine) -> int | None:
    """The lanes of the vectors; None if too few elements are adjacent, or nothing is folded."""
    adjacent = problem.length if problem.inner == 1 else problem.inner
    count = 1 << (min(machine.lanes, adjacent).bit_length() - 1)
    return count if count >= _FEWEST and problem.length > 1 else None


def generate(problem: Reduction, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. One result.

    Operands: x, then the epilogue's, of which each is one number.
    """
    return _Writer(problem, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Reduction, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.epilogue, self.code = problem, epilogue, code
        p = problem
        self.x, self.y = (
            View("%x", (p.outer, p.length, p.inner) if p.inner > 1 else (p.outer, p.length)),
            View("%y", (p.outer, p.inner)),
        )
        self.operands = epilogue.views(p.outer, p.inner)
        self.vectors = p.inner // code.lanes
        work = _WORK * p.outer * p.length * p.inner
        self.outer, self.inner = split(first=p.outer, second=max(1, self.vectors), flops=work)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, grid = self.problem, (self.inner, self.outer, 1)
        way = "rows" if p.inner == 1 else "columns"
        why = f"{way} by vectors of {self.code.lanes}, {self.inner} x {self.outer} workgroups"
        flops = p.outer * p.inner * (p.length + self.epilogue.flops)
        return write(
            self.code, [self.x, *self.operands, self.y], grid, self._workgroup, flops=flops, results=1, why=why
        )

    def _workgroup(self, where: Workgroup) -> None:
        def one(number: Index, _: list[str]) -> list[str]:
            if self.problem.inner == 1:
                self._row(number)
            else:
                self._columns(number, where.x)
            return []

        self.code.loop(*share(self.code, where.y, self.problem.outer, self.outer), one)

    def _fold(self, a: str, b: str) -> str:
        return self.code.apply(self.problem.operation, (a, b), "", ("f32",) * 3)

    def _finish(self, value: str, row: Index) -> str:
        return self.epilogue.emit(self.code, value, Place(row, 0), self.operands)

    def _row(self, row: Index) -> None:
        """Elements that follow each other in memory."""
        code, length = self.code, self.problem.length
        whole = length - length % code.lanes
        abreast = min(_TOGETHER, whole // code.lanes)
        step = abreast * code.lanes

        def load(n: Index) -> str:
            return code.load(self.x, row, n)

        def together(n: Index, found: list[str]) -> list[str]:
            return [self._fold(each, load(code.add(n, i * code.lanes))) for i, each in enumerate(found)]

        even = whole - whole % step
        found = code.loop(step, even, together, [load(i * code.lanes) for i in range(abreast)], step=step)
        for i, n in enumerate(range(even, whole, code.lanes)):
            found[i] = self._fold(found[i], load(n))
        if rest := length - whole:
            last = load(length - code.lanes)  # what it has in common with the vector before it does not change extremes
            is_sum = self.problem.operation == "arith.addf"
            found[-1] = self._fold(found[-1], code.last_lanes(last, rest) if is_sum else last)
        total = code.across(FOLDS[self.problem.operation], self._tree(found))
        code.store_first(self._finish(total, row), self.y, row, 0)

    def _columns(self, number: Index, group: Index) -> None:
        """A workgroup's share of the results of one outer index."""
        code = self.code
        low, high = share(code, group, self.vectors, self.inner)

        def chunk(start: Index, _: list[str]) -> list[str]:
            self._chunk(number, start, code.smaller(code.add(start, _NEAR), high))
            return []

        def last(_: Index, __: list[str]) -> list[str]:
            self._last(number)
            return []

        code.loop(low, high, chunk, step=_NEAR)
        if self.problem.inner % code.lanes:  # by whom the vector before is written, when that is done
            code.loop(self.vectors, code.add(high, 1), last)

    def _chunk(self, number: Index, start: Index, stop: Index) -> None:
        """All rows, some together, of some vectors of results."""
        code, length = self.code, self.problem.length
        first = min(_TOGETHER, length)
        last = (length - first) % _TOGETHER or min(_TOGETHER, length - first)

        def rows(at: Index, count: int) -> None:
            def vector(v: Index, _: list[str]) -> list[str]:
                column = code.multiply(v, code.lanes)
                value = self._tree([code.load(self.x, number, code.add(at, i), column) for i in range(count)])
                if at != 0:
                    value = self._fold(code.load(self.y, number, column), value)
                is_last = isinstance(at, int) and at + count == length
                code.store(self._finish(value, number) if is_last else value, self.y, number, column)
                return []

            code.loop(start, stop, vector)

        def block(at: Index, _: list[str]) -> list[str]:
            rows(at, _TOGETHER)
            return []

        rows(0, first)
        code.loop(first, length - last, block, step=_TOGETHER)
        if last:
            rows(length - last, last)

    def _last(self, number: Index) -> None:
        """The vector that ends with the results, which the one before it overlaps."""
        code, column = self.code, self.problem.inner - self.code.lanes

        def row(n: Index, found: list[str]) -> list[str]:
            return [self._fold(found[0], code.load(self.x, number, n, column))]

        (found,) = code.loop(1, self.problem.length, row, [code.load(self.x, number, 0, column)])
        code.store(self._finish(found, number), self.y, number, column)

    def _tree(self, values: list[str]) -> str:
        """All of them, folded pair by pair."""
        while len(values) > 1:
            pairs = [self._fold(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
            values = [*pairs, *values[len(pairs) * 2 :]]
        return values[0]
