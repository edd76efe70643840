"""Sizes known only when a model is called: expressions of named dimensions, and their values. Standard library only.

A dimension of an input or output is a number, a name (`batch`), or an expression of names as JAX writes it (`2*batch`,
`seq + 1`, `floordiv(width, 2)`, `mod`, `max`, `min`). Every name can be told from the inputs' sizes.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from types import MappingProxyType

from webtensorc_runtime.errors import UsageError

Dim = int | str
"""A size, or an expression of names."""

UNKNOWN = "_"
"""A dimension of an output that only the model itself knows; it counts as no name."""

_MOST_POWER = 16

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Pow: lambda a, b: a**b,
}
_CALLS: dict[str, Callable[..., int]] = {
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "max": max,
    "min": min,
}


@dataclass(frozen=True)
class Bounds:
    """A named dimension and the sizes it may have: the multiples of `step` from `least` to `most`, both included.

    `most` is None where there is no upper end.
    """

    name: str
    least: int = 1
    most: int | None = None
    step: int = 1

    def __contains__(self, size: int) -> bool:
        return self.least <= size and (self.most is None or size <= self.most) and size % self.step == 0

    @property
    def range(self) -> str:
        """`1..512`, or `1..` without an upper end, or `32..1280:32` for multiples of 32."""
        ends = f"{self.least}..{'' if self.most is None else self.most}"
        return ends if self.step == 1 else f"{ends}:{self.step}"

    def within(self, least: int = 1, most: int | None = None, step: int = 1) -> Bounds:
        """Those of these sizes that are within other bounds, too; both ends are such sizes.

        Raises:
            ValueError: there are none.
        """
        ends = [end for end in (self.most, most) if end is not None]
        step = lcm(self.step, step)
        low = -(-max(self.least, least) // step) * step
        high = min(ends) // step * step if ends else None
        made = Bounds(self.name, low, high, step)
        if high is not None and high < low:
            raise ValueError(f"there are none of {Bounds('', least, most, step).range} in {self.range}")
        return made

    def __str__(self) -> str:
        return f"{self.name}={self.range}"


@functools.cache
def _parsed(expression: str) -> ast.expr:
    try:
        node = ast.parse(expression.replace("^", "**"), mode="eval").body  # which binds as a power does
        _check(node)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        raise ValueError(f"{expression!r} is no dimension") from None
    return node


def _check(node: ast.expr) -> None:
    match node:
        case ast.Constant(value=int()) | ast.Name():
            return
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))) if 0 <= power <= _MOST_POWER:
            _check(left)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            _check(left)
            _check(right)
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in _CALLS:
            _check(left)
            _check(right)
        case _:
            raise ValueError("not in the grammar")


def evaluate(dim: Dim, sizes: Mapping[str, int]) -> int:
    """The size of a dimension.

    Raises:
        ValueError: not an expression of this grammar, or one without a value.
        KeyError: a name that has no size.
    """
    if isinstance(dim, int):
        return dim
    try:
        return _value(_parsed(dim), sizes)
    except ZeroDivisionError:
        raise ValueError(f"{dim!r} divides by zero") from None


def _value(node: ast.expr, sizes: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return sizes[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, sizes)
        case ast.BinOp(left=left, op=operator, right=right):
            return _BINARY[type(operator)](_value(left, sizes), _value(right, sizes))
        case ast.Call(func=ast.Name(id=name), args=[left, right]):
            return _CALLS[name](_value(left, sizes), _value(right, sizes))
    raise AssertionError("`_check` let it pass")


def substitute(dim: Dim, sizes: Mapping[str, int]) -> Dim:
    """A dimension with sizes for some of its names."""
    if isinstance(dim, int) or not set(names([dim])) & sizes.keys():
        return dim
    if set(names([dim])) <= sizes.keys():
        return evaluate(dim, sizes)
    return str(renamed(dim, {name: str(size) for name, size in sizes.items()}))


def renamed(dim: Dim, expressions: Mapping[str, str]) -> Dim:
    """A dimension with expressions, or numbers, for some of its names."""
    if isinstance(dim, int) or dim in expressions:
        return dim if isinstance(dim, int) else expressions[dim]
    simple = {name: text if text.isalnum() else f"({text})" for name, text in expressions.items()}
    return re.sub(r"[^\W\d]\w*", lambda name: simple.get(name[0], name[0]), dim)


def names(dims: Iterable[Dim]) -> list[str]:
    """The names in some dimensions, each once, in order."""
    found = [
        node.id
        for dim in dims
        if isinstance(dim, str)
        for node in ast.walk(_parsed(dim))
        if isinstance(node, ast.Name) and node.id not in (*_CALLS, UNKNOWN)
    ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Place:
    """One dimension of one input; `declared` is what the model's file has for it, if that is something else."""

    input: str
    axis: int
    dim: Dim
    declared: Dim | None = None

    def __str__(self) -> str:
        return f"dimension {self.axis} of input `{self.input}`"

    @property
    def ties(self) -> tuple[str, ...]:
        """A sentence where it is another than the file says."""
        if self.declared in (None, self.dim):
            return ()
        return (f"the file calls {self} `{self.declared}`; the graph demands that it is `{self.dim}`",)


def places(
    inputs: Iterable[tuple[str, Sequence[Dim]]], declared: Mapping[str, Sequence[Dim]] = MappingProxyType({})
) -> tuple[Place, ...]:
    """Every dimension of some inputs, in an order in which each has at most one name that those before do not tell.

    `declared` has shapes as they are in the model's file, by the names of inputs where they are others.

    Raises:
        ValueError: there is no such order.
    """
    left = [
        Place(name, axis, dim, written)
        for name, shape in inputs
        for axis, (dim, written) in enumerate(zip(shape, declared.get(name, shape), strict=True))
    ]
    left.sort(key=lambda place: isinstance(place.dim, str) and not place.dim.isidentifier())
    ordered: list[Place] = []
    known: set[str] = set()
    while left:
        following = next((place for place in left if len(set(names([place.dim])) - known) <= 1), None)
        if following is None:
            raise ValueError(f"the sizes of the inputs do not tell the names in {', '.join(map(str, left))}")
        left.remove(following)
        ordered.append(following)
        known.update(names([following.dim]))
    return tuple(ordered)


def solve(
    found: Sequence[Place],
    sizes: Sequence[int],
    bounds: Mapping[str, Bounds],
    special: Mapping[str, Collection[int]] = MappingProxyType({}),
) -> dict[str, int]:
    """The sizes of all names, from the sizes at all places; `special` ones are well outside of bounds, too.

    Raises:
        UsageError: a size that is not the model's, contradicts another, or lies outside of its bounds.
    """
    solved: dict[str, int] = {}
    origins: dict[str, Place] = {}
    for place, size in zip(found, sizes, strict=True):
        open_names = [name for name in names([place.dim]) if name not in solved]
        if len(open_names) == 1:
            name = open_names[0]
            value = _solution(place, name, size, solved)
            if value not in bounds[name] and value not in special.get(name, ()):
                raise _outside(place, name, value, size, bounds[name])
            solved[name], origins[name] = value, place
        wanted = evaluate(place.dim, solved)
        if wanted != size:
            raise _contradiction(place, size, wanted, solved, origins)
    return solved


def _solution(place: Place, name: str, size: int, solved: Mapping[str, int]) -> int:
    """The value of `name`, in which the expression is linear."""
    if place.dim == name:
        return size
    offset = evaluate(place.dim, {**solved, name: 0})
    factor = evaluate(place.dim, {**solved, name: 1}) - offset
    if not factor or (size - offset) % factor:
        raise UsageError(f"{place} is `{place.dim}` and cannot be {size}", doing="calling the model")
    return (size - offset) // factor


def _outside(place: Place, name: str, value: int, size: int, bounds: Bounds) -> UsageError:
    message = f"dimension `{name}` of input `{place.input}` is {value}, outside of its bounds {bounds.range}"
    if value % bounds.step:
        message = (
            f"{message.partition(',')[0]}, but must be a multiple of {bounds.step} within its bounds {bounds.range}"
        )
    notes = (f"{place} is `{place.dim}`, here {size}",) if place.dim != name else ()
    return UsageError(message, doing="calling the model", notes=notes)


def _contradiction(
    place: Place, size: int, wanted: int, solved: Mapping[str, int], origins: Mapping[str, Place]
) -> UsageError:
    if isinstance(place.dim, int):
        return UsageError(f"{place} is {wanted}, not {size}", doing="calling the model", notes=place.ties)
    known = [name for name in names([place.dim]) if name in origins]
    notes = (*place.ties, *(f"`{name}` is {solved[name]} by {origins[name]}" for name in known))
    message = f"{place} is `{place.dim}`, which is {wanted} here, not {size}"
    if place.dim in solved:
        name = place.declared if isinstance(place.declared, str) else place.dim
        message = f"dimension `{name}` of input `{place.input}` is {size}, but {wanted} in an input before"
    return UsageError(message, doing="calling the model", notes=notes)
