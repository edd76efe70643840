"""The largest and smallest elements of rows, found one after the other, beside a stable sort of numpy's."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtensorc.frontends.onnx import selection


def expected(x: np.ndarray, count: int, *, largest: bool) -> np.ndarray:
    """Positions by a stable sort; a NaN is the largest."""
    wide = x.astype(np.float64 if x.dtype.kind in "fV" else np.int64)
    if not largest:
        return np.argsort(wide, axis=-1, kind="stable")[..., :count]
    backwards = np.argsort(wide[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return x.shape[-1] - 1 - backwards[..., :count]


def check(x: np.ndarray, count: int, largest: bool) -> None:
    with jax.enable_x64(True):
        assert selection.fits(jax.numpy.asarray(x), count)
        found = selection.positions(jax.numpy.asarray(x), count, largest=largest)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected(x, count, largest=largest))


numbers = st.sampled_from([0.0, -0.0, 1.0, 1.0, -1.0, 3.5, np.inf, -np.inf, np.nan, 1.2e-38, -3e38])


@settings(deadline=None, max_examples=30)
@given(st.lists(numbers, min_size=24, max_size=24), st.booleans())
def test_equal_elements_and_what_is_not_finite(row: list[float], largest: bool) -> None:
    check(np.array([row, row[::-1]], np.float32), 2, largest)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "int16", "int32", "uint8", "uint32"])
@pytest.mark.parametrize("largest", [True, False])
def test_every_type(dtype: str, largest: bool) -> None:
    x = np.random.default_rng(0).integers(-100, 100, (2, 3, 90)).astype(jax.numpy.dtype(dtype))
    check(x, 11, largest)


@pytest.mark.parametrize("length", [4096, 5003])
@pytest.mark.parametrize("count", [16, 40])
def test_long_rows_are_divided(length: int, count: int) -> None:
    x = np.random.default_rng(0).integers(-300, 300, (3, length)).astype(np.float32)
    x[1] = np.nan
    check(x, count, largest=True)
    check(x, count, largest=False)
