"""Powers of any base are C's, at every width; the native compiler has NaN for all negative bases."""

from __future__ import annotations

import jax
import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc

BASES = [-2, -0.63, -6.8, 2, 0, -0.0, -1, 1, np.inf, -np.inf, np.nan]
EXPONENTS = [-9, -5, -4, -1, 0, 1, 2, 3, 0.5, -0.5, 17, 1e9, np.inf, -np.inf, np.nan]


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float16, 1e-3), (ml_dtypes.bfloat16, 1e-2)])
def test_powers_are_cs(dtype: type, tolerance: float) -> None:
    with np.errstate(over="ignore"):  # 1e9 is infinite in float16
        x = np.repeat(BASES, len(EXPONENTS)).astype(dtype)
        y = np.tile(EXPONENTS, len(BASES)).astype(dtype)
    module = webtensorc_runtime.load(webtensorc.compile(export.export(jax.jit(lax.pow))(x, y), cache=False))
    found = module(x, y)[0].astype(np.float64)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.float64), y.astype(np.float64)).astype(dtype).astype(np.float64)
    np.testing.assert_allclose(found, wanted, rtol=tolerance)
    is_number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found)[is_number], np.signbit(wanted)[is_number])
