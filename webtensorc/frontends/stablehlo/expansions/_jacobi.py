"""What the two Jacobi methods share: pairs of a round-robin tournament, rotations, order.

Brent and Luk, The solution of singular-value and symmetric eigenvalue problems on multiprocessor arrays (1985): all
`n / 2` pairs of a step are rotated at once; after `n - 1` steps every pair has met and all are in their places again.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

SWEEPS = 30
"""More than any matrix needs: convergence is quadratic, six to twelve sweeps are usual."""


def rotation(p: jax.Array, q: jax.Array, off: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`c` (real) and `s` that make `[[p, off], [conj(off), q]]` diagonal; the identity where `off` is 0.

    The new pair is `c x_p - conj(s) x_q` and `s x_p + c x_q` (Golub and Van Loan, section 8.5.2, with the phase of
    `off` in `s`).
    """
    size = jnp.abs(off)
    idle = size == 0
    safe = jnp.where(idle, 1, size)
    tau = (q - p) / (2 * safe)
    t = jnp.where(tau >= 0, 1, -1) / (jnp.abs(tau) + jnp.sqrt(1 + tau * tau))
    c = jnp.where(idle, 1, 1 / jnp.sqrt(1 + t * t))
    return c, jnp.where(idle, 0, c * t) * (off / safe.astype(off.dtype))


def advance(top: jax.Array, bottom: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The pairs of the next step: the first of `top` stays, the others go round by one place."""
    if top.shape[0] == 1:
        return top, bottom
    return jnp.concatenate([top[:1], bottom[:1], top[1:-1]]), jnp.concatenate([bottom[1:], top[-1:]])


def ordered(keys: jax.Array, *rows: jax.Array) -> tuple[jax.Array, ...]:
    """`keys` ascending, NaN last, and the arrays `rows` in the same order along their first dimension."""
    order = lax.sort([keys, jnp.arange(keys.shape[0], dtype=jnp.int32)], num_keys=1)[1]
    return tuple(each[order] for each in (keys, *rows))


def sweep_until(limit: Any, sweep: Any, state: Any, error: Any) -> Any:
    """Sweep until `error(state) <= limit`; NaN ends it too."""

    def unfinished(loop: Any) -> Any:
        count, state = loop
        return (count < SWEEPS) & (error(state) > limit)

    return lax.while_loop(unfinished, lambda loop: (loop[0] + 1, sweep(loop[1])), (jnp.int32(0), state))[1]
