"""How the results of JAX's harnesses are compared: as JAX compares them, with exceptions that have a reason each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
from jax._src import public_test_util

Array = np.ndarray[Any, Any]
Arrays = Sequence[Array]

_SCALED = {"cumsum", "dot_general", "fft", "reduce_sum", "reduce_window_add"}
"""Every element is a sum, in an order of ours: rounding errors are relative to its terms, so to the largest element."""

FACTOR = 20.0
"""Constant of the backward error bounds: a factorisation may miss by `FACTOR n eps |A|`."""


def check(harness: Any, arguments: Arrays, found: Arrays, wanted: Arrays) -> None:
    """Raise AssertionError unless `found` agrees with JAX's results `wanted`."""
    assert len(found) == len(wanted), f"{len(found)} results instead of {len(wanted)}"
    for index, (got, right) in enumerate(zip(found, wanted, strict=True)):
        assert got.dtype == right.dtype and got.shape == right.shape, (
            f"result {index} is {got.dtype}{list(got.shape)}, expected {right.dtype}{list(right.shape)}"
        )
    if harness.group_name in _FACTORISATIONS and all(each.size for each in found):
        _FACTORISATIONS[harness.group_name](arguments[0], found, wanted)
        return
    if harness.group_name == "triangular_solve":
        _triangular(harness.params, *arguments, *found)
        return
    if harness.group_name == "approx_top_k":
        _top_k(arguments[0], found, wanted)
        return
    if harness.group_name == "sort" and not harness.params["is_stable"]:
        found, wanted = _in_one_order(harness, found), _in_one_order(harness, wanted)
    for got, right in zip(found, wanted, strict=True):
        tolerance = tolerance_of(harness, right.dtype)
        if exact := _exact(harness, right.dtype):
            right = _nearer(got, right, exact, arguments, tolerance)
        scale = max(1.0, float(np.max(np.abs(right)))) if harness.group_name in _SCALED and right.size else 1.0
        public_test_util._assert_numpy_allclose(got, right, atol=tolerance * scale, rtol=tolerance)


def _nearer(got: Array, right: Array, exact: Callable[..., Any], arguments: Arrays, tolerance: float) -> Array:
    """JAX's results, but for those that ours miss: in their place the exact ones, rounded.

    JAX's own functions are off by more than its tolerance (float64 `log1p` by 2.7e-14, where 1e-15 is allowed; the
    fourth power of a bfloat16, which JAX rounds twice, by 1.2 %, where 1 % is). A complex power is `e^(w log z)`: where
    `|w log z|` is large, rounding that product alone moves the result by as many units, in JAX as here; what the result
    moves by when its operands move by one unit is therefore not counted.
    """
    right = right.copy()
    for place in zip(
        *np.nonzero(~np.isclose(*_comparable(got, right), tolerance, tolerance, equal_nan=True)), strict=True
    ):
        given = [each[place] for each in np.broadcast_arrays(*arguments)]
        with mpmath.workdps(60):
            value = exact(*(mpmath.mpmathify(complex(x) if np.iscomplexobj(x) else float(x)) for x in given))
        right[place] = complex(value) if np.iscomplexobj(right) else float(value)
        if np.iscomplexobj(right) and len(given) == 2:
            condition = abs(complex(given[1]) * np.log(complex(given[0])))
            allowed = tolerance + condition * np.finfo(right.dtype).eps
            if abs(got[place] - right[place]) <= allowed * abs(right[place]):
                right[place] = got[place]
    return right


def _comparable(*arrays: Array) -> list[Array]:
    """Arrays as numpy compares them, which knows no bfloat16."""
    return [each.astype(np.float32) if each.dtype.itemsize == 2 else each for each in arrays]


def _exact(harness: Any, dtype: np.dtype[Any]) -> Callable[..., Any] | None:
    """The function that a harness tries, where JAX's own is less exact than its tolerance."""
    if harness.group_name == "integer_pow" and dtype.itemsize == 2:
        return lambda x: mpmath.power(x, harness.params["y"])
    return _EXACT.get(harness.group_name) if dtype.itemsize >= 8 else None


_EXACT: dict[str, Callable[..., Any]] = {
    "atanh": mpmath.atanh,
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "log1p": lambda x: mpmath.log(1 + x),
    "pow": lambda x, y: mpmath.power(x, y),
}


def _in_one_order(harness: Any, columns: Arrays) -> Arrays:
    """Columns with rows of equal keys ordered by the rest: an unstable sort may leave them in any order."""
    if columns[0].ndim != 1:
        return columns
    order = np.lexsort(columns[::-1])
    return [each[order] for each in columns]


def _top_k(operand: Array, found: Arrays, wanted: Arrays) -> None:
    """Equal values, and indices that point at them: which of equal elements is found is not specified."""
    assert np.array_equal(found[0], wanted[0], equal_nan=True), "other values than JAX's"
    assert np.array_equal(np.take_along_axis(operand, found[1], -1), found[0], equal_nan=True), "other elements"


def tolerance_of(harness: Any, dtype: np.dtype[Any]) -> float:
    """Relative and absolute tolerance: JAX's own for the dtype (`jax._src.public_test_util`).

    For a float32 convolution JAX's export test allows 100 times that, since another compiler adds the products up in
    another order; here the same holds for the other wide dtypes.
    """
    tolerance: float = public_test_util.default_tolerance()[np.dtype(dtype)]
    is_wide = np.dtype(dtype).kind in "fc" and np.finfo(dtype).eps < 1e-6
    return 100 * tolerance if harness.group_name == "conv_general_dilated" and is_wide else tolerance


# Factors are checked by what defines them, to the accuracy that is documented: two libraries' factors differ by as much
# as the matrix is badly conditioned, and the signs of eigenvectors and singular vectors are arbitrary.


def _eps(a: Array) -> float:
    """The unit of accuracy: half-precision matrices are factored in single precision and rounded at the end."""
    return 2.0**-8 if a.dtype.itemsize == 2 else float(np.finfo(a.dtype).eps)


def _close(got: Array, right: Array, eps: float, what: str) -> None:
    got, right = (each.astype(np.complex128) for each in (got, right))
    allowed = FACTOR * max(got.shape[-2:]) * eps * max(1.0, float(np.max(np.abs(right))))
    worst = float(np.max(np.abs(got - right)))
    assert worst <= allowed, f"{what}: off by {worst:.2e}, allowed {allowed:.2e}"


def _adjoint(a: Array) -> Array:
    return np.conj(np.swapaxes(a, -1, -2))


def _wide(*arrays: Array) -> list[Array]:
    return [each.astype(np.complex128) for each in arrays]


def _orthonormal(q: Array, eps: float, what: str) -> None:
    (q,) = _wide(q)
    _close(_adjoint(q) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*q.shape[:-2], *[q.shape[-1]] * 2)), eps, what)


def _cholesky(a: Array, found: Arrays, wanted: Arrays) -> None:
    (factor,) = _wide(found[0])
    assert not np.any(np.triu(factor, 1)), "the factor is not lower triangular"
    # JAX reads the lower triangle of the mean of A and its adjoint.
    _close(factor @ _adjoint(factor), (a + _adjoint(a)) / 2, _eps(a), "L L^H = A")


def _qr(a: Array, found: Arrays, wanted: Arrays) -> None:
    q, r = _wide(*found)
    assert not np.any(np.tril(r, -1)), "R is not upper triangular"
    _close(q @ r, a, _eps(a), "Q R = A")
    _orthonormal(q, _eps(a), "Q^H Q = I")
    diagonals = (np.real(np.diagonal(each, axis1=-2, axis2=-1)) for each in (r, wanted[1]))
    assert np.array_equal(*(each < 0 for each in diagonals)), "the signs of R are not LAPACK's"


def _lu(a: Array, found: Arrays, wanted: Arrays) -> None:
    factors, pivots, permutation = found
    assert np.array_equal(pivots, wanted[1]) and np.array_equal(permutation, wanted[2]), "other pivots than LAPACK's"
    k = min(a.shape[-2:])
    (wide,) = _wide(factors)
    product = (np.tril(wide, -1)[..., :k] + np.eye(wide.shape[-2], k)) @ np.triu(wide)[..., :k, :]
    _close(product, np.take_along_axis(a, permutation[..., None], -2), _eps(a), "L U = P A")


def _triangular(params: dict[str, Any], a: Array, b: Array, x: Array) -> None:
    eps, (a, b, x) = _eps(a), _wide(a, b, x)
    a = np.tril(a) if params["lower"] else np.triu(a)
    if params["unit_diagonal"]:
        a = a - a * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
    a = np.conj(a) if params["conjugate_a"] else a
    a = np.swapaxes(a, -1, -2) if params["tranpose_a"] else a  # the harness spells it so
    product = a @ x if params["left_side"] else x @ a
    size = np.abs(a) @ np.abs(x) if params["left_side"] else np.abs(x) @ np.abs(a)
    assert np.all(np.abs(product - b) <= FACTOR * a.shape[-1] * eps * (size + np.abs(b))), "A X = B does not hold"


def _eigh(a: Array, found: Arrays, wanted: Arrays) -> None:
    vectors, values = found
    _close(values, wanted[1], _eps(a), "eigenvalues")
    wide, right = _wide(vectors, wanted[0])
    whole = (right * wanted[1][..., None, :]) @ _adjoint(right)  # the matrix, without asking which triangle was read
    _close(whole @ wide, wide * values[..., None, :], _eps(a), "A V = V W")
    _orthonormal(vectors, _eps(a), "V^H V = I")


def _svd(a: Array, found: Arrays, wanted: Arrays) -> None:
    values = found[0]
    _close(values, wanted[0], _eps(a), "singular values")
    if len(found) == 3:
        u, vh = _wide(*found[1:])
        k = values.shape[-1]
        _close((u[..., :k] * values[..., None, :]) @ vh[..., :k, :], a, _eps(a), "U S V^H = A")
        _orthonormal(u, _eps(a), "U^H U = I")
        _orthonormal(_adjoint(vh), _eps(a), "V^H V = I")


_FACTORISATIONS: dict[str, Callable[[Array, Arrays, Arrays], None]] = {
    "cholesky": _cholesky,
    "eigh": _eigh,
    "lu": _lu,
    "qr": _qr,
    "svd": _svd,
}
