"""LU factors with partial pivoting, blocked and right-looking.

Golub and Van Loan, Matrix Computations, 4th edition, section 3.4. The pivots are LAPACK's (the first largest
`|Re| + |Im|` of a column), and so is the error, `|P A - L U| <= c n eps |L| |U|`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions._loops import loop
from webtensorc.frontends.stablehlo.expansions.triangular_solve import solve

_BLOCK = 32


@expands(*lapack("getrf"), *gpu("solver_getrf"), fixed=2)
def getrf(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """LAPACK xGETRF: both factors in one matrix, pivots from 1, `info` (1 + the first zero pivot's number, or 0)."""
    count = min(a.shape[-2:])
    batch = a.shape[:-2]
    if 0 in a.shape:
        return a, jnp.zeros((*batch, count), jnp.int32), jnp.zeros(batch, jnp.int32)
    factors, pivots = _factors(a)
    zero = jnp.diagonal(factors, axis1=-2, axis2=-1)[..., :count] == 0
    info = jnp.where(jnp.any(zero, -1), 1 + jnp.argmax(zero, -1), 0)
    return factors, pivots + 1, info.astype(jnp.int32)


@expands("LuDecomposition", fixed=2)
def lu_decomposition(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """XLA's for TPUs: both factors in one matrix, pivots from 0, and the order of rows that they make."""
    factors, pivots = _factors(a)
    return factors, pivots, _order(pivots, a.shape[-2])


@expands("cu_lu_pivots_to_permutation", "hip_lu_pivots_to_permutation", fixed=1)
def permutation(call: Call, pivots: jax.Array) -> tuple[jax.Array]:
    """jaxlib's `lu_pivots_to_permutation`: where each row comes from after the swaps `[..., k]`, counted from 0."""
    return (_order(pivots, call.results[0][1][-1]),)


def _order(pivots: jax.Array, size: int) -> jax.Array:
    """Where each of `size` rows comes from; a swap with what is no row is none."""

    def one(swaps: jax.Array) -> jax.Array:
        def swap(i: Any, order: jax.Array) -> jax.Array:
            other = lax.dynamic_index_in_dim(swaps, i, keepdims=False)
            other = jnp.where(other < size, other, i).astype(jnp.int32)
            places = jnp.arange(size, dtype=jnp.int32)
            return order[jnp.where(places == i, other, jnp.where(places == other, jnp.asarray(i, jnp.int32), places))]

        return loop(swaps.shape[0], swap, jnp.arange(size, dtype=jnp.int32))

    order: jax.Array = jnp.vectorize(one, signature="(k)->(n)")(pivots)
    return order


def _factors(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    factors, pivots = jnp.vectorize(_lu, signature="(m,n)->(m,n),(k)")(a)
    return factors, pivots


def _lu(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Factors of one matrix `[m, n]` and its `min(m, n)` pivots, from 0."""
    m, n = a.shape
    count = min(m, n)
    block = min(_BLOCK, count)
    padded = -(-count // block) * block
    # The last block may reach past the pivoted columns, and past the rows: there its steps do nothing.
    left = jnp.pad(a[:, :count], ((0, 0), (0, padded - count)))
    work = jnp.pad(jnp.concatenate([left, a[:, count:]], 1), ((0, max(padded - m, 0)), (0, 0)))

    def step(k: Any, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        work, pivots = state
        start = k * block
        panel, order, found = _panel(lax.dynamic_slice(work, (0, start), (work.shape[0], block)), start, count)
        work = lax.dynamic_update_slice(work[order], panel, (0, start))
        return _update(work, panel, start), lax.dynamic_update_slice(pivots, found, (start,))

    state = (work, jnp.zeros(padded, jnp.int32))
    work, pivots = loop(padded // block, step, state)
    return jnp.concatenate([work[:m, :count], work[:m, padded:]], 1), pivots[:count]


def _panel(panel: jax.Array, start: Any, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The factored panel, the order into which its rows were brought, and its pivots."""
    m, block = panel.shape
    rows, columns = jnp.arange(m, dtype=jnp.int32), jnp.arange(block)

    def step(c: Any, state: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        panel, order, pivots = state
        j = jnp.asarray(start + c, jnp.int32)
        column = lax.dynamic_index_in_dim(panel, c, 1, keepdims=False)
        size = jnp.abs(jnp.real(column)) + jnp.abs(jnp.imag(column)) if jnp.iscomplexobj(column) else jnp.abs(column)
        pivot = jnp.where(j < count, jnp.argmax(jnp.where(rows >= j, size, -1)).astype(jnp.int32), j)
        swapped = jnp.where(rows == j, pivot, jnp.where(rows == pivot, j, rows))
        panel, order = panel[swapped], order[swapped]
        row = lax.dynamic_index_in_dim(panel, j, keepdims=False)
        column = lax.dynamic_index_in_dim(panel, c, 1, keepdims=False)
        head = lax.dynamic_index_in_dim(row, c, keepdims=False)
        below = (rows > j) & (j < count) & (head != 0)
        factor = jnp.where(below, column / head, 0)
        panel = panel - factor[:, None] * jnp.where(columns > c, row, 0)[None, :]
        panel = jnp.where((columns == c) & below[:, None], factor[:, None], panel)
        return panel, order, lax.dynamic_update_slice(pivots, pivot[None], (c,))

    return loop(block, step, (panel, rows, jnp.zeros(block, jnp.int32)))


def _update(work: jax.Array, panel: jax.Array, start: Any) -> jax.Array:
    """Everything right of the panel: its rows by substitution, what is below by a product."""
    (m, n), block = work.shape, panel.shape[1]
    later = jnp.arange(n) >= start + block
    rows = lax.dynamic_slice(work, (start, 0), (block, n))
    upper = jnp.where(later, solve(lax.dynamic_slice(panel, (start, 0), (block, block)), rows, unit=True), 0)
    lower = jnp.where((jnp.arange(m) >= start + block)[:, None], panel, 0)
    work = lax.dynamic_update_slice(work, jnp.where(later, upper, rows), (start, 0))
    return work - lower @ upper
