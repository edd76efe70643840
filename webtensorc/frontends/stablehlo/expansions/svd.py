"""Singular value decompositions by Jacobi's method, one-sided and parallel.

Golub and Van Loan, Matrix Computations, 4th edition, section 8.6.3; de Rijk (1989). Sweeps end when all columns are
orthogonal to within `sqrt(m) eps`. Singular values are right to a small multiple of `eps` times the largest, singular
vectors are orthonormal to `m eps`; their signs are arbitrary. A sweep costs `O(m n^2)` for `m >= n`.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions._jacobi import (
    Planes,
    conjugate,
    ordered,
    planes,
    product,
    rotate,
    rotation,
    sizes,
    squares,
    sweep_until,
    whole,
)
from webtensorc.frontends.stablehlo.expansions._loops import loop
from webtensorc.frontends.stablehlo.expansions.qr import _columns, _factor


@expands(*lapack("gesdd"), *lapack("gesvd"), fixed=2)
def gesdd(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """LAPACK xGESDD and xGESVD: the overwritten input, singular values descending, U, V^H, `info` 0."""
    mode = chr(call.attributes["mode"])
    s, u, v = _factors(a, full=mode == "A", vectors=mode != "N")
    return _results(call, a, s, u, _adjoint(v), vectors=mode != "N")


@expands(*gpu("solver_gesdd", "solver_gesvd", "solver_gesvdj", "solver_gesvdp"), fixed=2)
def gesvd(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """cuSOLVER's and hipSOLVER's: as LAPACK's, but V where the method is Jacobi's or polar, V^H in front of U of a
    matrix that was handed over as its transpose."""
    vectors = call.attributes["compute_uv"]
    s, u, v = _factors(a, full=call.attributes["full_matrices"], vectors=vectors)
    if not call.name.endswith(("gesvdj_ffi", "gesvdp_ffi")):
        v = _adjoint(v)
    return _results(call, a, s, *((v, u) if call.attributes.get("transposed") else (u, v)), vectors=vectors)


def _factors(a: jax.Array, *, full: bool, vectors: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Singular values, U and V of matrices `[..., m, n]`."""
    is_tall = a.shape[-2] >= a.shape[-1]
    tall = a if is_tall else _adjoint(a)
    u, s, v = jnp.vectorize(lambda x: _svd(x, full, vectors), signature="(m,n)->(m,k),(n),(n,n)")(tall)
    return (s, u, v) if is_tall else (s, v, u)


def _results(
    call: Call, a: jax.Array, s: jax.Array, left: jax.Array, right: jax.Array, *, vectors: bool
) -> tuple[jax.Array, ...]:
    batch = a.shape[:-2]
    if not vectors:  # nobody looks at them then
        left, right = (jnp.zeros((*batch, *shape[-2:]), a.dtype) for _, shape in call.results[2:4])
    return a, s, left, right, jnp.zeros(batch, jnp.int32)


def _adjoint(x: jax.Array) -> jax.Array:
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def _svd(a: jax.Array, full: bool, vectors: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`U`, the singular values and `V` of a matrix `[m, n]` with `m >= n`; `U` is square if `full`."""
    m, n = a.shape
    half = -(-n // 2)
    # Rows are the columns of A, followed by those of V; of an odd number one sits out.
    work = planes(jnp.pad(jnp.concatenate([a, jnp.eye(n, dtype=a.dtype)], 0).T, ((0, 2 * half - n), (0, 0))))

    def sweep(state: tuple[Planes, jax.Array]) -> tuple[Planes, jax.Array]:
        start = state[0], jnp.zeros_like(state[1])
        return loop(2 * half - 1, lambda _, state: _step(*state, m), start)

    limit = jnp.finfo(a.dtype).eps * math.sqrt(m)
    work, _ = sweep_until(limit, sweep, (work, jnp.full((), jnp.inf, limit.dtype)), lambda state: state[1])
    negative, rows = ordered(-_norm(tuple(each[:n, :m] for each in work)), tuple(each[:n] for each in work))
    both = whole(rows)
    left, right = both[:, :m], both[:, m:]
    if not vectors:
        return left.T, -negative, right.T
    packed, tau = _factor(left.T)
    diagonal = jnp.diagonal(packed)
    size = jnp.abs(diagonal)
    phase = jnp.where(size > 0, diagonal / jnp.where(size > 0, size, 1), 1)
    columns = m if full else n
    q = _columns(jnp.pad(packed, ((0, 0), (0, columns - n))), tau)
    return q * jnp.pad(phase, (0, columns - n), constant_values=1), -negative, right.T


def _norm(rows: Planes) -> jax.Array:
    scale = jnp.max(sizes(rows), 1, keepdims=True)
    scaled = tuple(each / jnp.where(scale > 0, scale, 1) for each in rows)
    return scale[:, 0] * jnp.sqrt(jnp.sum(squares(scaled), 1))


def _step(work: Planes, worst: jax.Array, m: int) -> tuple[Planes, jax.Array]:
    """Make the pairs of rows `(i, half + i)` orthogonal in their first `m` elements, and move on to the next pairs."""
    half: Any = work[0].shape[0] // 2
    top, bottom = (tuple(each[rows, :m] for each in work) for rows in (slice(half), slice(half, None)))
    p, q = (jnp.sum(squares(x), 1) for x in (top, bottom))
    off = tuple(jnp.sum(each, 1) for each in product(conjugate(top), bottom))
    size = jnp.sqrt(p) * jnp.sqrt(q)
    cosine = jnp.where(size > 0, sizes(off) / jnp.where(size > 0, size, 1), 0)
    is_off = cosine > jnp.finfo(worst.dtype).eps
    c, s = rotation(p, q, tuple(jnp.where(is_off, each, 0) for each in off))
    return rotate(work, c, s), jnp.maximum(worst, jnp.max(cosine))
