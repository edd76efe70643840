"""What flows along an ONNX graph while it is traced, and the border between the known and the computed.

A value is a numpy array (known now: shapes, indices, small constants), a JAX tracer (computed when the model runs), a
list (an ONNX sequence), None (an absent optional) or `Bounded` (a tensor whose size depends on data). Known values are
computed with numpy during the trace and leave nothing in the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.cumulative import cumulated
from webtensorc.frontends.onnx.extents import Count, Extents

Value = Any
"""numpy.ndarray | Extents | jax.Array | list[Value] | None | Bounded"""

_MOST_KNOWN_FLOATS = 64
_MOST_KNOWN_OTHERS = 1024


class NotSupportedError(Exception):
    """An operator is asked for something that this version lacks; the message is the reason."""


class UnknownResultError(Exception):
    """A body gives what is not known, since it is behind a node that failed."""


class NotKnownError(NotSupportedError):
    """An operator needs a value while the graph is traced, but the value depends on the model's inputs."""

    def __init__(self, what: str, value: Value) -> None:
        super().__init__(f"its {what} must be known when the model is compiled, but it depends on the model's inputs")
        self.what = what
        self.value = value


class OneOfTwoError(NotSupportedError):
    """A choice by open sizes between results that no type has in common.

    Attributes:
        usual: what it gives for most sizes; a run with others fails.
        exception: begins the trace again for those others.
    """

    def __init__(self, message: str, usual: tuple[Value, ...], exception: Exception) -> None:
        super().__init__(message)
        self.usual = usual
        self.exception = exception


@dataclass(frozen=True)
class Bounded:
    """A tensor whose size along one axis depends on data.

    Attributes:
        array: as many slices as there can be; those from `count` on mean nothing.
        axis: the axis whose size is `count`.
        count: the number of slices that there are, an int64 scalar.
    """

    array: jax.Array
    axis: int
    count: jax.Array

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        return np.dtype(self.array.dtype)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes, one of them a `Count`."""
        sizes: list[Any] = list(self.array.shape)
        sizes[self.axis] = Count(sizes[self.axis], self.count)
        return tuple(sizes)

    @property
    def is_there(self) -> jax.Array:
        """Which slices mean something, [size along the axis]."""
        return jnp.arange(self.array.shape[self.axis]) < self.count

    def filled(self, value: Value) -> jax.Array:
        """The array with one value in all slices that mean nothing."""
        sizes = [-1 if axis == self.axis else 1 for axis in range(self.array.ndim)]
        return jnp.where(self.is_there.reshape(sizes), self.array, jnp.asarray(value, self.array.dtype))


def select(mask: jax.Array, data: jax.Array, axis: int) -> Bounded:
    """The slices of `data` along `axis` where the one-dimensional `mask` holds, moved to the front in their order."""
    return pick(data, axis, *chosen(mask))


def chosen(mask: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Where a one-dimensional mask holds: the positions, in front of what means nothing, and how many there are."""
    size = mask.shape[0]
    place = jnp.where(mask, cumulated(lax.cumsum, mask.astype(jnp.int32), 0, 0, reverse=False) - 1, size)
    source = jnp.zeros(size + 1, jnp.int32).at[place].set(jnp.arange(size, dtype=jnp.int32))[:size]
    return source, mask.sum(dtype=jnp.int64)


def pick(data: jax.Array, axis: int, positions: jax.Array, count: jax.Array) -> Bounded:
    """The slices of `data` at positions along an axis, `count` of which mean something."""
    return Bounded(jnp.take(data, positions, axis, mode="clip"), axis, count)


def is_known(value: Value) -> bool:
    """Whether a value, or every element of a sequence, is known at trace time."""
    if isinstance(value, list):
        return all(map(is_known, value))
    return not isinstance(value, (jax.Array, Bounded))


def known(value: Value, what: str) -> np.ndarray:
    """The value as a numpy array.

    Raises:
        NotKnownError: it depends on the model's inputs.
    """
    if not is_known(value):
        raise NotKnownError(what, value)
    if isinstance(value, Extents):
        _refuse_counts(value, what)
        raise NotSupportedError(f"its {what} must be a number, but depends on open dimensions: give them sizes (--dim)")
    return np.asarray(value)


def known_ints(value: Value, what: str) -> tuple[int, ...]:
    """A known scalar or 1-D integer tensor as Python ints, or expressions where it depends on open dimensions.

    Raises:
        NotKnownError: it depends on the model's inputs.
    """
    if isinstance(value, Extents):
        _refuse_counts(value, what)
        return tuple(value.elements.ravel())
    return tuple(int(each) for each in known(value, what).ravel())


def _refuse_counts(value: Extents, what: str) -> None:
    if value.counts:
        raise NotKnownError(what, value)


def arange(size: Any, dtype: Any = np.int64) -> Value:
    """0, 1, ... up to but without a size, which may be an expression of named dimensions: known if that is a number."""
    return np.arange(size, dtype=dtype) if isinstance(size, int) else jnp.arange(size, dtype=dtype)


def larger(a: Any, b: Any) -> Any:
    """The larger of two sizes, either of which may be an expression of named dimensions."""
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else jax.core.max_dim(a, b)


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two sizes, either of which may be an expression of named dimensions."""
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else jax.core.min_dim(a, b)


def xp(*values: Value) -> Any:
    """The array library for some operands: numpy when all are known (no compilation, exact), else jax.numpy."""
    return np if all(map(is_known, values)) else jnp


def is_weight_sized(array: np.ndarray) -> bool:
    """Whether a constant is an argument of the graph instead of a part of it.

    Over 64 elements of floats or of the small integers that stand for them, or over 1024 of any other type: shapes,
    axes, pads and the tables that models index with are below, what a model has learnt is above.
    """
    is_float = jnp.issubdtype(array.dtype, jnp.inexact) or array.dtype in (np.int8, np.uint8)
    return array.size > (_MOST_KNOWN_FLOATS if is_float else _MOST_KNOWN_OTHERS)


def splat(array: np.ndarray) -> np.generic | None:
    """The one element that fills the array, or None when elements differ."""
    if array.size == 0 or array.dtype == object:
        return None
    first: np.generic = array.ravel()[0] if array.flags.c_contiguous else array[(0,) * array.ndim]
    if all(stride == 0 or size == 1 for stride, size in zip(array.strides, array.shape, strict=True)):
        return first
    return first if bool(np.all(array == first)) else None


def end_of(dtype: Any, is_greatest: bool) -> np.ndarray:
    """The greatest or the least value of a type, infinities included."""
    if np.dtype(dtype).kind == "b":
        return np.asarray(is_greatest)
    if jnp.issubdtype(dtype, jnp.integer):
        info = jnp.iinfo(dtype)
        return np.asarray(info.max if is_greatest else info.min, dtype)
    return np.asarray(np.inf if is_greatest else -np.inf, dtype)


def describe(value: Value) -> str:
    """Type and shape for a message: `float32[1, 3]`, `sequence of 2`, `absent`."""
    if value is None:
        return "absent"
    if isinstance(value, list):
        return f"sequence of {len(value)}"
    if isinstance(value, Bounded):
        return f"{value.dtype}[{', '.join(map(str, value.shape))}]"
    name = "string" if value.dtype == object else str(value.dtype)
    return f"{name}[{', '.join(map(str, value.shape))}]"
