"""How a convolution of bytes on tiles goes through its window: in steps, over parts of the image (see `tiled`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from webtensorc_kernels import tiles
from webtensorc_kernels.code import Code, Index
from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import TOGETHER

__all__ = ["Parts", "Steps", "plan"]

_WORDS = tiles.BYTES // TOGETHER
"""Of a row of a tile."""
_MOST_TAPS = 64
"""Each is written out."""


@dataclass(frozen=True)
class Steps:
    """How a run of adjacent bytes of the image, one for each tap of the window, is divided into steps.

    Attributes:
        taps: places of the window, in rows and in pixels, that a run begins at.
        run: bytes of a run.
        width: bytes of a step.
        count: steps of a run; if they are more than a run together, the last one begins earlier.
    """

    taps: tuple[tuple[int, int], ...]
    run: int
    width: int
    count: int

    @property
    def overlap(self) -> int:
        """Bytes that the last step has in common with the one before."""
        return self.count * self.width - self.run

    @classmethod
    def of(cls, problem: Convolution) -> Steps:
        """The fewest."""
        rows, columns = map(range, problem.kernel)
        taps = tuple(product(rows, columns))
        each = cls(taps, problem.channels, *_divided(problem.channels))
        if problem.strides[1] != 1 or problem.dilations[1] != 1 or problem.kernel[1] == 1:
            return each
        lines = tuple((kh, 0) for kh in rows)
        run = problem.kernel[1] * problem.channels
        whole = cls(lines, run, *_divided(run))
        better = not whole.overlap and len(lines) * whole.count < len(taps) * each.count
        return whole if better else each


def _divided(run: int) -> tuple[int, int]:
    """Width and count of steps: equal ones where that takes no more of them than it must."""
    words = run // TOGETHER
    count = -(-words // _WORDS)
    return (run // count, count) if words % count == 0 else (tiles.BYTES, count)


def plan(problem: Convolution, machine: Machine) -> Steps | None:
    """The steps; None if the machine has no tiles, or the problem none of their form."""
    if not machine.tiles or not problem.packed or problem.groups > 1 or problem.depth != Axis():
        return None
    steps = Steps.of(problem.flat())
    return steps if len(steps.taps) <= _MOST_TAPS else None


@dataclass(frozen=True)
class Parts:
    """One dimension of the image by remainders of its places, so that a step of the result is one place of a part.

    Attributes:
        axis: the dimension.
        used: the remainders that taps have.
        beyond: places that the last window of a part has behind its first one.
    """

    axis: Axis
    used: tuple[int, ...]
    beyond: int

    @classmethod
    def of(cls, axis: Axis) -> Parts:
        """The parts that the window's taps are in."""
        used = sorted({k * axis.dilation % axis.stride for k in range(axis.kernel)})
        return cls(axis, tuple(used), (axis.kernel - 1) * axis.dilation // axis.stride)

    def tap(self, number: int) -> tuple[int, int]:
        """The part of a tap, and its place in it."""
        place, remainder = divmod(number * self.axis.dilation, self.axis.stride)
        return self.used.index(remainder), place

    def inside(self, code: Code, remainder: int, first: Index, count: Index) -> tuple[Index, Index]:
        """Of `count` places of a part from the result's `first` on, the range that is inside the image."""
        step = self.axis.stride
        start = code.add(code.multiply(first, step), remainder - self.axis.padding)
        low = code.quotient(code.larger(0, code.subtract(step - 1, start)), step)
        high = code.quotient(code.larger(0, code.subtract(self.axis.image + step - 1, start)), step)
        low = code.smaller(low, count)
        return low, code.larger(low, code.smaller(high, count))
