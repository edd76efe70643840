"""Quotients of sizes in one way of writing, so that JAX sees which are the same number.

Strides leave chains of quotients, each in the words of the operator that it comes from: ceil((x - 2) / 2) of a slice is
`- floordiv(- x + 2, 2)`, and the same size of a convolution `floordiv(x - 1, 2)`. In one way of writing a quotient of a
quotient is one, the numerator begins with a positive coefficient, and none is larger than half of the divisor:

    floordiv(floordiv(a, m) + b, n) = floordiv(a + m*b, m*n)
    floordiv(-a, n) = -floordiv(a + n - 1, n)
    floordiv(n*a + b, n) = a + floordiv(b, n)
    floordiv(g*a + b, g*n) = floordiv(a + floordiv(b, g), n), for numbers b and g
    floordiv(a, n) - floordiv(a, 2*n) = floordiv(a + n, 2*n)
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Iterable
from typing import Any

from jax import export

_ONE = ()

Sum = dict[tuple[str, ...], int]
"""Coefficients by what they are multiplied with: names, quotients and other calls, in order; `_ONE` is nothing."""


def identities(sizes: Iterable[Any]) -> tuple[str, ...]:
    """`quotient == sum`, for each quotient in some sizes that is not written in the one way.

    Of quotients in each other only the inner ones are told: those around them change with them.
    """
    writer = _Writer()
    for size in sizes:
        writer.sum(_parsed(size))
    return tuple(writer.found)


def flattened(size: Any) -> Any:
    """A size in the one way of writing.

    JAX's search for bounds takes twice as long for each quotient that is inside of another, or longer.
    """
    if str(size).count("floordiv") < 2:
        return size
    written = _text(_Writer().sum(_parsed(size))).replace("**", "^")
    return export.symbolic_shape(written, scope=size.scope)[0]


class _Writer:
    """What has been found, and the numerator and the divisor of each quotient that is written in the one way."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self.quotients: dict[str, tuple[Sum, int]] = {}

    def sum(self, node: ast.expr) -> Sum:
        """An expression, its quotients in the one way of writing."""
        match node:
            case ast.Constant(value=int(number)):
                return _plus({_ONE: number})
            case ast.UnaryOp(operand=operand):
                return _times({_ONE: -1}, self.sum(operand))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._halved(_plus(self.sum(left), self.sum(right)))
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return self._halved(_plus(self.sum(left), _times({_ONE: -1}, self.sum(right))))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return _times(self.sum(left), self.sum(right))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))):
                return functools.reduce(_times, [self.sum(left)] * power, {_ONE: 1})
            case ast.Call(func=ast.Name(id="floordiv"), args=[numerator, ast.Constant(value=int(divisor))]):
                return self._quotient(node, numerator, divisor)
        return {(ast.unparse(node),): 1}

    def _halved(self, terms: Sum) -> Sum:
        """The sum with the larger half of a number in place of the number without its smaller half.

        So filling up to an even size, `a + a mod 2`, halved is what a stride of two leaves.
        """
        for key, times in terms.items():
            numerator, divisor = self.quotients.get(key[0], ({}, 1)) if len(key) == 1 else ({}, 1)
            if divisor % 2 or numerator.get(_ONE, 0) >= divisor // 2:
                continue
            whole = self._divided(numerator, divisor // 2)
            if all(_undoes(terms.get(each, 0), times * part) for each, part in whole.items() if each):
                larger = self._divided(_plus(numerator, {_ONE: divisor // 2}), divisor)
                smaller = _plus(whole, _times({_ONE: -1}, larger))
                self.found[f"{key[0]} == {_text(smaller)}"] = None
                return self._halved(_plus(terms, {key: -times}, _times({_ONE: times}, smaller)))
        return terms

    def _quotient(self, node: ast.expr, numerator: ast.expr, divisor: int) -> Sum:
        before = len(self.found)
        given = self.sum(numerator)
        result = self._divided(given, divisor)
        if len(self.found) == before and result != {(_call(given, divisor),): 1}:
            self.found[f"{ast.unparse(node)} == {_text(result)}"] = None
        return result

    def _divided(self, numerator: Sum, divisor: int) -> Sum:
        inner = [
            key for key, times in numerator.items() if abs(times) == 1 and len(key) == 1 and key[0] in self.quotients
        ]
        if len(inner) == 1:
            above, below = self.quotients[inner[0][0]]
            rest = _times({_ONE: below}, {key: times for key, times in numerator.items() if key != inner[0]})
            if numerator[inner[0]] < 0:
                above, rest = _times({_ONE: -1}, above), _plus(rest, {_ONE: below - 1})
            return self._divided(_plus(above, rest), below * divisor)
        whole = _plus({key: _nearest(times, divisor) if key else times // divisor for key, times in numerator.items()})
        left = _plus(numerator, _times({_ONE: -divisor}, whole))
        if (leading := min(left.keys() - {_ONE}, default=None)) and left[leading] < 0:
            turned = _plus(_times({_ONE: -1}, left), {_ONE: divisor - 1})
            return _plus(whole, _times({_ONE: -1}, self._divided(turned, divisor)))
        common = math.gcd(divisor, *(times for key, times in left.items() if key))
        left, divisor = _plus({key: times // common for key, times in left.items()}), divisor // common
        if divisor == 1 or not left.keys() - {_ONE}:
            return _plus(whole, left if divisor == 1 else {})
        name = _call(left, divisor)
        self.quotients[name] = left, divisor
        return _plus(whole, {(name,): 1})


def _parsed(size: Any) -> ast.expr:
    return ast.parse(str(size).replace("^", "**"), mode="eval").body


def _plus(*sums: Sum) -> Sum:
    keys = sorted({key for each in sums for key in each})
    added = {key: sum(each.get(key, 0) for each in sums) for key in keys}
    return {key: times for key, times in added.items() if times}


def _times(a: Sum, b: Sum) -> Sum:
    products = [{tuple(sorted(one + other)): m * n} for one, m in a.items() for other, n in b.items()]
    return _plus(*products)


def _undoes(times: int, other: int) -> bool:
    """Whether the other number is taken from one that is at least as large."""
    return times * other < 0 and abs(other) <= abs(times)


def _nearest(times: int, divisor: int) -> int:
    """What leaves the smallest remainder, the positive one of two."""
    return -((divisor - 2 * times) // (2 * divisor))


def _call(numerator: Sum, divisor: int) -> str:
    return f"floordiv({_text(numerator)}, {divisor})"


def _text(terms: Sum) -> str:
    return " + ".join("*".join((str(times), *key)) for key, times in terms.items()) or "0"
