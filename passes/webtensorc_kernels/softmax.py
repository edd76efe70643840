"""Softmax over the last axis, and its logarithm.

    y[r, n] = exp(x[r, n] - max x[r]) / sum over m of exp(x[r, m] - max x[r])          (ONNX Softmax, opset 13)
    y[r, n] = x[r, n] - max x[r] - log(sum over m of exp(x[r, m] - max x[r]))          (ONNX LogSoftmax, opset 13)

The sum of a row is as many sums as a vector has lanes, added up in the end: of a thousand terms each lane has some
sixty, whose rounding errors are a fraction of those of one long sum (N. J. Higham: The accuracy of floating point
summation, 1993, section 3). A row that the registers hold is read once; of a longer one some vectors are folded side by
side, since each fold waits for the one before. A NaN may be lost in the maximum, but not in the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Softmax", "generate", "lanes"]

_WORK = 20
"""Arithmetic operations for an element."""
_ABREAST = 4
"""Vectors of a long row that are folded side by side."""
_SHORT = 16
"""Vectors of a row that stays in registers, at most."""


@dataclass(frozen=True)
class Softmax:
    """Of `rows` x `length` float32.

    Attributes:
        logarithm: whether the result is the logarithm.
        reciprocal: whether to divide may be to multiply by the reciprocal of the sum.
    """

    rows: int
    length: int
    logarithm: bool = False
    reciprocal: bool = True


def lanes(length: int, machine: Machine) -> int:
    """The lanes of the vectors for rows of `length`, at least 1."""
    return 1 << (min(machine.lanes, length).bit_length() - 1)


def generate(problem: Softmax, code: Code) -> Kernel:
    """Write the kernel into `code`, made for those `lanes`. One operand, float32[rows, length], one result."""
    return _Writer(problem, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Softmax, code: Code) -> None:
        self.problem, self.code = problem, code
        shape = problem.rows, problem.length
        self.x, self.y = View("%x", shape), View("%y", shape)
        self.whole = problem.length - problem.length % code.lanes
        self.groups, _ = split(first=problem.rows, second=1, flops=_WORK * problem.rows * problem.length)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        p = self.problem
        why = f"vectors of {self.code.lanes}, {self.groups} workgroups"
        flops = 5 * p.rows * p.length
        grid = (self.groups, 1, 1)
        return write(self.code, [self.x, self.y], grid, self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        is_short = self.whole // self.code.lanes <= min(_SHORT, self.code.registers // 2)

        def row(number: Index, _: list[str]) -> list[str]:
            (self._short if is_short else self._long)(number)
            return []

        self.code.loop(*share(self.code, where.x, self.problem.rows, self.groups), row)

    @property
    def _last(self) -> int:
        """Where the vector begins that ends with the row."""
        return self.problem.length - self.code.lanes

    @property
    def _rest(self) -> int:
        """Elements behind the last whole vector."""
        return self.problem.length - self.whole

    def _short(self, row: Index) -> None:
        """A row that is loaded once."""
        code, starts = self.code, [*range(0, self.whole, self.code.lanes), *([self._last] if self._rest else [])]
        loaded = [code.load(self.x, row, start) for start in starts]
        top = code.across("maximumf", _tree(code.greater, loaded))
        shifted = [code.minus(each, top) for each in loaded]
        powers = [code.exponential_below(each) for each in shifted]
        terms = [*powers[:-1], code.last_lanes(powers[-1], self._rest)] if self._rest else powers
        finish = self._finish(code.across("add", _tree(code.plus, terms)))
        for start, value in zip(starts, shifted if self.problem.logarithm else powers, strict=True):
            code.store(finish(value), self.y, row, start)

    def _long(self, row: Index) -> None:
        """A row that is gone through three times."""
        code = self.code
        largest = code.load(self.x, row, self._last)

        def fold(n: Index, found: str) -> str:
            return code.greater(code.load(self.x, row, n), found)

        top = code.across("maximumf", _tree(code.greater, self._abreast(fold, largest)))

        def term(n: Index) -> str:
            shifted = code.minus(code.load(self.x, row, n), top)
            power = code.exponential_below(shifted)
            code.store(shifted if self.problem.logarithm else power, self.y, row, n)
            return power

        sums = self._abreast(lambda n, total: code.plus(total, term(n)), code.zero())
        if self._rest:
            sums.append(code.last_lanes(term(self._last), self._rest))
        self._again(row, self._finish(code.across("add", _tree(code.plus, sums))))

    def _abreast(self, fold: Callable[[Index, str], str], initial: str) -> list[str]:
        """Fold the whole vectors of a row, each of `_ABREAST` neighbours into a value of its own."""
        code, step = self.code, _ABREAST * self.code.lanes
        even = self.whole - self.whole % step

        def together(n: Index, found: list[str]) -> list[str]:
            return [fold(code.add(n, i * code.lanes), each) for i, each in enumerate(found)]

        found = code.loop(0, even, together, [initial] * _ABREAST, step=step)
        found[:1] = code.loop(even, self.whole, lambda n, one: [fold(n, one[0])], found[:1], step=code.lanes)
        return found

    def _again(self, row: Index, finish: Callable[[str], str]) -> None:
        """Finish what has been stored."""
        code = self.code

        def step(n: Index, _: list[str]) -> list[str]:
            code.store(finish(code.load(self.y, row, n)), self.y, row, n)
            return []

        last = finish(code.load(self.y, row, self._last)) if self._rest else None  # before some of it is finished
        code.loop(0, self.whole, step, step=code.lanes)
        if last is not None:
            code.store(last, self.y, row, self._last)

    def _finish(self, total: str) -> Callable[[str], str]:
        """What becomes of an exponential, or of its argument for the logarithm, once their sum is known."""
        code = self.code
        if self.problem.logarithm:
            logarithm = code.apply("math.log", (total,), "", ("f32",) * 2)
            return lambda value: code.minus(value, logarithm)
        if self.problem.reciprocal:
            inverse = code.apply("arith.divf", (code.number("1.0 : f32"), total), "", ("f32",) * 3)
            return lambda value: code.product(value, inverse)
        return lambda value: code.apply("arith.divf", (value, total), "", ("f32",) * 3)


def _tree(fold: Callable[[str, str], str], values: Sequence[str]) -> str:
    """All of them, folded pair by pair."""
    while len(values) > 1:
        pairs = [fold(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = [*pairs, *values[len(pairs) * 2 :]]
    return values[0]
