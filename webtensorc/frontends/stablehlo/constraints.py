"""The constraints of an export's symbolic scope (`jax.export.SymbolicScope`), which its shape assertions state.

A module says "Input shapes do not match the symbolic shape constraint a>=8. Expected 'a - 8' to be greater or equal to
0, but found {0}." The quoted expression is JAX's normal form; it is read here, as bounds and divisors of one dimension
where it is such a one, and else as a constraint that the loader checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds, evaluate

from webtensorc.errors import UsageError
from webtensorc.frontends.stablehlo.inline import nested

_STATED = re.compile(r"symbolic shape constraint .*?\. Expected '(.*?)' to be (greater or )?equal to 0,")
_LEAST = re.compile(r"Expected value >= (\d+) for dimension variable '(.*?)'")
_LINEAR = re.compile(r"(- ?)?(\d+\*)?[^\W\d]\w*( [+-] \d+)?")
_MULTIPLE = re.compile(
    r"mod\((?P<name>[^\W\d]\w*), (?P<step>\d+)\)|(?P<by>\d+)\*floordiv\((?P<of>[^\W\d]\w*), (?P=by)\) - (?P=of)"
)


def read(
    function: Any, dims: Sequence[Bounds], sizes: Mapping[str, int], file: str | None
) -> tuple[tuple[Bounds, ...], tuple[Constraint, ...]]:
    """The bounds `dims` narrowed by the constraints, and the constraints that are no bounds.

    Args:
        function: the module's entry function, its assertions still in it.
        dims: the open dimensions.
        sizes: of the others; what several of these must keep together is checked elsewhere.
        file: for messages.

    Raises:
        UsageError: no size keeps both the constraints and `dims`, or one of `sizes` is less than its variable's least.
    """
    _check_least(function, sizes, file)
    if not dims:
        return (), ()
    found = {each.name: each for each in dims}
    left: list[Constraint] = []
    for constraint in _stated(function):
        constraint = constraint.at(sizes)
        if not constraint.names():
            continue
        name = constraint.names()[0]
        narrowed = _narrowed(found[name], constraint, file)
        if narrowed is None:
            left.append(constraint)
        else:
            found[name] = narrowed
    return tuple(found.values()), tuple(dict.fromkeys(left))


def _check_least(function: Any, sizes: Mapping[str, int], file: str | None) -> None:
    """Before sizes are carried through a module: for those that it is not made for there may be operations that are
    not valid, or remainders of divisions by zero, which end the process when they are folded.
    """
    for least, name in filter(None, map(_least, _messages(function))):
        if sizes.get(name, least) < least:
            message = f"dimension `{name}` cannot be {sizes[name]}: the model was exported for sizes from {least} on"
            raise UsageError(message, file=file, doing="pinning dimensions")


def _least(message: str) -> tuple[int, str] | None:
    found = _LEAST.search(message)
    return (int(found[1]), found[2]) if found else None


def _messages(function: Any) -> list[str]:
    calls = [each for each in nested(function.operation) if each.name == "stablehlo.custom_call"]
    return [str(each.attributes["error_message"].value) for each in calls if "error_message" in each.attributes]


def _stated(function: Any) -> list[Constraint]:
    found = filter(None, map(_STATED.search, _messages(function)))
    return [Constraint(each[1], ">=" if each[2] else "==") for each in found]


def _narrowed(bounds: Bounds, constraint: Constraint, file: str | None) -> Bounds | None:
    """The bounds that keep the constraint, or None where it is more than bounds of this one dimension."""
    multiple = _MULTIPLE.fullmatch(constraint.expression)
    try:
        if constraint.relation == "==" and multiple:
            return bounds.within(step=int(multiple["step"] or multiple["by"]))
        if constraint.relation == ">=" and _LINEAR.fullmatch(constraint.expression):
            offset, at_one = (evaluate(constraint.expression, {bounds.name: size}) for size in (0, 1))
            slope = at_one - offset
            return bounds.within(least=-(offset // slope)) if slope > 0 else bounds.within(most=offset // -slope)
    except ValueError:
        raise UsageError(f"dimension `{bounds.name}` cannot be {bounds.range}: {constraint}", file=file) from None
    return None
