"""Cholesky factors, blocked and right-looking.

Golub and Van Loan, Matrix Computations, 4th edition, algorithm 4.2.10. The error is that of LAPACK's potrf:
`|A - L L^H| <= c n eps |A|` with a small constant c (theorem 10.5 in Higham, Accuracy and Stability, 2nd edition).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions._loops import loop

_BLOCK = 32


@expands(*lapack("potrf"), *gpu("solver_potrf"), fixed=2)
def potrf(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """LAPACK xPOTRF: the factor in the triangle `uplo`; `info` is 1 where a matrix is not positive definite."""
    if call.is_lower:
        factor = cholesky(a)
    else:
        factor = jnp.conj(jnp.swapaxes(cholesky(jnp.conj(jnp.swapaxes(a, -1, -2))), -1, -2))
    diagonal = jnp.real(jnp.diagonal(factor, axis1=-2, axis2=-1))
    return factor, jnp.any(~(diagonal > 0), axis=-1).astype(jnp.int32)


@expands("stablehlo.cholesky", fixed=2)
def op(call: Call, a: jax.Array) -> tuple[jax.Array]:
    """StableHLO `cholesky`: NaN where a matrix is not positive definite; half precision is computed in float32."""
    wide = a.astype(jnp.promote_types(a.dtype, jnp.float32))
    if call.attributes.get("lower"):
        return (cholesky(wide).astype(a.dtype),)
    return (jnp.conj(jnp.swapaxes(cholesky(jnp.conj(jnp.swapaxes(wide, -1, -2))), -1, -2)).astype(a.dtype),)


def cholesky(a: jax.Array) -> jax.Array:
    """Lower factors of Hermitian matrices `[..., n, n]`, of which only the lower triangle is read."""
    if 0 in a.shape:
        return a
    factor: jax.Array = jnp.vectorize(_cholesky, signature="(n,n)->(n,n)")(a)
    return factor


def _cholesky(a: jax.Array) -> jax.Array:
    n = a.shape[0]
    block = min(_BLOCK, n)
    padded = -(-n // block) * block
    a = jnp.pad(a, (0, padded - n)) + jnp.diag((jnp.arange(padded) >= n).astype(a.dtype))

    def step(k: Any, a: jax.Array) -> jax.Array:
        start = k * block
        panel = _panel(lax.dynamic_slice(a, (0, start), (padded, block)), start)
        return lax.dynamic_update_slice(a - panel @ jnp.conj(panel.T), panel, (0, start))

    a = loop(padded // block, step, a)
    return jnp.tril(a)[:n, :n]


def _panel(panel: jax.Array, start: Any) -> jax.Array:
    """The columns of the factor that begin at `start`, zero above the diagonal."""
    rows = jnp.arange(panel.shape[0])
    columns = jnp.arange(panel.shape[1])

    def step(c: Any, panel: jax.Array) -> jax.Array:
        column = lax.dynamic_index_in_dim(panel, c, 1, keepdims=False)
        pivot = jnp.sqrt(jnp.real(lax.dynamic_index_in_dim(column, start + c, keepdims=False)))
        column = jnp.where(rows < start + c, 0, column / pivot.astype(column.dtype))
        column = jnp.where(rows == start + c, pivot.astype(column.dtype), column)
        head = lax.dynamic_slice(column, (start,), (panel.shape[1],))
        later = jnp.where(columns > c, jnp.conj(head), 0)
        panel = panel - column[:, None] * later[None, :]
        return jnp.where(columns == c, column[:, None], panel)

    return loop(panel.shape[1], step, panel)
