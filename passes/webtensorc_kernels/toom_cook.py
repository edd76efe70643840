"""Winograd's algorithm F(4x4, 3x3) in one dimension: its three transformations, and how much they amplify errors.

    y = A^T [ (G g) * (B^T d) ]        d: 6 elements, g: 3 weights, y: 4 results

B, G and A follow from the points at which the polynomials behind d and g are evaluated (A. L. Toom, 1963; S. A. Cook,
1966), here 0, 3/4, -3/4, 3/2, -3/2 and infinity. With the 0, 1, -1, 2, -2 that A. Lavin and S. Gray use (Fast
Algorithms for Convolutional Neural Networks, 2015, section 4.3) rounding errors are twice as large on average, and
almost four times in the last row and column of a tile; B. Barabasz et al. compare such points (Error Analysis and
Improving the Accuracy of Winograd Convolution for Deep Neural Networks, 2020). B and A are exact in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from webtensorc_kernels.code import Code

__all__ = ["error", "input_transform", "output_transform", "weight_transform"]

_RESULTS = 4
_POINTS = (0.75, 1.5)
"""Besides their negatives, 0 and infinity."""
_ROUNDINGS = 6
"""Of a sum's factors and in what becomes of the sum, in effect: fitted to errors of the kernel on random numbers."""


def input_transform(code: Code, d: Sequence[str]) -> list[str]:
    """B^T d."""
    (a, b), fma = _POINTS, code.multiply_add
    even, odd = (fma(d[i], code.number(f"{-a * a - b * b} : f32"), d[i + 2]) for i in (2, 3))
    rows = [fma(d[0], code.number(f"{a * a * b * b} : f32"), even)]
    for point, other in ((a, b), (b, a)):
        square = code.number(f"{-other * other} : f32")
        c, e = fma(d[2], square, d[4]), fma(d[1], square, d[3])
        rows += [fma(e, code.number(f"{sign * point} : f32"), c) for sign in (1, -1)]
    return [*rows, fma(d[1], code.number(f"{a * a * b * b} : f32"), odd)]


def weight_transform(code: Code, g: Sequence[str]) -> list[str]:
    """G g."""
    a, b = _POINTS
    rows = [code.times(g[0], 1 / (a * a * b * b))]
    for point, other in ((a, b), (b, a)):
        scale = 1 / (2 * point**2 * (point**2 - other**2))
        c = code.multiply_add(g[2], code.number(f"{scale * point**2} : f32"), code.times(g[0], scale))
        e = code.times(g[1], scale * point)
        rows += [code.plus(c, e), code.minus(c, e)]
    return [*rows, g[2]]


def output_transform(code: Code, m: Sequence[str]) -> list[str]:
    """A^T m."""
    (a, b), fma = _POINTS, code.multiply_add
    plus, minus = code.plus(m[1], m[2]), code.minus(m[1], m[2])
    more, less = code.plus(m[3], m[4]), code.minus(m[3], m[4])
    return [
        code.plus(code.plus(m[0], plus), more),
        fma(less, code.number(f"{b} : f32"), code.times(minus, a)),
        fma(more, code.number(f"{b * b} : f32"), code.times(plus, a * a)),
        fma(less, code.number(f"{b**3} : f32"), fma(minus, code.number(f"{a**3} : f32"), m[5])),
    ]


def error(channels: int) -> float:
    """The root mean square error to be expected, as a multiple of the direct convolution's.

    Roundings are taken to be independent, as are the elements of the image and of the weights. Summing n products one
    by one errs by u * sqrt(n / 2) of the sum, if one rounding errs by u. Here n is the number of channels, to which the
    roundings of the transformations add; for the direct convolution it is nine times that number. But the 36 sums are
    larger than the results, in which they cancel each other.
    """
    return _cancelled() * math.sqrt((channels + 2 * _ROUNDINGS) / (9 * channels))


def _cancelled() -> float:
    """How much larger than a result's, squares added up, its terms are: in two dimensions a square, of which the root.

    In one dimension the term i of result r is A_ri (B d)_i (G g)_i, and a result is the sum of three products.
    """
    points = [0.0, *(sign * point for point in _POINTS for sign in (1, -1))]
    rows = [_polynomial(points[:i] + points[i + 1 :]) for i in range(len(points))]
    squares = [0.0] * (_RESULTS - 1) + [sum(c * c for c in _polynomial(points))]  # infinity: the last result's alone
    for x, row in zip(points, rows, strict=True):
        scale = sum(c * x**n for n, c in enumerate(row))
        term = sum(c * c for c in row) * sum(x ** (2 * n) for n in range(3)) / scale**2
        squares = [square + x ** (2 * r) * term for r, square in enumerate(squares)]
    return sum(squares) / _RESULTS / 3


def _polynomial(zeros: Sequence[float]) -> list[float]:
    """Coefficients, lowest first, of the product of (t - zero)."""
    row = [1.0]
    for zero in zeros:
        row = [low - zero * high for low, high in zip([0.0, *row], [*row, 0.0], strict=True)]
    return row
