"""How far JAX may search for the bounds of a size (`jax.export`'s decisions by elimination).

The search takes all that is known of each quotient, remainder and maximum in a size, and again for what that leaves:
for some quotients in each other behind a maximum it takes hours. Far less decides what can be decided.

Nor does it take equations of a scope, with which it would take a hundred times as long: sizes are written with them
(see `quotients`), so that what they have on the left is in no size, and they follow from what quotients are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from jax._src.export import shape_poly, shape_poly_decision

_STEPS = 1000
"""Of one search, twice what a size of eight quotients in each other takes."""


@contextmanager
def limited() -> Iterator[None]:
    """JAX searches so many steps, then it is as if there were no bounds, and begins with a scope's bounds alone."""
    decision: Any = shape_poly_decision._DecisionByElimination
    initialize = decision.initialize

    def bounded(search: Any) -> Any:
        scope = search.scope
        every = scope._explicit_constraints
        scope._explicit_constraints = [each for each in every if each.cmp == shape_poly.Comparator.GEQ]
        try:
            return initialize(search)
        finally:
            scope._explicit_constraints = every

    shape_poly._bounds_decision = _bounds
    decision.initialize = bounded
    try:
        yield
    finally:
        decision.initialize = initialize
        shape_poly._bounds_decision = shape_poly_decision.bounds_decision


def _bounds(size: Any, precision: Any) -> tuple[float, float]:
    """As `shape_poly_decision.bounds_decision`."""
    if not isinstance(size, shape_poly._DimExpr):
        return int(size), int(size)
    decision: Any = shape_poly_decision._DecisionByElimination.build(size.scope)
    search = decision._bounds_for_sorted_terms
    left: Iterator[int] | None = None

    def step(scope: Any, terms: Any, first: int, precision: Any) -> tuple[float, float]:
        nonlocal left
        is_number = first >= len(terms) or terms[first][0].is_constant
        is_outermost = left is None
        left = iter(range(_STEPS)) if left is None else left
        if next(left, None) is None and not is_number:
            return -inf, inf
        try:
            return search(scope, terms, first, precision)  # type: ignore[no-any-return]
        finally:
            left = None if is_outermost else left

    decision._bounds_for_sorted_terms = step
    return decision.bounds(size, precision, add_implicit_constraints=True)  # type: ignore[no-any-return]
