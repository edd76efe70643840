"""Eigenvalues and eigenvectors of Hermitian matrices by Jacobi's method, two-sided and parallel.

Golub and Van Loan, Matrix Computations, 4th edition, section 8.5. Sweeps end when what is off the diagonal is below
`eps |A|` in the Frobenius norm, so that eigenvalues are right to a small multiple of `eps |A|`; eigenvectors are
orthonormal to `n eps` and their signs are arbitrary. A sweep costs `O(n^3)`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands, gpu, lapack
from webtensorc.frontends.stablehlo.expansions._jacobi import (
    Planes,
    conjugate,
    ordered,
    planes,
    rotate,
    rotation,
    squares,
    sweep_until,
    whole,
)
from webtensorc.frontends.stablehlo.expansions._loops import loop


@expands(*lapack("syevd", "sd"), *lapack("heevd", "cz"), *gpu("solver_syevd"), fixed=2)
def syevd(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """LAPACK xSYEVD and xHEEVD: eigenvectors in columns, eigenvalues ascending, `info` 0."""
    vectors, values = _decomposed(a, call.is_lower)
    return vectors, values, jnp.zeros(a.shape[:-2], jnp.int32)


_LOWER = (0, 122)
"""cuBLAS's and hipBLAS's number for the lower triangle."""


@expands(*(f"{vendor}solver_{routine}" for vendor in ("cu", "hip") for routine in ("syevd", "syevj")))
def syevd_descriptor(call: Call, a: jax.Array) -> tuple[jax.Array, ...]:
    """The same as older versions of jaxlib call it, with a C structure: dtype, triangle, sizes; and a workspace."""
    triangle = int.from_bytes(call.attributes["options"][4:8].encode("latin-1"), "little")
    vectors, values = _decomposed(a, triangle in _LOWER)
    return vectors, values, *(jnp.zeros(shape, dtype) for dtype, shape in call.results[2:])


@expands("Eigh", fixed=2)
def eigh(call: Call, a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """XLA's for TPUs, whose options begin with whether the lower triangle is read: the same without `info`."""
    return _decomposed(a, call.attributes["options"].startswith("1"))


def _decomposed(a: jax.Array, is_lower: bool) -> tuple[jax.Array, jax.Array]:
    """Eigenvectors and eigenvalues of matrices `[..., n, n]`, of which one triangle is read."""
    batch, n = a.shape[:-2], a.shape[-1]
    real = jnp.finfo(a.dtype).dtype
    if 0 in a.shape:
        return a, jnp.zeros((*batch, n), real)
    lower = jnp.tril(a, -1) if is_lower else jnp.conj(jnp.swapaxes(jnp.triu(a, 1), -1, -2))
    diagonal = jnp.real(jnp.diagonal(a, axis1=-2, axis2=-1))[..., None] * jnp.eye(n, dtype=real)
    whole = lower + jnp.conj(jnp.swapaxes(lower, -1, -2)) + diagonal
    values, vectors = jnp.vectorize(_eigh, signature="(n,n)->(n),(n,n)")(whole)
    return vectors, values


def _eigh(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    n = a.shape[0]
    half = -(-n // 2)
    work = planes(jnp.pad(a, (0, 2 * half - n)))  # of an odd number one sits out: its rotations are the identity
    vectors = planes(jnp.eye(2 * half, dtype=a.dtype))

    def error(state: tuple[Planes, Planes]) -> jax.Array:
        off = jnp.where(jnp.eye(2 * half, dtype=bool), 0, squares(state[0]))
        return jnp.sqrt(jnp.sum(off))

    def sweep(state: tuple[Planes, Planes]) -> tuple[Planes, Planes]:
        return loop(2 * half - 1, lambda _, state: _step(*state, half), state)

    limit = jnp.finfo(a.dtype).eps * jnp.sqrt(jnp.sum(squares(work)))
    work, vectors = sweep_until(limit, sweep, (work, vectors), error)
    values, rows = ordered(jnp.diagonal(work[0])[:n], tuple(each[:n, :n] for each in vectors))
    return values, whole(conjugate(_transposed(rows)))


def _step(a: Planes, vectors: Planes, half: int) -> tuple[Planes, Planes]:
    """Rotate the pairs `(i, half + i)`, rows and columns, then move on to the next pairs.

    `vectors` holds the conjugate transpose of the eigenvectors: its rows go with those of `a`.
    """
    diagonal = jnp.diagonal(a[0])
    c, s = rotation(diagonal[:half], diagonal[half:], tuple(jnp.diagonal(each[:half, half:]) for each in a))
    s = conjugate(s)  # `rotation` speaks of columns
    a = _adjoint(rotate(_adjoint(rotate(a, c, s)), c, s))
    return a, rotate(vectors, c, s)


def _transposed(x: Planes) -> Planes:
    return tuple(each.T for each in x)


def _adjoint(x: Planes) -> Planes:
    return conjugate(_transposed(x))
