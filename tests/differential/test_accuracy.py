"""Functions as compiled are right to a few units in the last place, near 0 too, against numpy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc

SIZES = np.logspace(-12, 2, 4000)
X = np.concatenate([-SIZES, SIZES])
NEAR_ZERO = np.concatenate([-np.logspace(-12, -1e-6, 4000), np.logspace(-12, 2, 4000)])


def compiled(function: Any, *arguments: Any) -> list[Any]:
    exported = export.export(jax.jit(function))(*arguments)
    return list(webtensorc_runtime.load(webtensorc.compile(exported, cache=False))(*arguments))


@pytest.mark.slow
def test_single_precision() -> None:
    x = X.astype(np.float32)
    found = compiled(lambda x: (jnp.sin(x), jnp.cos(x), jnp.tan(x)), x)
    for got, function in zip(found, (np.sin, np.cos, np.tan), strict=True):
        np.testing.assert_allclose(got, function(x.astype(np.float64)), rtol=2.5e-7)


@pytest.mark.slow
def test_double_precision() -> None:
    with jax.enable_x64(True):
        found = compiled(
            lambda x, y: (jnp.expm1(x), jnp.log1p(y), jnp.arcsinh(x), jnp.tanh(x), lax.rem(x * 1e300, y)), X, NEAR_ZERO
        )
    wanted = (np.expm1(X), np.log1p(NEAR_ZERO), np.arcsinh(X), np.tanh(X), np.fmod(X * 1e300, NEAR_ZERO))
    for got, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-15)
