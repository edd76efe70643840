"""Running sums and the like along an axis of any size, also one that may be nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.errors import InconclusiveDimensionOperation


def cumulated(scan: Callable[..., jax.Array], x: jax.Array, axis: int, neutral: int, *, reverse: bool) -> jax.Array:
    """What `lax.cumsum`, or one like it, makes of an axis, which is counted from the front.

    JAX lowers it to windows as long as the axis, which must be 1 at least. A slice of `neutral` where the scan begins
    makes it so where that is not known (what is left of an open size behind convolutions).
    """
    size = x.shape[axis]
    if _has_one(size):
        return scan(x, axis=axis, reverse=reverse)
    pads = [(0, 0)] * x.ndim
    pads[axis] = (0, 1) if reverse else (1, 0)
    longer = scan(jnp.pad(x, pads, constant_values=neutral), axis=axis, reverse=reverse)
    first = 0 if reverse else 1
    return lax.slice_in_dim(longer, first, first + size, axis=axis)


def _has_one(size: Any) -> bool:
    """Whether a size is known to be 1 at least, or known."""
    try:
        return isinstance(size, int) or bool(size >= 1)
    except InconclusiveDimensionOperation:
        return False
