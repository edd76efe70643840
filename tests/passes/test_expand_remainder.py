"""Remainders of float64 are exact for every pair of signs and magnitudes, infinities and NaN included."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc


@pytest.mark.slow
def test_remainders_equal_those_of_libm() -> None:
    rng = np.random.default_rng(0)
    # No subnormal numbers: worker threads of the runtime flush them to zero.
    some = [3e-308, 1e-300, 0.1, 1, 3, 7.5, 1e10, 1e300, 1.7e308, np.inf, np.nan, 0.0]
    some += list(rng.standard_normal(6) * 10.0 ** rng.integers(-250, 300, 6))
    x, y = (each.ravel() for each in np.meshgrid(np.array([*some, *(-v for v in some)]), np.array(some)))
    with np.errstate(invalid="ignore"):
        wanted = np.fmod(x, y)
    is_normal = (wanted == 0) | ~(np.abs(wanted) < np.finfo(np.float64).tiny)
    x, y, wanted = x[is_normal], y[is_normal], wanted[is_normal]
    with jax.enable_x64(True):
        exported = export.export(jax.jit(lax.rem))(x, y)
    (found,) = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))(x, y)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0])
