"""The tensor forms of library calls and of float64 functions, against numpy and LAPACK."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webtensorc.frontends.stablehlo.expansion import Call, expansions

Array = np.ndarray[Any, Any]


def run(name: str, *operands: Array, dtype: str = "", results: tuple[Any, ...] = (), **attributes: Any) -> list[Array]:
    with jax.enable_x64(True):
        return [np.asarray(each) for each in compiled(name, dtype, results, tuple(attributes.items()))(*operands)]


@functools.cache
def compiled(name: str, dtype: str, results: tuple[Any, ...], attributes: tuple[Any, ...]) -> Callable[..., Any]:
    function = expansions()[name, dtype]
    return jax.jit(lambda *given: function(Call(name, dict(attributes), results), *given))


def matrix(m: int, n: int, dtype: str = "float64", seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((m, n))
    return (values + 1j * rng.standard_normal((m, n)) if dtype.startswith("complex") else values).astype(dtype)


def adjoint(a: Array) -> Array:
    return np.conj(np.swapaxes(a, -1, -2))


@pytest.mark.parametrize("n", [1, 7, 45])
def test_cholesky(n: int) -> None:
    a = matrix(n, n, "complex128")
    a = a @ adjoint(a) + np.eye(n)
    factor, info = run("lapack_zpotrf_ffi", a, uplo=ord("L"))
    np.testing.assert_allclose(factor, np.linalg.cholesky(a), rtol=1e-12, atol=1e-12)
    assert info == 0
    factor, info = run("lapack_dpotrf_ffi", -np.eye(3), uplo=ord("U"))
    assert info != 0


@pytest.mark.parametrize(("m", "n"), [(5, 5), (37, 45), (45, 37)])
def test_lu_and_qr_are_lapacks(m: int, n: int) -> None:
    a = matrix(m, n)
    factors, pivots, _ = run("lapack_dgetrf_ffi", a)
    packed, tau = run("lapack_dgeqrf_ffi", a)
    k = min(m, n)
    (q,) = run("lapack_dorgqr_ffi", packed[:, :k], tau)
    np.testing.assert_allclose(q @ np.triu(packed)[:k], a, atol=1e-12)
    np.testing.assert_allclose(q, np.linalg.qr(a)[0], atol=1e-12)
    wanted, order, _ = (np.asarray(each) for each in _x64(lambda: jax.lax.linalg.lu(a)))
    np.testing.assert_allclose(factors, wanted, atol=1e-12)
    np.testing.assert_array_equal(pivots - 1, order)


def _x64(function: Callable[[], Any]) -> Any:
    with jax.enable_x64(True):
        return function()


@pytest.mark.parametrize("trans", "NTC")
@pytest.mark.parametrize(("side", "uplo", "diag"), ["LLN", "LUU", "RLU", "RUN"])
def test_triangular_systems(side: str, uplo: str, diag: str, trans: str) -> None:
    a, b = matrix(5, 5, "complex128"), matrix(5, 5, "complex128", 1)
    names = {"side": side, "uplo": uplo, "diag": diag, "trans_x": trans}
    (x,) = run("lapack_ztrsm_ffi", a, b, **{name: ord(letter) for name, letter in names.items()})
    triangle = np.tril(a) if uplo == "L" else np.triu(a)
    if diag == "U":
        triangle = triangle - np.diag(np.diag(a)) + np.eye(5)
    triangle = {"N": triangle, "T": triangle.T, "C": adjoint(triangle)}[trans]
    np.testing.assert_allclose(triangle @ x if side == "L" else x @ triangle, b, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_eigenvalues_of_hermitian_matrices(dtype: str) -> None:
    a = matrix(9, 9, dtype)
    a = a + adjoint(a)
    name = "lapack_ssyevd_ffi" if dtype == "float32" else "lapack_zheevd_ffi"
    vectors, values, _ = run(name, a, uplo=ord("L"))
    eps = 50 * float(np.finfo(a.dtype).eps)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(a), atol=10 * eps)
    np.testing.assert_allclose(a @ vectors, vectors * values, atol=10 * eps)
    np.testing.assert_allclose(adjoint(vectors) @ vectors, np.eye(9), atol=eps)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (6, 6)])
def test_singular_values_even_of_singular_matrices(shape: tuple[int, int], dtype: str) -> None:
    a = matrix(*shape, dtype)
    a[:, 1] = a[:, 0]
    a[:, 2] = 0
    m, n = shape
    k = min(shape)
    kinds = ((m, n), (k,), (m, m), (n, n), ())
    results = tuple((np.dtype(dtype), kind) for kind in kinds)
    name = "lapack_dgesdd_ffi" if dtype == "float64" else "lapack_zgesdd_ffi"
    _, s, u, vh, _ = run(name, a, results=results, mode=ord("A"))
    np.testing.assert_allclose(s, np.linalg.svd(a)[1], atol=1e-13)
    np.testing.assert_allclose((u[:, :k] * s) @ vh[:k], a, atol=1e-13)
    np.testing.assert_allclose(adjoint(u) @ u, np.eye(m), atol=1e-13)
    np.testing.assert_allclose(vh @ adjoint(vh), np.eye(n), atol=1e-13)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "stablehlo.sine": np.sin,
    "stablehlo.cosine": np.cos,
    "stablehlo.tan": np.tan,
    "stablehlo.tanh": np.tanh,
    "stablehlo.cbrt": np.cbrt,
    "stablehlo.exponential_minus_one": np.expm1,
}
NUMBERS = st.floats(-1e5, 1e5, allow_subnormal=False)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.lists(NUMBERS, min_size=8, max_size=8))
@example([0.0, -0.0, np.inf, -np.inf, np.nan, np.pi, 1.0, 3 * np.pi / 4])
@settings(max_examples=50, deadline=None)
def test_functions_of_one_number(name: str, numbers: list[float]) -> None:
    x = np.array(numbers)
    with np.errstate(invalid="ignore", over="ignore"):
        wanted = FUNCTIONS[name](x)
    np.testing.assert_allclose(run(name, x, dtype="float64")[0], wanted, rtol=1e-14, atol=1e-300)


@given(st.lists(NUMBERS, min_size=4, max_size=4), st.lists(NUMBERS, min_size=4, max_size=4))
@example([0.0, -0.0, np.inf, -np.inf], [0.0, -0.0, np.inf, 1.0])
@settings(max_examples=50, deadline=None)
def test_angles(left: list[float], right: list[float]) -> None:
    y, x = np.array(left), np.array(right)
    np.testing.assert_allclose(
        run("stablehlo.atan2", y, x, dtype="float64")[0], np.arctan2(y, x), rtol=1e-14, atol=1e-300
    )


ANY = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=8, max_size=8)


@given(ANY, ANY)
@example([1e308, -1e308, 5e-324, 3.0, 7.5, -0.0, np.inf, 1.0], [3e-324, 7.0, 1e308, 0.0, np.inf, 2.0, 1.0, np.nan])
@settings(max_examples=200, deadline=None)
def test_remainders_are_exact(left: list[float], right: list[float]) -> None:
    x, y = np.array(left), np.array(right)
    with np.errstate(invalid="ignore"):
        wanted = np.fmod(x, y)
    (found,) = run("stablehlo.remainder", x, y, dtype="float64")
    np.testing.assert_array_equal(found, wanted)
    is_number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found)[is_number], np.signbit(wanted)[is_number])


@pytest.mark.parametrize("name", ["stablehlo.sine", "stablehlo.cosine", "stablehlo.tan"])
def test_single_precision_is_right_to_its_last_bits(name: str) -> None:
    size = np.logspace(-30, 6.6, 20000, dtype=np.float32)
    x = np.concatenate([size, -size])
    wanted = FUNCTIONS[name](x.astype(np.float64))
    np.testing.assert_allclose(run(name, x, dtype="float32")[0], wanted, rtol=2.5e-7, atol=0)


@pytest.mark.parametrize("name", ["stablehlo.sine", "stablehlo.cosine", "stablehlo.tan"])
def test_large_numbers_in_double_precision(name: str) -> None:
    size = np.logspace(0, 12, 20000)
    x = np.concatenate([size, -size])
    np.testing.assert_allclose(run(name, x, dtype="float64")[0], FUNCTIONS[name](x), rtol=1e-15, atol=0)
