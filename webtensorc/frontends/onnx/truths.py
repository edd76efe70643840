"""Truth values of open sizes as expressions that are 1 or 0.

`width >= 8` is `min(1, max(0, width - 7))`: what an exporter computes from it, and which sizes a branch leaves, stay
expressions that the loader evaluates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax.core import max_dim, min_dim

from webtensorc.frontends.onnx import quotients


def _less(a: Any, b: Any) -> Any:
    return min_dim(1, max_dim(0, quotients.flattened(b - a)))


def _equal(a: Any, b: Any) -> Any:
    difference = quotients.flattened(a - b)
    return 1 - min_dim(1, max_dim(difference, -difference))


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "equal": _equal,
    "not_equal": lambda a, b: 1 - _equal(a, b),
    "less": _less,
    "less_equal": lambda a, b: 1 - _less(b, a),
    "greater": lambda a, b: _less(b, a),
    "greater_equal": lambda a, b: 1 - _less(a, b),
}
"""By numpy's name, of two sizes."""

CONNECTIVES: dict[str, Callable[..., Any]] = {
    "logical_not": lambda a: 1 - a,
    "logical_and": lambda a, b: a * b,
    "logical_or": max_dim,
    "logical_xor": lambda a, b: a + b - 2 * a * b,
}
"""By numpy's name, of truth values."""


def chosen(holds: Any, a: Any, b: Any) -> Any:
    """a if it holds, else b: the larger or the smaller one, or either if they are equal, where that is what it says.

    A table that is resized unless it is as long as it must be is as long as that.
    """
    for equal in (_equal(a, b), _equal(b, a)):
        if holds == 1 - equal:
            return a
        if holds == equal:
            return b
    for larger, smaller, one_of in ((a, b, max_dim), (b, a, min_dim)):
        if holds in (_less(smaller, larger), 1 - _less(larger, smaller)):
            return one_of(a, b)
    return b + (a - b) * holds
