"""A typed loop that is none where there is one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jax import lax

T = TypeVar("T")


def loop(count: int, step: Callable[[Any, T], T], start: T) -> T:
    """`step(count - 1, ... step(1, step(0, start)))`; steps get their number, an int or a scalar array."""
    if count == 1:
        return step(0, start)
    result: T = lax.fori_loop(0, count, step, start)
    return result
