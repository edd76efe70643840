"""QR factors by Householder reflectors, blocked by the compact WY representation.

Golub and Van Loan, Matrix Computations, 4th edition, section 5.2; signs and storage are those of LAPACK. The error is
LAPACK's too: `|A - Q R| <= c m n eps |A|`, and Q is orthonormal to `c m n eps`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions._loops import loop

_BLOCK = 32


@expands(*lapack("geqrf"), *gpu("solver_geqrf"), "Qr", fixed=2)
def geqrf(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """LAPACK xGEQRF: R on and above the diagonal, the reflectors below it, and their factors `tau`."""
    if 0 in a.shape:
        return a, jnp.zeros((*a.shape[:-2], min(a.shape[-2:])), a.dtype)
    packed, tau = jnp.vectorize(_factor, signature="(m,n)->(m,n),(k)")(a)
    return packed, tau


@expands(
    *lapack("orgqr", "sd"),
    *lapack("ungqr", "cz"),
    *gpu("solver_orgqr"),
    "ProductOfElementaryHouseholderReflectors",
    fixed=2,
)
def orgqr(call: Call, a: jax.Array, tau: jax.Array) -> tuple[jax.Array]:
    """LAPACK xORGQR and xUNGQR: the first columns of Q, as many as `a` has."""
    if 0 in a.shape:
        return (a,)
    return (jnp.vectorize(_columns, signature="(m,n),(k)->(m,n)")(a, tau),)


def reflector(x: jax.Array, j: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
    """LAPACK xLARFG: `v` and `tau` with `(I - conj(tau) v v^H) x = beta e_j` below `j`, `v[j] = 1`, `v` zero above.

    `beta` is real; `tau` is 0 where there is nothing to do.
    """
    rows = jnp.arange(x.shape[0])
    alpha = lax.dynamic_index_in_dim(x, j, keepdims=False)
    below = jnp.where(rows > j, x, 0)
    scale = jnp.maximum(jnp.max(jnp.abs(below)), jnp.abs(alpha))
    safe = jnp.where(scale > 0, scale, 1)
    tail = jnp.sum(jnp.real(below / safe * jnp.conj(below / safe)))
    norm = safe * jnp.sqrt(tail + jnp.real(alpha / safe * jnp.conj(alpha / safe)))
    beta = -jnp.copysign(norm, jnp.real(alpha))
    idle = (tail == 0) & (jnp.imag(alpha) == 0)
    beta = jnp.where(idle, jnp.real(alpha), beta)
    tau = jnp.where(idle, 0, (beta - alpha) / jnp.where(idle, 1, beta))
    v = jnp.where(rows > j, x / jnp.where(idle, 1, alpha - beta), 0)
    return jnp.where(rows == j, 1, v).astype(x.dtype), tau.astype(x.dtype), beta.astype(x.dtype)


def _factor(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    m, n = a.shape
    count = min(m, n)
    block = min(_BLOCK, count)
    padded = -(-count // block) * block
    # The last block may reach past the diagonal: there its reflectors are the identity.
    work = jnp.pad(a, ((0, 0), (0, max(padded - n, 0))))

    def step(k: Any, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        work, taus = state
        start = k * block
        panel, tau = _panel(lax.dynamic_slice(work, (0, start), (m, block)), start, count)
        v = _vectors(panel, start)
        product = v @ (jnp.conj(_triangle(v, tau).T) @ (jnp.conj(v.T) @ work))
        work = jnp.where(jnp.arange(work.shape[1]) >= start + block, work - product, work)
        return lax.dynamic_update_slice(work, panel, (0, start)), lax.dynamic_update_slice(taus, tau, (start,))

    state = (work, jnp.zeros(padded, a.dtype))
    work, taus = loop(padded // block, step, state)
    return work[:, :n], taus[:count]


def _panel(panel: jax.Array, start: Any, count: int) -> tuple[jax.Array, jax.Array]:
    """The packed columns that begin at `start`, and their `tau`."""
    rows, columns = jnp.arange(panel.shape[0]), jnp.arange(panel.shape[1])

    def step(c: Any, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        panel, taus = state
        j = start + c
        column = lax.dynamic_index_in_dim(panel, c, 1, keepdims=False)
        v, tau, beta = reflector(column, j)
        tau = jnp.where(j < count, tau, 0)
        later = jnp.where(columns > c, jnp.conj(v) @ panel, 0)
        panel = panel - jnp.conj(tau) * v[:, None] * later[None, :]
        packed = jnp.where(rows > j, v, jnp.where(rows == j, beta, column))
        panel = jnp.where((columns == c) & (j < count), packed[:, None], panel)
        return panel, lax.dynamic_update_slice(taus, tau[None], (c,))

    return loop(panel.shape[1], step, (panel, jnp.zeros(panel.shape[1], panel.dtype)))


def _vectors(panel: jax.Array, start: Any) -> jax.Array:
    """The reflectors of a packed panel, in full: one on the diagonal, zero above."""
    depth = jnp.arange(panel.shape[0])[:, None] - start - jnp.arange(panel.shape[1])
    return jnp.where(depth > 0, panel, (depth == 0).astype(panel.dtype))


def _triangle(v: jax.Array, tau: jax.Array) -> jax.Array:
    """LAPACK xLARFT: the upper triangular T with `H_1 H_2 ... = I - V T V^H`."""
    gram = jnp.conj(v.T) @ v
    columns = jnp.arange(tau.shape[0])

    def step(c: Any, t: jax.Array) -> jax.Array:
        factor = lax.dynamic_index_in_dim(tau, c, keepdims=False)
        earlier = jnp.where(columns < c, lax.dynamic_index_in_dim(gram, c, 1, keepdims=False), 0)
        column = jnp.where(columns == c, factor, -factor * (t @ earlier))
        return jnp.where(columns == c, column[:, None], t)

    return loop(tau.shape[0], step, jnp.zeros((tau.shape[0],) * 2, tau.dtype))


def _columns(a: jax.Array, tau: jax.Array) -> jax.Array:
    m, n = a.shape
    count = tau.shape[0]
    if not count:
        return jnp.eye(m, n, dtype=a.dtype)
    block = min(_BLOCK, count)
    padded = -(-count // block) * block
    packed = jnp.pad(a[:, :count], ((0, 0), (0, padded - count)))
    taus = jnp.pad(tau, (0, padded - count))
    last = padded // block - 1

    def step(k: Any, q: jax.Array) -> jax.Array:
        start = (last - k) * block
        v = _vectors(lax.dynamic_slice(packed, (0, start), (m, block)), start)
        t = _triangle(v, lax.dynamic_slice(taus, (start,), (block,)))
        return q - v @ (t @ (jnp.conj(v.T) @ q))

    q = jnp.eye(m, n, dtype=a.dtype)
    return loop(last + 1, step, q)
