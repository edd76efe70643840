"""Singular value decompositions by Jacobi's method, one-sided and parallel.

Golub and Van Loan, Matrix Computations, 4th edition, section 8.6.3; de Rijk (1989). Sweeps end when all columns are
orthogonal to within `sqrt(m) eps`. Singular values are right to a small multiple of `eps` times the largest, singular
vectors are orthonormal to `m eps`; their signs are arbitrary. A sweep costs `O(m n^2)` for `m >= n`.

Complex matrices stay refused: the functions are right for them (XLA runs them so), but IREE 3.13 compiles the complex
loop to wrong code.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands, lapack
from webtensorc.frontends.stablehlo.expansions._jacobi import advance, ordered, rotation, sweep_until
from webtensorc.frontends.stablehlo.expansions._loops import loop
from webtensorc.frontends.stablehlo.expansions.qr import _columns, _factor


@expands(*lapack("gesdd", "sd"), *lapack("gesvd", "sd"))
def gesdd(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """LAPACK xGESDD and xGESVD, real: the overwritten input, singular values descending, U, V^H, `info` 0."""
    batch, mode = a.shape[:-2], chr(call.attributes["mode"])
    m, n = a.shape[-2:]
    (_, _), _, (_, u_shape), (_, v_shape), _ = call.results
    tall = a if m >= n else jnp.conj(jnp.swapaxes(a, -1, -2))
    full = mode == "A"
    u, s, v = jnp.vectorize(lambda x: _svd(x, full, mode != "N"), signature="(m,n)->(m,k),(n),(n,n)")(tall)
    u, vh = (u, jnp.conj(jnp.swapaxes(v, -1, -2))) if m >= n else (v, jnp.conj(jnp.swapaxes(u, -1, -2)))
    if mode == "N":  # nobody looks at them then
        u, vh = jnp.zeros(u_shape, a.dtype), jnp.zeros(v_shape, a.dtype)
    return a, s, u, vh, jnp.zeros(batch, jnp.int32)


def _svd(a: jax.Array, full: bool, vectors: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`U`, the singular values and `V` of a matrix `[m, n]` with `m >= n`; `U` is square if `full`."""
    m, n = a.shape
    half = -(-n // 2)
    # Rows are the columns of A, followed by those of V; of an odd number one sits out.
    work = jnp.pad(jnp.concatenate([a, jnp.eye(n, dtype=a.dtype)], 0).T, ((0, 2 * half - n), (0, 0)))

    def sweep(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        start = state[0], jnp.zeros_like(state[1])
        return loop(2 * half - 1, lambda _, state: _step(state[0], state[1], m), start)

    limit = jnp.finfo(a.dtype).eps * math.sqrt(m)
    work, _ = sweep_until(limit, sweep, (work, jnp.full((), jnp.inf, limit.dtype)), lambda state: state[1])
    work = work[:n]
    norms = _norm(work[:, :m])
    negative, left, right = ordered(-norms, work[:, :m], work[:, m:])
    if not vectors:
        return left.T, -negative, right.T
    packed, tau = _factor(left.T)
    diagonal = jnp.diagonal(packed)
    size = jnp.abs(diagonal)
    phase = jnp.where(size > 0, diagonal / jnp.where(size > 0, size, 1), 1)
    columns = m if full else n
    q = _columns(jnp.pad(packed, ((0, 0), (0, columns - n))), tau)
    return q * jnp.pad(phase, (0, columns - n), constant_values=1), -negative, right.T


def _norm(rows: jax.Array) -> jax.Array:
    scale = jnp.max(jnp.abs(rows), 1, keepdims=True)
    scaled = rows / jnp.where(scale > 0, scale, 1).astype(rows.dtype)
    return scale[:, 0] * jnp.sqrt(jnp.sum(jnp.real(scaled * jnp.conj(scaled)), 1))


def _step(work: jax.Array, worst: jax.Array, m: int) -> tuple[jax.Array, jax.Array]:
    """Make the pairs of rows `(i, half + i)` orthogonal in their first `m` elements, and move on to the next pairs."""
    half: Any = work.shape[0] // 2
    top, bottom = work[:half], work[half:]
    p, q = (jnp.sum(jnp.real(x[:, :m] * jnp.conj(x[:, :m])), 1) for x in (top, bottom))
    off = jnp.sum(jnp.conj(top[:, :m]) * bottom[:, :m], 1)
    size = jnp.sqrt(p) * jnp.sqrt(q)
    cosine = jnp.where(size > 0, jnp.abs(off) / jnp.where(size > 0, size, 1), 0)
    c, s = rotation(p, q, jnp.where(cosine > jnp.finfo(work.dtype).eps, off, 0))
    c, s = c[:, None].astype(work.dtype), s[:, None]
    pairs = advance(c * top - jnp.conj(s) * bottom, s * top + c * bottom)
    return jnp.concatenate(pairs), jnp.maximum(worst, jnp.max(cosine))
