"""What the two Jacobi methods share: pairs of a round-robin tournament, rotations, order.

Brent and Luk, The solution of singular-value and symmetric eigenvalue problems on multiprocessor arrays (1985): all
`n / 2` pairs of a step are rotated at once; after `n - 1` steps every pair has met and all are in their places again.

Arrays are worked on as planes, because IREE 3.13 compiles loops over complex arrays to wrong code.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

SWEEPS = 30
"""More than any matrix needs: convergence is quadratic, six to twelve sweeps are usual."""


Planes = tuple[jax.Array, ...]
"""A real array by itself, or the real and the imaginary part of a complex one."""


def planes(x: jax.Array) -> Planes:
    """An array in planes."""
    return (jnp.real(x), jnp.imag(x)) if jnp.iscomplexobj(x) else (x,)


def whole(x: Planes) -> jax.Array:
    """What `planes` took apart."""
    return x[0] if len(x) == 1 else lax.complex(*x)


def conjugate(x: Planes) -> Planes:
    """The complex conjugate."""
    return x[:1] + tuple(-each for each in x[1:])


def product(x: Planes, y: Planes) -> Planes:
    """The elementwise product."""
    if len(x) == 1:
        return (x[0] * y[0],)
    return x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]


def squares(x: Planes) -> jax.Array:
    """The square of every element's absolute value."""
    return sum((each * each for each in x[1:]), x[0] * x[0])


def sizes(x: Planes) -> jax.Array:
    """Every element's absolute value, without overflow."""
    if len(x) == 1:
        return jnp.abs(x[0])
    low, high = jnp.minimum(*map(jnp.abs, x)), jnp.maximum(*map(jnp.abs, x))
    ratio = low / jnp.where(high > 0, high, 1)
    return high * jnp.sqrt(1 + ratio * ratio)


def rotation(p: jax.Array, q: jax.Array, off: Planes) -> tuple[jax.Array, Planes]:
    """`c` and `s` that make `[[p, off], [conj(off), q]]` diagonal; the identity where `off` is 0.

    The new pair is `c x_p - conj(s) x_q` and `s x_p + c x_q` (Golub and Van Loan, section 8.5.2, with the phase of
    `off` in `s`).
    """
    size = sizes(off)
    idle = size == 0
    safe = jnp.where(idle, 1, size)
    tau = (q - p) / (2 * safe)
    t = jnp.where(tau >= 0, 1, -1) / (jnp.abs(tau) + jnp.sqrt(1 + tau * tau))
    c = jnp.where(idle, 1, 1 / jnp.sqrt(1 + t * t))
    return c, tuple(jnp.where(idle, 0, c * t) * (each / safe) for each in off)


def rotate(x: Planes, c: jax.Array, s: Planes) -> Planes:
    """Rotate the pairs of rows `(i, half + i)` as `rotation` says, and arrange the rows for the next pairs."""
    half: Any = c.shape[0]
    c, s = c[:, None], tuple(each[:, None] for each in s)
    top, bottom = (tuple(each[rows] for each in x) for rows in (slice(half), slice(half, None)))
    first = [c * a - b for a, b in zip(top, product(conjugate(s), bottom), strict=True)]
    second = [a + c * b for a, b in zip(product(s, top), bottom, strict=True)]
    return tuple(jnp.concatenate(_advance(*pair)) for pair in zip(first, second, strict=True))


def _advance(top: jax.Array, bottom: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The pairs of the next step: the first of `top` stays, the others go round by one place."""
    if top.shape[0] == 1:
        return top, bottom
    return jnp.concatenate([top[:1], bottom[:1], top[1:-1]]), jnp.concatenate([bottom[1:], top[-1:]])


def ordered(keys: jax.Array, rows: Planes) -> tuple[jax.Array, Planes]:
    """`keys` ascending, NaN last, and `rows` in the same order."""
    order = lax.sort([keys, jnp.arange(keys.shape[0], dtype=jnp.int32)], num_keys=1)[1]
    return keys[order], tuple(each[order] for each in rows)


def sweep_until(limit: Any, sweep: Any, state: Any, error: Any) -> Any:
    """Sweep until `error(state) <= limit`; NaN ends it too."""

    def unfinished(loop: Any) -> Any:
        count, state = loop
        return (count < SWEEPS) & (error(state) > limit)

    return lax.while_loop(unfinished, lambda loop: (loop[0] + 1, sweep(loop[1])), (jnp.int32(0), state))[1]
