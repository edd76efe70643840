"""Powers of any base are C's, at every width, to less than a unit in the last place; the native compiler's are not."""

from __future__ import annotations

import jax
import ml_dtypes
import mpmath
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc

BASES = [-2, -0.63, -6.8, 2, 0, -0.0, -1, 1, np.inf, -np.inf, np.nan]
EXPONENTS = [-9, -5, -4, -1, 0, 1, 2, 3, 0.5, -0.5, 17, 1e9, np.inf, -np.inf, np.nan]
WIDE = [np.float32, np.float64]


def power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        exported = export.export(jax.jit(lax.pow))(x, y)
    (found,) = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))(x, y)
    return np.asarray(found)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [*WIDE, np.float16, ml_dtypes.bfloat16])
def test_powers_are_cs(dtype: type) -> None:
    with np.errstate(over="ignore"):  # 1e9 is infinite in float16
        x = np.repeat(BASES, len(EXPONENTS)).astype(dtype)
        y = np.tile(EXPONENTS, len(BASES)).astype(dtype)
    found = power(x, y).astype(np.float64)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), y.astype(np.float64)).astype(dtype).astype(np.float64)
    np.testing.assert_allclose(found, wanted, rtol=float(ml_dtypes.finfo(dtype).eps))
    is_number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found)[is_number], np.signbit(wanted)[is_number])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", WIDE)
def test_powers_are_off_by_less_than_a_unit(dtype: type) -> None:
    rng = np.random.default_rng(0)
    most = -np.log(np.finfo(dtype).tiny) - 1
    near_one = 1 + rng.uniform(1e-4, 1e-3, 1000) * rng.choice([-1, 1], 1000)
    x = np.concatenate([np.exp(rng.uniform(-most, most, 1000)), near_one]).astype(dtype)
    y = (rng.uniform(-most, most, x.size) / np.log(x.astype(np.float64))).astype(dtype)
    x[0], y[0] = np.finfo(dtype).max, 1
    found = power(x, y)
    with mpmath.workdps(50):
        exact = [mpmath.power(float(a), float(b)) for a, b in zip(x, y, strict=True)]
        wrong = [float(got / right - 1) for got, right in zip(map(mpmath.mpf, map(float, found)), exact, strict=True)]
    fractions, _ = np.frexp([float(each) for each in exact])  # the last place is worth eps / 2 / fraction of a number
    assert np.max(np.abs(wrong) * 2 * fractions) < 0.96 * np.finfo(dtype).eps


@pytest.mark.slow
@pytest.mark.parametrize("dtype", WIDE)
def test_powers_that_are_numbers_are_those(dtype: type) -> None:
    x, y = (each.ravel().astype(dtype) for each in np.meshgrid(np.arange(-60, 61), [1, 2, 3, 4]))
    np.testing.assert_array_equal(power(x, y), x**y)


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("dtype", [*WIDE, np.float16, ml_dtypes.bfloat16])
def test_powers_by_known_quarters_are_cs(dtype: type, quarters: int) -> None:
    spread = np.exp(np.random.default_rng(0).uniform(-45, 45, 500))
    with np.errstate(over="ignore"):
        x = np.concatenate([BASES, spread, np.arange(20) ** 4]).astype(dtype)
    with jax.enable_x64(True):
        exported = export.export(jax.jit(lambda x: lax.pow(x, np.asarray(quarters / 4, dtype))))(x)
    (found,) = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))(x)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), np.full(x.size, quarters / 4)).astype(dtype)
    np.testing.assert_allclose(found.astype(float), wanted.astype(float), rtol=2 * float(ml_dtypes.finfo(dtype).eps))
    signs = (np.signbit(each.astype(float))[~np.isnan(wanted.astype(float))] for each in (found, wanted))
    np.testing.assert_array_equal(*signs)
