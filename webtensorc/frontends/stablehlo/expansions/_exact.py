"""Sums and products without error, as two numbers: Dekker, A floating-point technique for extending the available
precision (1971)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

Double = tuple[jax.Array, jax.Array]
"""A number as a sum of two, the second much smaller."""


def total(a: jax.Array, b: jax.Array) -> Double:
    """a + b without error."""
    value = a + b
    part = value - a
    return value, (a - (value - part)) + (b - part)


def product(a: jax.Array, b: jax.Array) -> Double:
    """a b without error, for factors below 1e300."""
    value = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return value, ((a1 * b1 - value) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: jax.Array) -> Double:
    """The first 26 bits, and the others."""
    mask = jnp.int64(-1) << 27
    high = jax.lax.bitcast_convert_type(jax.lax.bitcast_convert_type(a, jnp.int64) & mask, a.dtype)
    return high, a - high
