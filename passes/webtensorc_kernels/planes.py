"""Pooling of images whose channels are planes: vectors run along the rows.

    y[n, oh, ow] = epilogue(fold over kh, kw of x[n, oh * sh + kh * dh - ph, ow * sw + kw * dw - pw])

where n is an image and a channel, and the fold is an operation like `max(sum, x)`; volumes have one more dimension.
Each row of the result is made in two steps, since the fold of a window is that of its columns' folds: the rows of the
window are folded into one line, which lies in scratch memory between neutral elements, then the columns of that line.
"""

from __future__ import annotations

from collections.abc import Callable

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.geometry import window_rows
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.windows import NEUTRAL, Fold

__all__ = ["choose", "generate"]

_LONGEST_STRIDE = 4
"""Every so many elements of a wide vector are still worth picking."""
_FEWEST_LANES = 4
_ABREAST = 8
"""Vectors of a line that are folded side by side, at most."""
_MOST_COLUMNS = 16
"""Columns of a window that are written out."""


def choose(problem: Convolution, machine: Machine) -> int | None:
    """The lanes of the vectors; None if rows are too short for them, or windows too wide or too far apart.

    `problem` has one channel and one output in one group; its images are all planes.
    """
    lanes = 1 << (min(machine.lanes, problem.image[1], problem.out[1]).bit_length() - 1)
    is_near = problem.strides[1] <= _LONGEST_STRIDE and problem.kernel[1] <= _MOST_COLUMNS
    return lanes if lanes >= min(_FEWEST_LANES, machine.lanes) and is_near else None


def generate(problem: Convolution, fold: Fold, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: image, the epilogue's; a result and scratch. `fold` has an operation."""
    return _Writer(problem, fold, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, fold: Fold, epilogue: Epilogue, code: Code) -> None:
        assert fold.operation is not None
        self.problem, self.operation, self.epilogue, self.code = problem, fold.operation, epilogue, code
        self.initial, self.neutral = fold.initial, NEUTRAL[fold.operation]
        p = problem
        self.rows = p.batch * p.depth.out * p.out[0]
        self.x = View("%x", (p.batch * p.depth.image, *p.image))
        self.y = epilogue.result(self.rows, p.out[1])
        self.operands = epilogue.views(self.rows, p.out[1])
        self.flops = self.rows * (p.image[1] * p.depth.kernel * p.kernel[0] + p.out[1] * p.kernel[1])
        self.groups, _ = split(first=self.rows, second=1, flops=2 * self.flops)
        reach = (p.out[1] - code.lanes) * p.strides[1] + (p.kernel[1] - 1) * p.dilations[1]
        width = max(p.padding[1] + p.image[1], reach + p.strides[1] * code.lanes)
        self.line = View("%line", (self.groups, width))

    def kernel(self) -> Kernel:
        """The finished kernel."""
        flops = self.flops + self.epilogue.flops * self.rows * self.problem.out[1]
        why = f"rows of planes by vectors of {self.code.lanes}, {self.groups} workgroups"
        views = [self.x, *self.operands, self.y, self.line]
        return write(self.code, views, (self.groups, 1, 1), self._workgroup, flops=flops, results=2, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        code = self.code

        def fill(at: Index) -> None:
            code.store(code.number(self.neutral), self.line, where.x, at)

        self._vectors(self.line.shape[1], fill)

        def row(number: Index, _: list[str]) -> list[str]:
            self._fold_rows(number, where.x)
            self._vectors(self.problem.out[1], lambda at: self._fold_columns(number, where.x, at))
            return []

        code.loop(*share(code, where.x, self.rows, self.groups), row)

    def _vectors(self, extent: int, body: Callable[[Index], None]) -> None:
        """Loop over vectors; the last one ends with the extent."""
        code, lanes = self.code, self.code.lanes

        def vector(number: Index, _: list[str]) -> list[str]:
            body(code.smaller(code.multiply(number, lanes), extent - lanes))
            return []

        code.loop(0, -(-extent // lanes), vector)

    def _fold_rows(self, number: Index, group: Index) -> None:
        """Fold the rows of the window whose result is row `number` of all, into the line."""
        code, p, lanes = self.code, self.problem, self.code.lanes
        abreast = min(_ABREAST, p.image[1] // lanes)
        at = code.quotient(number, p.out[0]), code.remainder(number, p.out[0])

        def columns(n: Index, _: list[str]) -> list[str]:
            start = code.smaller(code.multiply(n, abreast * lanes), p.image[1] - abreast * lanes)
            places = [code.add(start, i * lanes) for i in range(abreast)]

            def fold(line: tuple[Index, Index], _: Index, values: list[str]) -> list[str]:
                loaded = (code.load(self.x, *line, place) for place in places)
                return [self._step(*pair) for pair in zip(values, loaded, strict=True)]

            values = window_rows(code, p, at, fold, [code.number(self.neutral)] * abreast)
            for place, value in zip(places, values, strict=True):
                code.store(value, self.line, group, code.add(place, p.padding[1]))
            return []

        code.loop(0, -(-p.image[1] // (abreast * lanes)), columns)

    def _fold_columns(self, number: Index, group: Index, at: Index) -> None:
        """Fold the columns of the windows of a vector of results, of which the first is at `at`."""
        code, p = self.code, self.problem
        value = code.number(self.initial)
        for kw in range(p.kernel[1]):
            place = code.add(code.multiply(at, p.strides[1]), kw * p.dilations[1])
            value = self._step(value, code.load_every(p.strides[1], self.line, group, place))
        finish(code, self.epilogue, Block((number,), 1, (at,)), [value], self.operands, self.y)

    def _step(self, value: str, element: str) -> str:
        return self.code.apply(self.operation, (value, element), "", ("f32",) * 3)
