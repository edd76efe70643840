"""Winograd's algorithms F(2x2, 3x3) and F(4x4, 3x3) in one dimension: transformations, and how they amplify errors.

    y = A^T [ (G g) * (B^T d) ]        d: 4 or 6 elements, g: 3 weights, y: 2 or 4 results

B, G and A follow from the points at which the polynomials behind d and g are evaluated (A. L. Toom, 1963; S. A. Cook,
1966): 0, infinity, and p and -p for each of some p. Two results need 1; for four, 3/4 and 3/2 are taken. With the 1 and
2 of A. Lavin and S. Gray (Fast Algorithms for Convolutional Neural Networks, 2015, section 4.3) rounding errors are
twice as large on average, and almost four times in the last row and column of a tile; B. Barabasz et al. compare such
points (Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks, 2020). B and A are
exact in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code

__all__ = ["ALGORITHMS", "ToomCook"]

_ROUNDINGS = 6
"""Of a sum's factors and in what becomes of the sum, in effect: fitted to errors of the kernel on random numbers."""


@dataclass(frozen=True)
class ToomCook:
    """The algorithm that evaluates at 0, infinity, and plus and minus each of `points`."""

    points: tuple[float, ...]

    @property
    def results(self) -> int:
        """Of a tile, in one dimension."""
        return 2 * len(self.points)

    @property
    def window(self) -> int:
        """Elements that a tile's results come from, in one dimension."""
        return self.results + 2

    @property
    def products(self) -> int:
        """Of a tile, in two dimensions."""
        return self.window**2

    @property
    def saving(self) -> float:
        """Products of the definition for each one here."""
        return 9 * self.results**2 / self.products

    def input_transform(self, code: Code, d: Sequence[str]) -> list[str]:
        """B^T d: row x has the coefficients of all (t - point) but that of x, divided by nothing."""
        whole = _of_squares(self.points)
        rows = [_monic(code, d[:-1:2], whole)]
        for point in self.points:
            others = _of_squares([each for each in self.points if each != point])
            even, odd = _monic(code, d[2::2], others), _monic(code, d[1:-1:2], others)
            rows += [code.multiply_add(odd, code.number(f"{sign * point} : f32"), even) for sign in (1, -1)]
        return [*rows, _monic(code, d[1::2], whole)]

    def weight_transform(self, code: Code, g: Sequence[str]) -> list[str]:
        """G g: the polynomial's values, divided by what B leaves out."""
        rows = [code.times(g[0], 1 / _of_squares(self.points)[0])]
        for point in self.points:
            scale = 1 / (2 * point**2 * math.prod(point**2 - each**2 for each in self.points if each != point))
            even = code.multiply_add(g[2], code.number(f"{scale * point**2} : f32"), code.times(g[0], scale))
            odd = code.times(g[1], scale * point)
            rows += [code.plus(even, odd), code.minus(even, odd)]
        return [*rows, g[2]]

    def output_transform(self, code: Code, m: Sequence[str]) -> list[str]:
        """A^T m: result r sums the products times the r-th powers of their points."""
        pairs = [(m[1 + 2 * i], m[2 + 2 * i]) for i in range(len(self.points))]
        even, odd = [code.plus(*pair) for pair in pairs], [code.minus(*pair) for pair in pairs]
        results = []
        for r in range(self.results):
            begin = m[0] if r == 0 else m[-1] if r == self.results - 1 else None
            results.append(_weighted(code, odd if r % 2 else even, [point**r for point in self.points], begin))
        return results

    def error(self, channels: int) -> float:
        """The root mean square error to be expected, as a multiple of the direct convolution's.

        Roundings are taken to be independent, as are the elements of the image and of the weights. Summing n products
        one by one errs by u * sqrt(n / 2) of the sum, if one rounding errs by u. Here n is the number of channels, to
        which the roundings of the transformations add; for the direct convolution it is nine times that number. But
        the sums are larger than the results, in which they cancel each other.
        """
        return self._cancelled() * math.sqrt((channels + 2 * _ROUNDINGS) / (9 * channels))

    def _cancelled(self) -> float:
        """How much larger than a result's, squared, its terms are: in two dimensions a square, of which the root.

        In one dimension the term i of result r is A_ri (B d)_i (G g)_i, and a result is the sum of three products.
        """
        points = [0.0, *(sign * point for point in self.points for sign in (1, -1))]
        rows = [_polynomial(points[:i] + points[i + 1 :]) for i in range(len(points))]
        last = sum(c * c for c in _polynomial(points))  # infinity: the last result's alone
        squares = [0.0] * (self.results - 1) + [last]
        for x, row in zip(points, rows, strict=True):
            scale = sum(c * x**n for n, c in enumerate(row))
            term = sum(c * c for c in row) * sum(x ** (2 * n) for n in range(3)) / scale**2
            squares = [square + x ** (2 * r) * term for r, square in enumerate(squares)]
        return sum(squares) / self.results / 3


ALGORITHMS = {each.results: each for each in (ToomCook((1.0,)), ToomCook((0.75, 1.5)))}
"""By the results of a tile, in one dimension."""


def _weighted(code: Code, values: Sequence[str], factors: Sequence[float], total: str | None) -> str:
    """A total, or nothing, and the values times factors."""
    for value, factor in zip(values, factors, strict=True):
        if total is None:
            total = code.times(value, factor)
        elif factor == 1:
            total = code.plus(total, value)
        else:
            total = code.multiply_add(value, code.number(f"{factor} : f32"), total)
    assert total is not None
    return total


def _monic(code: Code, values: Sequence[str], factors: Sequence[float]) -> str:
    """The values times factors, of which the last is 1."""
    return _weighted(code, values[-2::-1], factors[-2::-1], values[-1])


def _of_squares(points: Sequence[float]) -> list[float]:
    """Coefficients of t^0, t^2, ...: the product of (t^2 - point^2)."""
    return _polynomial([point * point for point in points])


def _polynomial(zeros: Sequence[float]) -> list[float]:
    """Coefficients, lowest first, of the product of (t - zero)."""
    row = [1.0]
    for zero in zeros:
        row = [low - zero * high for low, high in zip([0.0, *row], [*row, 0.0], strict=True)]
    return row
