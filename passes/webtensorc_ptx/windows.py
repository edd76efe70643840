"""Windows that keep channels apart, channels last: depthwise convolution and pooling.

A thread folds up to four adjacent channels, loaded together, of up to four adjacent points of a row: a warp reads runs
of 512 bytes, and points share the weights and most of the columns that their windows see. Nothing is shared between
threads but through the caches, where the rows that windows have in common are.
"""

from __future__ import annotations

from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.windows import NEUTRAL, Fold

from webtensorc_ptx.assembler import Assembler, Operand
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import Finish, constant, load_floats

__all__ = ["fits", "generate"]

_THREADS = 128
_POINTS = 4
_BUSY = 512
"""Threads of a multiprocessor that hide the latency of memory; a thread has fewer points where there are too few."""
_MOST_TAPS = 64
"""Of a window: all are written out."""
_FOLDS = {"arith.addf": "add.rn.f32", "arith.maximumf": "max.NaN.f32", "arith.minimumf": "min.NaN.f32"}


def fits(problem: Convolution) -> bool:
    """Whether the window is one of planes, small enough to be written out."""
    return problem.depth == Axis() and problem.channels == problem.outputs == 1 and problem.taps <= _MOST_TAPS


def generate(problem: Convolution, fold: Fold, epilogue: Epilogue, result: str, *, multiprocessors: int) -> Kernel:
    """Image float32[batch, height, width, groups], weights float32[kh, kw, groups] where the fold multiplies.

    The result, after the epilogue, has the element type `result` (`f32`, `f16`, `bf16`).
    """
    width = next(each for each in (4, 2, 1) if problem.groups % each == 0)
    rows = problem.batch * problem.out[0] * problem.groups // width
    points = min(_POINTS, problem.out[1])
    while points > 1 and rows * -(-problem.out[1] // points) < _BUSY * multiprocessors:
        points //= 2
    threads = rows * -(-problem.out[1] // points)
    code = Assembler()
    _Writer(code, problem, fold, Finish(epilogue, problem.points, problem.groups, result), (points, width)).write()
    return Kernel(
        grid=(-(-threads // _THREADS), 1, 1),
        threads=_THREADS,
        shared_bytes=0,
        cluster=(1, 1, 1),
        operands=(1 if fold.operation else 2) + len(epilogue.operands),
        body=code.body(),
        why=f"window, {points} points of {width} channels a thread",
    )


class _Writer:
    """One kernel being written; `block` is the points and channels of a thread."""

    def __init__(
        self, code: Assembler, problem: Convolution, fold: Fold, finish: Finish, block: tuple[int, int]
    ) -> None:
        self.code, self.problem, self.fold, self.finish = code, problem, fold, finish
        self.points, self.width = block
        self.neutral = constant(NEUTRAL[fold.operation or "arith.addf"])

    def write(self) -> None:
        """All of it."""
        code, p = self.code, self.problem
        pointers = [
            code.pointer(i) for i in range((2 if self.fold.operation else 3) + len(self.finish.epilogue.operands))
        ]
        image, *others = pointers
        weights = None if self.fold.operation else others.pop(0)
        exists, (number, row, start, channel) = self._place()
        top = code.add(code.multiply(row, p.strides[0]), -p.padding[0])
        left = code.add(code.multiply(start, p.strides[1]), -p.padding[1])
        columns = self._columns(left, exists)
        first = code.add(code.multiply(code.add(code.multiply(number, p.image[0]), top), p.image[1]), left)
        corner = code.address(image, code.add(code.multiply(first, p.groups), channel), 4)
        taps = None if weights is None else code.address(weights, channel, 4)
        initial = constant(self.fold.initial)
        sums = [[code.new("f32", "mov.f32", initial) for _ in range(self.width)] for _ in range(self.points)]
        for kh in range(p.kernel[0]):
            self._row(sums, kh, self._is_inside(top, kh), columns, (corner, taps))
        point = code.add(code.multiply(code.add(code.multiply(number, p.out[0]), row), p.out[1]), start)
        for i, values in enumerate(sums):
            valid: str | None = exists
            if i and p.out[1] % self.points:
                valid = code.both(exists, code.new("pred", "setp.lt.u32", code.add(start, i), p.out[1]))
            self.finish.write(code, others[:-1], others[-1], (code.add(point, i), channel), values, valid)
        code.do("ret")

    def _place(self) -> tuple[str, tuple[Operand, Operand, Operand, Operand]]:
        """Whether there is work for this thread, and its image, row, first column and first channel of the result."""
        code, p = self.code, self.problem
        strips, vectors = -(-p.out[1] // self.points), p.groups // self.width
        block = code.multiply(code.new("b32", "mov.u32", "%ctaid.x"), _THREADS)
        index = code.add(block, code.new("b32", "mov.u32", "%tid.x"))
        exists = code.new("pred", "setp.lt.u32", index, p.batch * p.out[0] * strips * vectors)
        rest, vector = code.divide(index, vectors)
        rest, strip = code.divide(rest, strips)
        number, row = code.divide(rest, p.out[0])
        return exists, (number, row, code.multiply(strip, self.points), code.multiply(vector, self.width))

    def _columns(self, left: Operand, exists: str) -> dict[int, str]:
        """By distance from the first column that the points' windows see: whether there is one."""
        code, p = self.code, self.problem
        distances = {i * p.strides[1] + kw * p.dilations[1] for i in range(self.points) for kw in range(p.kernel[1])}
        last = p.strides[1] * (-(-p.out[1] // self.points) - 1) * self.points - p.padding[1]
        return {
            each: exists
            if p.padding[1] == 0 and last + each < p.image[1]
            else str(code.both(exists, code.new("pred", "setp.lt.u32", code.add(left, each), p.image[1])))
            for each in sorted(distances)
        }

    def _is_inside(self, top: Operand, kh: int) -> str | None:
        """Whether a row of the window is one of the image; None where all are."""
        p, down = self.problem, kh * self.problem.dilations[0]
        if p.padding[0] == 0 and (p.out[0] - 1) * p.strides[0] + down < p.image[0]:
            return None
        return self.code.new("pred", "setp.lt.u32", self.code.add(top, down), p.image[0])

    def _row(
        self, sums: list[list[str]], kh: int, inside: str | None, columns: dict[int, str], bases: tuple[str, str | None]
    ) -> None:
        """Fold one row of all points' windows into the sums; every element and weight is loaded once."""
        code, p, (corner, taps) = self.code, self.problem, bases
        down = kh * p.dilations[0] * p.image[1]
        seen = {}
        for distance, exists in columns.items():
            address = f"{corner}+{(down + distance) * p.groups * 4}"
            seen[distance] = self._loaded(address, code.both(exists, inside), self.neutral)
        for kw in range(p.kernel[1]):
            weights = None
            if taps is not None:
                weights = self._loaded(f"{taps}+{(kh * p.kernel[1] + kw) * p.groups * 4}", None, None)
            for i, total in enumerate(sums):
                values = seen[i * p.strides[1] + kw * p.dilations[1]]
                for n, (sum_, value) in enumerate(zip(total, values, strict=True)):
                    if weights is None:
                        code.do(_FOLDS[str(self.fold.operation)], sum_, sum_, value)
                    else:
                        code.do("fma.rn.f32", sum_, value, weights[n], sum_)

    def _loaded(self, address: str, when: str | None, otherwise: str | None) -> list[str]:
        """Adjacent channels at an address; the neutral element where there are none."""
        values = [self.code.register("f32") for _ in range(self.width)]
        if otherwise is not None and when is not None:
            for each in values:
                self.code.do("mov.f32", each, otherwise)
        with self.code.when(when):
            load_floats(self.code, values, address)
        return values
