"""The k largest elements of rows without sorting them: as many rounds, each of which finds the largest one left.

An element and its position are one integer, by which no two elements are equal; the largest one left is then the
largest below the last one found, and nothing has to be taken out. A long row is divided into about as many blocks as
one has elements: a round looks at the largest one of each, and at the one block that it lies in, so that n elements and
k rounds take n + 2 k sqrt(n) steps.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

__all__ = ["fits", "positions"]

_NONE = np.int64(np.iinfo(np.int64).min)
"""Less than any element."""
_LONG = 4096
"""Elements from which on a row is divided."""
_UNROLLED = 16
"""Rounds that are written one after the other."""


def fits(x: jax.Array, count: int) -> bool:
    """Whether `positions` takes elements of this type, and is less work than to sort rows of `x`.

    Rows of open size are sorted, unless they are long enough whatever it is.
    """
    small = x.dtype.itemsize < 4 or x.dtype in (jnp.float32, jnp.int32, jnp.uint32)
    try:
        return small and x.dtype != jnp.bool_ and 0 < 8 * count <= x.shape[-1] < 1 << 31 and 0 not in x.shape
    except jax.errors.InconclusiveDimensionOperation:
        return False


def positions(x: jax.Array, count: int, *, largest: bool) -> jax.Array:
    """Where in each row, along the last axis, its `count` largest or smallest elements are, in order: int64.

    The first of equals wins. As in a sort a NaN is larger than all numbers, and -0 equals 0.
    """
    order = _ordered(x)
    n = x.shape[-1]
    backwards = n - 1 - lax.broadcasted_iota(jnp.int64, x.shape, x.ndim - 1)
    keys = ((order if largest else ~order).astype(jnp.int64) << 32) | backwards
    found = _descending(keys.reshape(-1, n), count).reshape(*x.shape[:-1], count)
    return n - 1 - (found & 0xFFFFFFFF)


def _ordered(x: jax.Array) -> jax.Array:
    """Of each element an int32, in the same order."""
    if x.dtype == jnp.uint32:
        return lax.bitcast_convert_type(x ^ jnp.uint32(1 << 31), jnp.int32)
    if jnp.issubdtype(x.dtype, jnp.integer):
        return x.astype(jnp.int32)
    wide = x.astype(jnp.float32)
    plain = jnp.where(wide == 0, jnp.float32(0), jnp.where(wide != wide, jnp.float32(np.nan), wide))
    bits = lax.bitcast_convert_type(plain, jnp.int32)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def _descending(keys: jax.Array, count: int) -> jax.Array:
    """The `count` largest of each row of int64, all of them different, in order."""
    rows, n = keys.shape
    size = math.isqrt(n) if n >= _LONG else n
    blocks = jnp.pad(keys, ((0, 0), (0, -n % size)), constant_values=_NONE).reshape(rows, -1, size)
    number = lax.broadcasted_iota(jnp.int64, blocks.shape[:2], 1)

    def after(tops: jax.Array, last: jax.Array) -> jax.Array:
        """The largest of each block once `last` and what is above it are gone."""
        if blocks.shape[1] == 1:
            return jnp.max(jnp.where(blocks[:, 0] < last, blocks[:, 0], _NONE), axis=1, keepdims=True)
        block = (n - 1 - (last & 0xFFFFFFFF)) // size
        one = jnp.take_along_axis(blocks, block[:, :, None], axis=1, mode="clip")[:, 0]
        left = jnp.max(jnp.where(one < last, one, _NONE), axis=1, keepdims=True)
        return jnp.where(number == block, left, tops)

    def largest(tops: jax.Array) -> jax.Array:
        return tops if tops.shape[1] == 1 else jnp.max(tops, axis=1, keepdims=True)

    tops = jnp.max(blocks, axis=2)
    if count <= _UNROLLED:
        found = [largest(tops)]
        while len(found) < count:
            tops = after(tops, found[-1])
            found.append(largest(tops))
        return jnp.concatenate(found, axis=1)

    def step(i: jax.Array, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        tops, found = state
        last = largest(tops)
        return after(tops, last), lax.dynamic_update_slice_in_dim(found, last, i, axis=1)

    _, filled = lax.fori_loop(0, count, step, (tops, jnp.zeros((rows, count), jnp.int64)))
    return jnp.asarray(filled)
