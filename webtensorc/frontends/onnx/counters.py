"""Conditions of loops over as many trips as an expression of open dimensions says: whether they hold in all of them.

Exporters of TensorFlow's recurrences state the number of trips and compare counters with it as well. What is collected
has as many slices as there are trips only if the condition never ends the loop before. A counter is an expression of
dimensions plus a multiple of the trip's number; over the trips, a difference of two such is least at one of the ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend import core

from webtensorc.frontends.onnx import extents, symbolic, trips
from webtensorc.frontends.onnx.values import Value, is_known

Line = tuple[Any, Any]
"""The value before the first trip and what a trip adds to it: numbers or expressions of dimensions."""

_SAME = {"broadcast_in_dim", "convert_element_type", "copy", "reshape", "squeeze"}
"""Operations that leave a number as it is; one of integers of up to 24 bits in float32 as well."""

_ROOMS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": lambda a, b: b - a - 1,
    "le": lambda a, b: b - a,
    "gt": lambda a, b: a - b - 1,
    "ge": lambda a, b: a - b,
}
"""What is not negative if a comparison of whole numbers holds."""


def always(count: Any, start: Sequence[Value], trip: Callable[..., tuple[jax.Array, list[jax.Array]]]) -> bool:
    """Whether each of `count` trips but the last is followed by another for certain.

    Args:
        count: an expression of open dimensions.
        start, trip: as in `trips.number_of_trips`.
    """
    jaxpr = trips.traced(start, trip).jaxpr
    makers = {each: equation for equation in jaxpr.eqns for each in equation.outvars}
    lines: dict[Any, Line | None] = {jaxpr.invars[0]: (0, 1)}
    outputs = jaxpr.outvars[1:]
    for variable, begin, after in zip(jaxpr.invars[1:], start, outputs, strict=True):
        lines[variable] = _carried(variable, begin, after, makers)
    return all(_holds(part, count, makers, lines) for part in trips.conjuncts(jaxpr))


def _carried(variable: Any, begin: Value, after: Any, makers: Mapping[Any, Any]) -> Line | None:
    """A value that every trip leaves as it is, or adds the same number to."""
    first = _whole(begin)
    moved = None if first is None else _line(after, makers, {variable: (0, 0)})
    if moved is None or after not in ({variable} | makers.keys()) or not _reads(after, variable, makers):
        return None
    return first, moved[0]


def _reads(value: Any, variable: Any, makers: Mapping[Any, Any]) -> bool:
    """Whether a sum has a variable among its terms, once."""
    if not isinstance(value, core.Var):
        return False
    equation = makers.get(value)
    if equation is None:
        return value is variable
    terms = equation.invars if equation.primitive.name in (*_SAME, "add") else []
    return sum(_reads(each, variable, makers) for each in terms) == 1


def _holds(part: Any, count: Any, makers: Mapping[Any, Any], lines: Mapping[Any, Line | None]) -> bool:
    if isinstance(part, core.Literal):
        return bool(part.val)
    equation = makers.get(part)
    if equation is None or equation.primitive.name not in _ROOMS:
        return False
    left, right = (_line(each, makers, lines) for each in equation.invars)
    if left is None or right is None:
        return False
    room = _ROOMS[equation.primitive.name]
    slope = right[1] - left[1] if equation.primitive.name in ("lt", "le") else left[1] - right[1]
    least = room(left[0], right[0])
    return _is_at_least_0(least if slope >= 0 else least + slope * (count - 2))


def _is_at_least_0(size: Any) -> bool:
    try:
        return bool(symbolic.decided(size) >= 0)
    except jax.errors.InconclusiveDimensionOperation:
        return False


def _line(value: Any, makers: Mapping[Any, Any], lines: Mapping[Any, Line | None]) -> Line | None:
    """A value of a trip as a line, if it is one with a whole slope."""
    if isinstance(value, core.Literal):
        whole = _whole(np.asarray(value.val))
        return None if whole is None else (whole, 0)
    if value in lines or value not in makers:
        return lines.get(value)
    equation = makers[value]
    name = equation.primitive.name
    if name == "dim_as_value":
        return equation.params["dim"], 0
    terms = [_line(each, makers, lines) for each in equation.invars]
    if value.aval.size != 1 or None in terms:
        return None
    if name in _SAME or (name in ("concatenate", "stack") and len(terms) == 1):
        return terms[0]
    if name in ("add", "sub"):
        sign = 1 if name == "add" else -1
        (a, b), (c, d) = (each for each in terms if each is not None)
        return a + sign * c, b + sign * d
    return None


def _whole(value: Value) -> Any:
    """A scalar as a number or an expression, if it is a whole one that is known."""
    if isinstance(value, extents.Extents):
        return None if value.counts or value.size != 1 else value.elements.ravel()[0]
    if value is None or not is_known(value) or np.size(value) != 1 or np.asarray(value).dtype.kind not in "iuf":
        return None
    number = np.asarray(value).item()
    return int(number) if number == int(number) else None
