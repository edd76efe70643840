"""Windows that keep channels apart, channels last: depthwise convolution and pooling.

    y[n, oh, ow, c] = epilogue(fold over kh, kw of x[n, oh * sh + kh * dh - ph, ow * sw + kw * dw - pw, c])

where the fold is `sum + x * w[kh, kw, c]` or an operation like `max(sum, x)`; volumes have one more dimension. Vectors
run along the channels, and a tile is some adjacent points of a row, which share most of what they load. Padding is the
neutral element of the fold, so it is left out: tiles that touch it are written on their own, and the loop over kh has
bounds that depend on the row. The last tile, of points as of channels, begins earlier where the extent is no multiple.
"""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, is_inside, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.geometry import tile_runs, window_rows
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["NEUTRAL", "Fold", "choose", "generate"]

NEUTRAL = {
    "arith.addf": "0.000000e+00 : f32",
    "arith.maximumf": "0xFF800000 : f32",
    "arith.minimumf": "0x7F800000 : f32",
    "arith.maxsi": "-128 : i8",
    "arith.maxui": "0 : i8",
}
"""Operations that fold a window, and what changes nothing."""

_MAX_CODE = 1500
"""Folding operations written out in one kernel, at most."""


@dataclass(frozen=True)
class Fold:
    """How a window becomes a number.

    Attributes:
        initial: what it begins with, a typed number (`0.0 : f32`), of the type that the image has.
        operation: an operation of `arith` on the result so far and an element; None to add the product with a weight.
        planes: whether channels are planes, each of them an image of one channel (see the module `planes`).
    """

    initial: str
    operation: str | None = None
    planes: bool = False

    @property
    def element(self) -> str:
        """The element type of the image and of what a window becomes."""
        return self.initial.rpartition(" : ")[2]


@dataclass(frozen=True)
class Strip:
    """What stays in registers: `points` adjacent points of a row by one vector of `lanes` channels."""

    points: int
    lanes: int


def choose(problem: Convolution, fold: Fold, machine: Machine) -> Strip | None:
    """The longest strip that the registers hold, in equal parts of a row; None if even one point is too much code.

    `problem` has one channel and one output per group; its groups are the channels.
    """
    widest = machine.lanes * 4 // View("", (), fold.element).bytes
    lanes = 1 << (min(widest, problem.groups).bit_length() - 1)
    width = problem.out[1]
    most = min(width, 8, machine.registers - 4 - problem.kernel[1])
    for points in range(max(1, most), 0, -1):
        if points > 1 and -(-width // points) == -(-width // (points - 1)):
            continue  # a shorter strip does it in as many steps
        starts = tile_starts(width, points)
        variants = 1 + sum(not is_inside(problem, start, points) for start in starts)
        if variants * points * problem.kernel[1] <= _MAX_CODE:
            return Strip(points, lanes)
    return None


def generate(problem: Convolution, strip: Strip, fold: Fold, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: image, weights if there are any, the epilogue's; one result."""
    return _Writer(problem, strip, fold, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, strip: Strip, fold: Fold, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.strip, self.fold, self.epilogue, self.code = problem, strip, fold, epilogue, code
        p = problem
        self.x = View("%x", (p.batch * p.depth.image, *p.image, p.groups), fold.element)
        self.w = View("%w", (p.depth.kernel * p.kernel[0], p.kernel[1], p.groups))
        self.y = epilogue.result(p.points, p.groups)
        self.operands = epilogue.views(p.points, p.groups)
        self.starts = tile_starts(p.out[1], strip.points)
        self.images = p.batch * p.depth.out

    def kernel(self) -> Kernel:
        p = self.problem
        rows = self.images * p.out[0]
        steps = p.points * p.groups * p.taps * 2
        flops = steps + self.epilogue.flops * p.points * p.groups
        down, _ = split(first=rows, second=1, flops=steps)
        weights = [] if self.fold.operation else [self.w]
        views = [self.x, *weights, *self.operands, self.y]
        why = f"{self.strip.points} points of {self.strip.lanes} channels, {down} workgroups"

        def body(where: Workgroup) -> None:
            self.code.loop(*share(self.code, where.x, rows, down), self._row)

        return write(self.code, views, (down, 1, 1), body, flops=flops, results=1, why=why)

    def _row(self, number: Index, _: list[str]) -> list[str]:
        code, p, points = self.code, self.problem, self.strip.points
        image = code.quotient(number, p.out[0]) if self.images > 1 else 0
        oh = code.remainder(number, p.out[0]) if self.images > 1 else number
        for run in tile_runs(p, self.starts, points):

            def tile(number: Index, _: list[str], column: int | None = run.column) -> list[str]:
                start = code.smaller(code.multiply(number, points), p.out[1] - points) if column is None else column
                self._tile(image, oh, start, column)
                return []

            code.loop(run.first, run.beyond, tile)
        return []

    def _tile(self, image: Index, oh: Index, start: Index, column: int | None) -> None:
        code, p, lanes = self.code, self.problem, self.strip.lanes
        left = code.subtract(code.multiply(start, p.strides[1]), p.padding[1])
        pixel = code.add(code.multiply(code.add(code.multiply(image, p.out[0]), oh), p.out[1]), start)

        def channels(number: Index, _: list[str]) -> list[str]:
            channel = code.smaller(code.multiply(number, lanes), p.groups - lanes)

            def window_row(line: tuple[Index, Index], row: Index, values: list[str]) -> list[str]:
                return self._fold_row((*line, left), row, channel, column, values)

            initial = [code.number(self.fold.initial)] * self.strip.points
            values = window_rows(code, p, (image, oh), window_row, initial, self.fold.element)
            block = Block((pixel,), self.strip.points, (channel,))
            finish(code, self.epilogue, block, values, self.operands, self.y)
            return []

        code.loop(0, -(-p.groups // lanes), channels)

    def _fold_row(
        self, at: tuple[Index, Index, Index], row: Index, channel: Index, column: int | None, values: list[str]
    ) -> list[str]:
        """Fold one row of the window into the points' values; each element of the image is loaded once."""
        code, p = self.code, self.problem
        image, line, left = at
        loaded: dict[int, str] = {}
        values = list(values)
        ranges = [
            (0, p.kernel[1]) if column is None else p.columns_inside(column + i) for i in range(self.strip.points)
        ]
        for kw in range(p.kernel[1]):
            weight = None if self.fold.operation else code.load(self.w, row, kw, channel)
            for i, (low, high) in enumerate(ranges):
                if not low <= kw < high:
                    continue
                offset = i * p.strides[1] + kw * p.dilations[1]
                if offset not in loaded:
                    loaded[offset] = code.load(self.x, image, line, code.add(left, offset), channel)
                values[i] = self._step(values[i], loaded[offset], weight)
        return values

    def _step(self, value: str, element: str, weight: str | None) -> str:
        if weight is not None:
            return self.code.multiply_add(element, weight, value)
        assert self.fold.operation is not None
        return self.code.apply(self.fold.operation, (value, element), "", (self.fold.element,) * 3)
