"""Which pixels of an image a point of a convolution's result is made of: one for each tap of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View
from webtensorc_kernels.convolution import Convolution

__all__ = ["Pixel", "Pixels"]


@dataclass(frozen=True)
class Pixel:
    """A pixel's number among those of all images; where a condition does not hold, another's, as there is none."""

    number: Index
    conditions: tuple[str, ...] = ()

    def only(self, code: Code, vector: str) -> str:
        """What was loaded from it, or zeros if there is none."""
        for each in self.conditions:
            vector = code.zero_unless(each, vector)
        return vector


@dataclass(frozen=True)
class Pixels:
    """The pixels of a convolution of planes in one group."""

    problem: Convolution

    @property
    def image(self) -> View:
        """All images, a row for each pixel."""
        p = self.problem
        return View("%x", (p.batch * p.image[0] * p.image[1], p.channels))

    def of(self, code: Code, point: Index) -> Callable[[Index], Pixel]:
        """That of each tap, by its number, for a point of the result."""
        p = self.problem
        if p.is_product:
            return lambda tap: Pixel(point)
        inside = code.remainder(point, p.out[0] * p.out[1])
        above = code.multiply(code.quotient(point, p.out[0] * p.out[1]), p.image[0])
        first = code.quotient(inside, p.out[1]), code.remainder(inside, p.out[1])

        def pixel(tap: Index) -> Pixel:
            numbers = code.quotient(tap, p.kernel[1]), code.remainder(tap, p.kernel[1])
            conditions, place = [], []
            for axis, start, number in zip((p.rows, p.columns), first, numbers, strict=True):
                at = code.subtract(code.multiply(start, axis.stride), axis.padding)
                at = code.add(at, code.multiply(number, axis.dilation))
                if axis.padding or axis.reaches_beyond:
                    conditions.append(code.is_below(at, axis.image))
                    at = code.smaller(code.larger(at, 0), axis.image - 1)
                place.append(at)
            row = code.multiply(code.add(above, place[0]), p.image[1])
            return Pixel(code.add(row, place[1]), tuple(conditions))

        return pixel
