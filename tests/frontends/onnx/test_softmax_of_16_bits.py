"""Softmax of 16-bit numbers: rounded where the definition has results, its logarithm once."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtensorc.frontends.onnx.operators import activation


@pytest.mark.parametrize("function", [activation.softmax_1, activation.softmax_13])
@pytest.mark.parametrize("logarithm", [False, True])
@settings(deadline=None, max_examples=4)
@given(rows=st.integers(1, 5), length=st.integers(1, 300), dtype=st.sampled_from(["float16", "bfloat16"]))
def test_they_are_within_their_roundings(
    function: Callable[..., jax.Array], logarithm: bool, rows: int, length: int, dtype: str
) -> None:
    name = function.__name__.replace("softmax", "log_softmax") if logarithm else function.__name__
    x = (3 * np.random.default_rng(length).standard_normal((rows, length))).astype(jax.numpy.dtype(dtype))
    found = getattr(activation, name)(jax.numpy.asarray(x), axis=1)
    assert found.dtype == x.dtype
    wide = x.astype(np.float64)
    shifted = wide - wide.max(1, keepdims=True)
    total = np.exp(shifted).sum(1, keepdims=True)
    exact = shifted - np.log(total) if logarithm else np.exp(shifted) / total
    unit = np.abs(np.asarray(found).astype(np.float64)) * float(jax.numpy.finfo(x.dtype).eps) + 1e-7
    roundings = 1 if logarithm else 3  # of powers, their sum and the quotient
    assert (np.abs(np.asarray(found).astype(np.float64) - exact) <= 0.51 * roundings * unit + 1e-6).all()
