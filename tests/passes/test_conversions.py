"""Floats beyond an integer type become what XLA makes of them, in vectors, in single numbers and in known values."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from jax import export

import webtensorc
from webtensorc.frontends.onnx.operators.cast import convert

NUMBERS = [
    *(0.0, -0.9, 1.7, -1.7, 127.9, 128, -128.9, -129, 255.9, 256, 32768, -4e4, 65536, 2.0**31, -(2.0**31), -3e9),
    *(2.0**32, 5e9, 2.0**63, -(2.0**63), -1e19, 2.0**64, 1e30, -1e30, np.inf, -np.inf, np.nan),
]
INTEGERS = [np.dtype(f"{sign}int{bits}") for sign in ("u", "") for bits in (8, 16, 32, 64)]


def numbers(dtype: type) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.array(NUMBERS).astype(dtype)


def converted(*arrays: jax.Array) -> list[jax.Array]:
    return [each.astype(kind) for each in arrays for kind in INTEGERS]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_compiled_conversions_are_xlas(dtype: type) -> None:
    x = numbers(dtype)
    arrays = [x, *(x[-i].reshape(()) for i in (1, 2, 3, 5, 12))]
    with jax.enable_x64(True):
        exported = export.export(jax.jit(converted))(*arrays)
        wanted = converted(*map(jnp.asarray, arrays))
    found = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))(*arrays)
    for got, right in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_known_values_are_converted_alike(dtype: type) -> None:
    x = numbers(dtype)
    with jax.enable_x64(True):
        for kind in INTEGERS:
            found = convert(x, kind)
            assert isinstance(found, np.ndarray) and found.dtype == kind
            np.testing.assert_array_equal(found, jnp.asarray(x).astype(kind))
