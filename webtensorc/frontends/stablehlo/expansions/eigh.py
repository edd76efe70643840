"""Eigenvalues and eigenvectors of Hermitian matrices by Jacobi's method, two-sided and parallel.

Golub and Van Loan, Matrix Computations, 4th edition, section 8.5. Sweeps end when what is off the diagonal is below
`eps |A|` in the Frobenius norm, so that eigenvalues are right to a small multiple of `eps |A|`; eigenvectors are
orthonormal to `n eps` and their signs are arbitrary. A sweep costs `O(n^3)`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands, lapack
from webtensorc.frontends.stablehlo.expansions._jacobi import advance, ordered, rotation, sweep_until
from webtensorc.frontends.stablehlo.expansions._loops import loop


@expands(*lapack("syevd", "sd"), *lapack("heevd", "cz"))
def syevd(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """LAPACK xSYEVD and xHEEVD: eigenvectors in columns, eigenvalues ascending, `info` 0."""
    batch, n = a.shape[:-2], a.shape[-1]
    real = jnp.finfo(a.dtype).dtype
    if 0 in a.shape:
        return a, jnp.zeros((*batch, n), real), jnp.zeros(batch, jnp.int32)
    lower = jnp.tril(a, -1) if call.attributes["uplo"] == ord("L") else jnp.conj(jnp.swapaxes(jnp.triu(a, 1), -1, -2))
    diagonal = jnp.real(jnp.diagonal(a, axis1=-2, axis2=-1))[..., None] * jnp.eye(n, dtype=real)
    whole = lower + jnp.conj(jnp.swapaxes(lower, -1, -2)) + diagonal
    values, vectors = jnp.vectorize(_eigh, signature="(n,n)->(n),(n,n)")(whole)
    return vectors, values, jnp.zeros(batch, jnp.int32)


def _eigh(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    n = a.shape[0]
    half = -(-n // 2)
    a = jnp.pad(a, (0, 2 * half - n))  # of an odd number one sits out: its rotations are the identity
    vectors = jnp.eye(2 * half, dtype=a.dtype)

    def error(state: tuple[jax.Array, jax.Array]) -> jax.Array:
        off = jnp.where(jnp.eye(2 * half, dtype=bool), 0, state[0])
        return jnp.sqrt(jnp.sum(jnp.real(off * jnp.conj(off))))

    def sweep(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        return loop(2 * half - 1, lambda _, state: _step(state[0], state[1], half), state)

    limit = jnp.finfo(a.dtype).eps * jnp.sqrt(jnp.sum(jnp.real(a * jnp.conj(a))))
    a, vectors = sweep_until(limit, sweep, (a, vectors), error)
    values, rows = ordered(jnp.real(jnp.diagonal(a))[:n], vectors[:n, :n])
    return values, jnp.conj(rows.T)


def _step(a: jax.Array, vectors: jax.Array, half: int) -> tuple[jax.Array, jax.Array]:
    """Rotate the pairs `(i, half + i)`, rows and columns, then move on to the next pairs.

    `vectors` holds the conjugate transpose of the eigenvectors: its rows go with those of `a`.
    """
    diagonal = jnp.real(jnp.diagonal(a))
    c, s = rotation(diagonal[:half], diagonal[half:], jnp.diagonal(a[:half, half:]))
    a = _rotate(a, c, s)
    a = jnp.conj(_rotate(jnp.conj(a.T), c, s).T)
    return a, _rotate(vectors, c, s)


def _rotate(x: jax.Array, c: jax.Array, s: jax.Array) -> jax.Array:
    """Apply a rotation to every pair of rows, and arrange the rows for the next pairs."""
    half: Any = c.shape[0]
    top, bottom = x[:half], x[half:]
    c, s = c[:, None].astype(x.dtype), s[:, None]
    return jnp.concatenate(advance(c * top - s * bottom, jnp.conj(s) * top + c * bottom))
