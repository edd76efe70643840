"""Softmax over the last axis.

    y[r, n] = exp(x[r, n] - max x[r]) / sum over m of exp(x[r, m] - max x[r])          (ONNX Softmax, opset 13)

The sum of a row is as many sums as a vector has lanes, added up in the end: of a thousand terms each lane has some
sixty, whose rounding errors are a fraction of those of one long sum (N. J. Higham: The accuracy of floating point
summation, 1993, section 3).
"""

from __future__ import annotations

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["generate", "lanes"]

_WORK = 20
"""Arithmetic operations for an element."""


def lanes(length: int, machine: Machine) -> int:
    """The lanes of the vectors for rows of `length`, at least 1."""
    return 1 << (min(machine.lanes, length).bit_length() - 1)


def generate(rows: int, length: int, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. One operand, float32[rows, length], one result."""
    return _Writer(rows, length, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, rows: int, length: int, code: Code) -> None:
        self.rows, self.length, self.code = rows, length, code
        self.x, self.y = View("%x", (rows, length)), View("%y", (rows, length))
        self.whole = length - length % code.lanes
        self.groups, _ = split(first=rows, second=1, flops=_WORK * rows * length)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        why = f"vectors of {self.code.lanes}, {self.groups} workgroups"
        flops = 5 * self.rows * self.length
        grid = (self.groups, 1, 1)
        return write(self.code, [self.x, self.y], grid, self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        def row(number: Index, _: list[str]) -> list[str]:
            self._quotients(number, self._exponentials(number, self._largest(number)))
            return []

        self.code.loop(*share(self.code, where.x, self.rows, self.groups), row)

    @property
    def _last(self) -> int:
        """Where the vector begins that ends with the row."""
        return self.length - self.code.lanes

    def _largest(self, row: Index) -> str:
        """The largest element, in every lane."""
        code = self.code

        def step(n: Index, found: list[str]) -> list[str]:
            return [code.apply("arith.maximumf", (found[0], code.load(self.x, row, n)), "", ("f32",) * 3)]

        found = code.loop(0, self.whole, step, [code.load(self.x, row, self._last)], step=code.lanes)
        return code.across("maximumf", found[0])

    def _exponentials(self, row: Index, largest: str) -> str:
        """Store them; their sum, in every lane."""
        code = self.code

        def exponential(n: Index) -> str:
            value = code.apply("math.exp", (code.minus(code.load(self.x, row, n), largest),), "", ("f32",) * 2)
            code.store(value, self.y, row, n)
            return value

        def step(n: Index, total: list[str]) -> list[str]:
            return [code.plus(total[0], exponential(n))]

        (total,) = code.loop(0, self.whole, step, [code.zero()], step=code.lanes)
        if self.whole < self.length:
            total = code.plus(total, code.last_lanes(exponential(self._last), self.length - self.whole))
        return code.across("add", total)

    def _quotients(self, row: Index, total: str) -> None:
        """Divide what has been stored."""
        code = self.code

        def divide(n: Index) -> str:
            return code.apply("arith.divf", (code.load(self.y, row, n), total), "", ("f32",) * 3)

        def step(n: Index, _: list[str]) -> list[str]:
            code.store(divide(n), self.y, row, n)
            return []

        last = None if self.whole == self.length else divide(self._last)  # before some of it is divided
        code.loop(0, self.whole, step, step=code.lanes)
        if last is not None:
            code.store(last, self.y, row, self._last)
