"""Triangular systems by block substitution; diagonal blocks are inverted.

`X_k = inv(A_kk) (B_k - A_k X)` for one block of rows after the other. Inverting well-sized diagonal blocks keeps the
residual within a small multiple of `n eps |A| |X|` times the condition of a block (Higham, Accuracy and Stability, 2nd
edition, sections 8.1 and 14.2).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands, lapack
from webtensorc.frontends.stablehlo.expansions._loops import loop

_BLOCK = 32


@expands(*lapack("trsm"), fixed=2)
def trsm(call: Call, a: jax.Array, b: jax.Array) -> tuple[jax.Array]:
    """BLAS xTRSM with alpha = 1."""
    given = {name: chr(call.attributes[name]) for name in ("side", "uplo", "trans_x", "diag")}
    trans = given["trans_x"]
    return (
        solve(
            jnp.conj(a) if trans == "C" else a,
            b,
            left=given["side"] == "L",
            lower=given["uplo"] == "L",
            transpose=trans in "TC",
            unit=given["diag"] == "U",
        ),
    )


@expands("stablehlo.triangular_solve", fixed=2)
def op(call: Call, a: jax.Array, b: jax.Array) -> tuple[jax.Array]:
    """StableHLO `triangular_solve`; half precision is computed in float32."""
    trans = call.attributes["transpose_a"]
    wide = jnp.promote_types(a.dtype, jnp.float32)
    x = solve(
        (jnp.conj(a) if "ADJOINT" in trans else a).astype(wide),
        b.astype(wide),
        left=call.attributes["left_side"],
        lower=call.attributes["lower"],
        transpose="NO_TRANSPOSE" not in trans,
        unit=call.attributes["unit_diagonal"],
    )
    return (x.astype(b.dtype),)


def solve(
    a: jax.Array, b: jax.Array, *, left: bool = True, lower: bool = True, transpose: bool = False, unit: bool = False
) -> jax.Array:
    """`X` with `op(A) X = B`, or `X op(A) = B` where not `left`; only the named triangle of `A` is read.

    Args:
        a: `[..., n, n]`.
        b: `[..., n, m]`, or `[..., m, n]` where not `left`.
        left: the side of `A`.
        lower: the triangle.
        transpose: `op(A)` is the transpose.
        unit: the diagonal counts as ones.
    """
    if 0 in b.shape or 0 in a.shape:
        return b
    if not left:
        turned = solve(a, jnp.swapaxes(b, -1, -2), lower=lower, transpose=not transpose, unit=unit)
        return jnp.swapaxes(turned, -1, -2)
    if transpose:
        return solve(jnp.swapaxes(a, -1, -2), b, lower=not lower, unit=unit)
    if not lower:
        flipped = solve(jnp.flip(a, (-1, -2)), jnp.flip(b, -2), unit=unit)
        return jnp.flip(flipped, -2)
    x: jax.Array = jnp.vectorize(lambda a, b: _forward(a, b, unit), signature="(n,n),(n,m)->(n,m)")(a, b)
    return x


def _forward(a: jax.Array, b: jax.Array, unit: bool) -> jax.Array:
    n = a.shape[0]
    block = min(_BLOCK, n)
    padded = -(-n // block) * block
    diagonal = jnp.where(jnp.arange(padded) >= n, 1, jnp.pad(jnp.diagonal(a), (0, padded - n)))
    a = jnp.tril(jnp.pad(a, (0, padded - n)), -1)
    a = a + jnp.diag(jnp.ones_like(diagonal) if unit else diagonal)
    b = jnp.pad(b, ((0, padded - n), (0, 0)))
    count = padded // block
    tiles = a.reshape(count, block, count, block)
    index = jnp.arange(count)
    inverses = jax.vmap(_inverse)(tiles[index, :, index, :])
    if count == 1:
        return (inverses[0] @ b)[:n]
    strict = jnp.where((index[:, None, None, None] > index[None, None, :, None]), tiles, 0).reshape(padded, padded)

    def step(k: Any, x: jax.Array) -> jax.Array:
        rows = lax.dynamic_slice(strict, (k * block, 0), (block, padded))
        right = lax.dynamic_slice(b, (k * block, 0), (block, b.shape[1])) - rows @ x
        return lax.dynamic_update_slice(
            x, lax.dynamic_index_in_dim(inverses, k, keepdims=False) @ right, (k * block, 0)
        )

    return loop(count, step, jnp.zeros_like(b))[:n]


def _inverse(a: jax.Array) -> jax.Array:
    """The inverse of one lower triangular block, by substitution for all columns of the identity at once."""
    size = a.shape[0]
    off = jnp.tril(a, -1)
    diagonal = jnp.diagonal(a)

    def step(i: Any, x: jax.Array) -> jax.Array:
        unit = (jnp.arange(size) == i).astype(a.dtype)
        row = unit - lax.dynamic_index_in_dim(off, i, keepdims=False) @ x
        row = row / lax.dynamic_index_in_dim(diagonal, i, keepdims=False)
        return lax.dynamic_update_slice(x, row[None], (i, 0))

    return loop(size, step, jnp.zeros_like(a))
