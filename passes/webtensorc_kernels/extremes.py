"""Where along one dimension of three the first maximum or minimum is: ONNX ArgMax and ArgMin, opset 13.

    y[a, c] = the least b for which x[a, b, c] is the largest of x[a, :, c], or the first NaN if there is one

Every lane keeps the best element that it has seen and its position. Where the dimension is the last one the lanes'
results are compared in the end.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split

__all__ = ["Extreme", "generate"]

_ABREAST = 4
"""Vectors that are looked at side by side."""
_WORK = 20
"""Arithmetic operations that an element is worth."""
_BEHIND = f"{(1 << 31) - 1} : i32"
"""A position behind all."""


@dataclass(frozen=True)
class Extreme:
    """Of float32[outer, length, inner] along the middle; positions are of type `element`, `i32` or `i64`."""

    outer: int
    length: int
    inner: int
    largest: bool
    element: str


def generate(problem: Extreme, code: Code) -> Kernel:
    """Write the kernel into `code`, made for the lanes that a reduction of this shape has. One operand, one result."""
    return _Writer(problem, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Extreme, code: Code) -> None:
        self.problem, self.code = problem, code
        p = problem
        self.x = View("%x", (p.outer, p.length, p.inner) if p.inner > 1 else (p.outer, p.length))
        self.y = View("%y", (p.outer, p.inner), p.element)
        self.vectors = -(-p.inner // code.lanes)
        work = _WORK * p.outer * p.length * p.inner
        self.outer, self.inner = split(first=p.outer, second=self.vectors, flops=work)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p, grid = self.problem, (self.inner, self.outer, 1)
        why = f"vectors of {self.code.lanes}, {self.inner} x {self.outer} workgroups"
        flops = p.outer * p.length * p.inner
        return write(self.code, [self.x, self.y], grid, self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        def one(number: Index, _: list[str]) -> list[str]:
            if self.problem.inner == 1:
                self._row(number)
            else:
                self._columns(number, where.x)
            return []

        self.code.loop(*share(self.code, where.y, self.problem.outer, self.outer), one)

    def _better(self, found: list[str], value: str, position: str) -> list[str]:
        """The better one of two elements of each lane, and its position; the first one where neither is."""
        code, (best, at) = self.code, found
        beats = code.compare("ugt" if self.problem.largest else "ult", value, best)
        takes = code.both(beats, code.compare("ord", best, best))
        return [code.choose(takes, value, best), code.choose(takes, position, at, "i32")]

    def _row(self, row: Index) -> None:
        """Elements that follow each other in memory."""
        code, length = self.code, self.problem.length
        whole = length - length % code.lanes
        abreast = min(_ABREAST, whole // code.lanes)
        step = abreast * code.lanes

        def look(n: Index) -> tuple[str, str]:
            return code.load(self.x, row, n), code.positions(n, 1)

        def together(n: Index, state: list[str]) -> list[str]:
            pairs = [self._better(state[2 * i : 2 * i + 2], *look(code.add(n, i * code.lanes))) for i in range(abreast)]
            return [each for pair in pairs for each in pair]

        even = whole - whole % step
        start = [each for i in range(abreast) for each in look(i * code.lanes)]
        state = code.loop(step, even, together, start, step=step, element=("f32", "i32") * abreast)
        for i, n in enumerate([*range(even, whole, code.lanes), *([length - code.lanes] if length > whole else [])]):
            i %= abreast
            state[2 * i : 2 * i + 2] = self._better(state[2 * i : 2 * i + 2], *look(n))
        code.store_first(self._wide(self._first(state[::2], state[1::2])), self.y, row, 0)

    def _first(self, best: list[str], at: list[str]) -> str:
        """The position of the first of the best elements of all lanes, in every lane."""
        code, fold = self.code, "maximumf" if self.problem.largest else "minimumf"
        both = functools.reduce(lambda a, b: code.apply(f"arith.{fold}", (a, b), "", ("f32",) * 3), best)
        top = code.across(fold, both)  # NaN if any is, to which nothing is equal
        places = []
        for value, position in zip(best, at, strict=True):
            is_top = code.either(code.compare("oeq", value, top), code.compare("uno", value, value))
            places.append(code.choose(is_top, position, code.number(_BEHIND), "i32"))
        first = functools.reduce(lambda a, b: code.apply("arith.minsi", (a, b), "", ("i32",) * 3), places)
        return code.across("minsi", first, "i32")

    def _columns(self, number: Index, group: Index) -> None:
        """A workgroup's share of the results of one outer index; the last vector ends with them."""
        code, p = self.code, self.problem

        def vector(v: Index, _: list[str]) -> list[str]:
            column = code.smaller(code.multiply(v, code.lanes), p.inner - code.lanes)

            def row(n: Index, found: list[str]) -> list[str]:
                return self._better(found, code.load(self.x, number, n, column), code.positions(n, 0))

            start = [code.load(self.x, number, 0, column), code.positions(0, 0)]
            found = code.loop(1, p.length, row, start, element=("f32", "i32"))
            code.store(self._wide(found[1]), self.y, number, column)
            return []

        code.loop(*share(code, group, self.vectors, self.inner), vector)

    def _wide(self, positions: str) -> str:
        if self.problem.element == "i32":
            return positions
        return self.code.apply("arith.extsi", (positions,), "", ("i32", "i64"))
