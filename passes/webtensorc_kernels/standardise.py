"""Rows of zero mean and unit variance, or of unit mean square: what normalisations do before they scale.

    y[r, n] = epilogue((x[r, n] - m[r]) / sqrt(mean over n of (x[r, n] - m[r])^2 + e))

where m is the mean of the row (ONNX LayerNormalization, opset 17; also of groups and instances) or zero (RMS-
Normalization, opset 23). A row stays in the first-level cache while it is gone through: for its mean, for the mean
square of what is left of it, and for the result. Some vectors are summed side by side, since each sum waits for the one
before; that also keeps the error of long sums small.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Rows", "generate", "lanes"]

_ABREAST = 4
"""Vectors of a row that are summed side by side."""
_WORK = 12
"""Arithmetic operations that an element is worth."""


@dataclass(frozen=True)
class Rows:
    """`rows` of `length` float32; `epsilon` is added to the mean square, and `centred` rows lose their mean."""

    rows: int
    length: int
    epsilon: float
    centred: bool = True


def lanes(length: int, machine: Machine) -> int:
    """The lanes of the vectors for rows of `length`, at least 1."""
    return 1 << (min(machine.lanes, length).bit_length() - 1)


def generate(problem: Rows, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. Operands: the rows, the epilogue's; one result."""
    return _Writer(problem, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Rows, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.epilogue, self.code = problem, epilogue, code
        p = problem
        self.x, self.y = View("%x", (p.rows, p.length)), epilogue.result(p.rows, p.length)
        self.operands = epilogue.views(p.rows, p.length)
        self.whole = p.length - p.length % code.lanes
        self.groups, _ = split(first=p.rows, second=1, flops=_WORK * p.rows * p.length)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p = self.problem
        flops = (7 if p.centred else 3) * p.rows * p.length + self.epilogue.flops * p.rows * p.length
        why = f"rows by vectors of {self.code.lanes}, {self.groups} workgroups"
        views = [self.x, *self.operands, self.y]
        return write(self.code, views, (self.groups, 1, 1), self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        def row(number: Index, _: list[str]) -> list[str]:
            mean = self._mean(number, lambda value, sum_: self.code.plus(sum_, value)) if self.problem.centred else None
            self._store(number, mean, self._inverse(number, mean))
            return []

        self.code.loop(*share(self.code, where.x, self.problem.rows, self.groups), row)

    def _inverse(self, row: Index, mean: str | None) -> str:
        """One over the root of the mean square, in every lane."""
        code = self.code

        def square(value: str, sum_: str) -> str:
            left = value if mean is None else code.minus(value, mean)
            return code.multiply_add(left, left, sum_)

        variance = code.plus(self._mean(row, square), code.number(f"{self.problem.epsilon:.16e} : f32"))
        root = code.apply("math.sqrt", (variance,), "", ("f32",) * 2)
        return code.apply("arith.divf", (code.number("1.0 : f32"), root), "", ("f32",) * 3)

    def _mean(self, row: Index, add: Callable[[str, str], str]) -> str:
        """The sum of what `add` makes of a row's vectors, over its length, in every lane."""
        code, step = self.code, _ABREAST * self.code.lanes
        even, rest = self.whole - self.whole % step, self.problem.length - self.whole

        def together(n: Index, sums: list[str]) -> list[str]:
            return [add(code.load(self.x, row, code.add(n, i * code.lanes)), each) for i, each in enumerate(sums)]

        sums = code.loop(0, even, together, [code.zero()] * _ABREAST, step=step)
        sums[:1] = code.loop(
            even, self.whole, lambda n, one: [add(code.load(self.x, row, n), one[0])], sums[:1], step=code.lanes
        )
        if rest:
            last = add(code.load(self.x, row, self.problem.length - code.lanes), code.zero())
            sums.append(code.last_lanes(last, rest))
        total = code.across("add", functools.reduce(code.plus, sums))
        length = code.number(f"{float(self.problem.length)} : f32")
        return code.apply("arith.divf", (total, length), "", ("f32",) * 3)

    def _store(self, row: Index, mean: str | None, inverse: str) -> None:
        code = self.code

        def vector(number: Index, _: list[str]) -> list[str]:
            at = code.smaller(code.multiply(number, code.lanes), self.problem.length - code.lanes)
            value = code.load(self.x, row, at)
            left = value if mean is None else code.minus(value, mean)
            block = Block((row,), 1, (at,))
            finish(code, self.epilogue, block, [code.product(left, inverse)], self.operands, self.y)
            return []

        code.loop(0, -(-self.problem.length // code.lanes), vector)
