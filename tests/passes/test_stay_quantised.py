"""Maxima of integers, and quantisations that are left out: judged by the StableHLO interpreter, to the bit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from graph_models import same_results, traced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax

PASS = "inline-calls", "stay-quantised"


def dequantised(q: jax.Array, scale: np.float32, zero: int) -> jax.Array:
    return (q.astype(np.int32) - np.int32(zero)).astype(np.float32) * scale


def quantised(x: jax.Array, scale: np.float32, zero: int, dtype: type) -> jax.Array:
    info = np.iinfo(dtype)
    low, high = np.float32(info.min), np.float32(info.max)
    shifted = lax.round(x / scale, lax.RoundingMethod.TO_NEAREST_EVEN) + np.float32(zero)
    return jnp.minimum(jnp.where(shifted >= low, shifted, low), high).astype(np.int32).astype(dtype)


def largest(x: jax.Array, size: int, pads: tuple[int, int]) -> jax.Array:
    window, padding = (1, size, size, 1), ((0, 0), pads, pads, (0, 0))
    return lax.reduce_window(x, -np.inf, lax.max, window, (1, 2, 1, 1), padding)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.int8, np.uint8]),
    st.floats(2**-20, 2**20, width=32),
    st.integers(1, 3),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_results_are_the_same(seed: int, dtype: type, scale: float, size: int, pads: tuple[int, int]) -> None:
    rng, info, step = np.random.default_rng(seed), np.iinfo(dtype), np.float32(scale)
    zero = int(rng.integers(info.min, info.max + 1))

    def model(q: jax.Array) -> tuple[jax.Array, ...]:
        pooled = largest(dequantised(q, step, zero), size, pads)
        return quantised(pooled, step, zero, dtype), quantised(pooled, 2 * step, zero, dtype), pooled

    inputs = {"q": rng.integers(info.min, info.max + 1, (1, 5, 6, 2)).astype(dtype)}
    calls = same_results(traced(model, {}, inputs), inputs, PASS[0])
    changes = same_results(traced(model, {}, inputs), inputs, *PASS) - calls
    assert changes == (0 if max(pads) >= size else 2)  # a window of nothing but padding is no integer


def test_every_byte_stays_what_it_is() -> None:
    inputs = {"q": np.arange(-128, 128).astype(np.int8)}
    for scale in np.float32([0.0361806862, 1e-30, 1e30, 1 / 3]):

        def model(q: jax.Array, scale: np.float32 = scale) -> jax.Array:
            return quantised(dequantised(q, scale, -7), scale, -7, np.int8)

        assert same_results(traced(model, {}, inputs), inputs, *PASS) > 0


@pytest.mark.parametrize("scale", [np.float32(0), np.float32(-0.5), np.float32(1e-40), np.float32(1e38)])
def test_scales_that_are_kept(scale: np.float32) -> None:
    inputs = {"q": np.arange(-40, 40, 2).astype(np.int8).reshape(1, 5, 4, 2)}
    model = traced(lambda q: quantised(largest(dequantised(q, scale, 3), 2, (0, 0)), scale, 3, np.int8), {}, inputs)
    calls = same_results(model, inputs, PASS[0])
    assert same_results(model, inputs, *PASS) == calls
