"""float64 powers and complex128 reciprocal roots as arrays: special cases, and accuracy against exact arithmetic."""

from __future__ import annotations

import jax
import mpmath
import numpy as np

from webtensorc.frontends.stablehlo.expansion import Call
from webtensorc.frontends.stablehlo.expansions import complex_math, powers

SPECIAL = np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, 4, np.inf, -np.inf, np.nan, 1e300, -1e300, 2.0**53 + 1])


def test_special_cases_of_powers() -> None:
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    with np.errstate(all="ignore"), jax.enable_x64(True):
        (found,) = powers.power(Call("stablehlo.power", {}, ()), *map(jax.numpy.asarray, (x, y)))
        np.testing.assert_allclose(found, np.power(x, y), rtol=1e-13)


def test_powers_are_within_a_few_units() -> None:
    rng = np.random.default_rng(0)
    x, y = np.exp(rng.uniform(-30, 30, 300)), rng.uniform(-20, 20, 300)
    with jax.enable_x64(True):
        (found,) = powers.power(Call("stablehlo.power", {}, ()), *map(jax.numpy.asarray, (x, y)))
    with mpmath.workdps(50):
        exact = [mpmath.power(a, b) for a, b in zip(x, y, strict=True)]
        worst = max(abs(got / right - 1) for got, right in zip(map(float, found), exact, strict=True))
    assert worst < 4 * np.finfo(np.float64).eps


def test_reciprocal_roots_of_any_size() -> None:
    parts = np.array([0.0, -0.0, 1, -2, 1e-300, 3e300, -1e300])
    x, y = np.meshgrid(parts, parts)
    z = (x + 1j * y)[(x != 0) | (y != 0)]
    with jax.enable_x64(True):
        (found,) = complex_math.rsqrt(Call("stablehlo.rsqrt", {}, ()), jax.numpy.asarray(z))
        np.testing.assert_allclose(found, 1 / np.sqrt(z), rtol=1e-14)
        (limits,) = complex_math.rsqrt(Call("stablehlo.rsqrt", {}, ()), jax.numpy.asarray([0j, complex(np.inf, 1)]))
        np.testing.assert_array_equal(limits, [np.inf, 0])
