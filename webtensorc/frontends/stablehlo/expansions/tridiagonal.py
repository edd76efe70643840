"""Tridiagonal matrices: reduction of a Hermitian one to that form, and linear systems.

Golub and Van Loan, Matrix Computations, 4th edition, sections 8.3.1 and 4.3; conventions and errors are LAPACK's.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions.qr import reflector


@expands(*lapack("gtsv"), fixed=1)
def gtsv(call: Call, dl: jax.Array, d: jax.Array, du: jax.Array, b: jax.Array) -> tuple[jax.Array, ...]:
    """LAPACK xGTSV by Gaussian elimination with partial pivoting; `dl[0]` and `du[-1]` are not read.

    Of the results only the solution and `info` (1 where a pivot is 0) are meant to be used: the diagonals are returned
    as they came.
    """
    if 0 in b.shape:
        return dl, d, du, b, jnp.zeros(b.shape[:-2], jnp.int32)
    x, info = jnp.vectorize(_solve, signature="(n),(n),(n),(n,m)->(n,m),()")(dl, d, du, b)
    return dl, d, du, x, info


@expands(*gpu("sparse_gtsv2"), fixed=1)
def gtsv2(call: Call, dl: jax.Array, d: jax.Array, du: jax.Array, b: jax.Array) -> tuple[jax.Array]:
    """cuSPARSE gtsv2: the solution alone."""
    return (gtsv(call, dl, d, du, b)[3],)


def _solve(dl: jax.Array, d: jax.Array, du: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    n, dtype = d.shape[0], b.dtype
    du = du.at[-1].set(0)
    zero = jnp.zeros((), dtype)

    def size(x: jax.Array) -> jax.Array:
        return jnp.abs(jnp.real(x)) + jnp.abs(jnp.imag(x)) if jnp.iscomplexobj(x) else jnp.abs(x)

    def eliminate(carry: Any, row: Any) -> Any:
        diagonal, upper, right = carry
        low, next_diagonal, next_upper, next_right = row
        swap = size(diagonal) < size(low)
        top = jnp.where(swap, low, diagonal)
        factor = jnp.where(swap, diagonal, low) / top
        first, second = jnp.where(swap, next_diagonal, upper), jnp.where(swap, next_upper, zero)
        value = jnp.where(swap, next_right, right)
        diagonal = jnp.where(swap, upper, next_diagonal) - factor * first
        upper = jnp.where(swap, zero, next_upper) - factor * second
        right = jnp.where(swap, right, next_right) - factor * value
        return (diagonal, upper, right), (top, first, second, value)

    last, rows = lax.scan(eliminate, (d[0], du[0], b[0]), (dl[1:], d[1:], du[1:], b[1:]))

    def substitute(carry: Any, row: Any) -> Any:
        after, later = carry
        top, first, second, value = row
        x = (value - first * after - second * later) / top
        return (x, after), x

    end = last[2] / last[0]
    _, x = lax.scan(substitute, (end, jnp.zeros_like(end)), rows, reverse=True)
    singular = (last[0] == 0) | jnp.any(rows[0] == 0) if n > 1 else last[0] == 0
    return jnp.concatenate([x, end[None]]), singular.astype(jnp.int32)


@expands(*lapack("sytrd", "sd"), *lapack("hetrd", "cz"), *gpu("solver_sytrd"))
def sytrd(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """LAPACK xSYTRD and xHETRD: packed reflectors, diagonal, off-diagonal, `tau`, `info` 0."""
    batch, n = a.shape[:-2], a.shape[-1]
    real = jnp.finfo(a.dtype).dtype
    if n == 0 or 0 in batch:
        empty = jnp.zeros((*batch, max(n - 1, 0)), real)
        return a, jnp.zeros((*batch, n), real), empty, empty.astype(a.dtype), jnp.zeros(batch, jnp.int32)
    upper = not call.is_lower
    given = jnp.flip(a, (-1, -2)) if upper else a
    packed, d, e, tau = jnp.vectorize(_reduce, signature="(n,n)->(n,n),(n),(k),(k)")(given)
    if upper:
        packed, d, e, tau = jnp.flip(packed, (-1, -2)), jnp.flip(d, -1), jnp.flip(e, -1), jnp.flip(tau, -1)
        packed = jnp.triu(packed) + jnp.tril(a, -1)
    return packed, d, e, tau, jnp.zeros(batch, jnp.int32)


def _reduce(a: jax.Array) -> tuple[jax.Array, ...]:
    n = a.shape[0]
    rows = jnp.arange(n)
    lower = jnp.tril(a, -1)
    work = lower + jnp.conj(lower.T) + jnp.diag(jnp.real(jnp.diagonal(a)).astype(a.dtype))

    def step(i: Any, state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        work, packed, e, taus = state
        column = lax.dynamic_index_in_dim(work, i, 1, keepdims=False)
        v, tau, beta = reflector(column, i + 1)
        p = tau * (work @ v)
        w = p - tau / 2 * jnp.sum(jnp.conj(p) * v) * v
        work = work - v[:, None] * jnp.conj(w)[None, :] - w[:, None] * jnp.conj(v)[None, :]
        below = jnp.where(rows == i + 1, beta, v)
        packed = jnp.where((rows == i)[None, :] & (rows > i)[:, None], below[:, None], packed)
        e = lax.dynamic_update_slice(e, jnp.real(beta)[None], (i,))
        return work, packed, e, lax.dynamic_update_slice(taus, tau[None], (i,))

    real = jnp.finfo(a.dtype).dtype
    start = (work, a, jnp.zeros(n - 1, real), jnp.zeros(n - 1, a.dtype))
    work, packed, e, taus = lax.fori_loop(0, n - 1, step, start) if n > 1 else start
    d = jnp.real(jnp.diagonal(work))
    return jnp.where(jnp.eye(n, dtype=bool), d[None, :].astype(a.dtype), packed), d, e, taus
