"""Standardised rows, run by an interpreter of the code that writes them, and found in a compiled model."""

from __future__ import annotations

import jax
import numpy as np
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from kernel_interpreter import Interpreter
from webtensorc_kernels import standardise
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.standardise import Rows

import webtensorc

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))
EPSILON = 1e-3


SMALL = 1e-7
"""A number that Python writes without a point, which MLIR wants."""


def reference(x: np.ndarray, centred: bool, epsilon: float = EPSILON) -> np.ndarray:
    """By the definition."""
    left = x - x.mean(-1, keepdims=True) if centred else x
    return left / np.sqrt((left * left).mean(-1, keepdims=True) + epsilon)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(2, 300), st.sampled_from(MACHINES), st.booleans())
def test_rows_of_any_length_are_right(rows: int, length: int, machine: Machine, centred: bool) -> None:
    x = np.random.default_rng(rows * length).standard_normal((rows, length)) + 1
    code = Interpreter(standardise.lanes(length, machine), {"%x": x})
    standardise.generate(Rows(rows, length, EPSILON, centred), Epilogue(), code)
    assert code.stored["%y"].all()
    np.testing.assert_allclose(code.arrays["%y"], reference(x, centred), rtol=1e-9, atol=1e-12)


def test_they_are_found_with_what_follows_and_spread_what_is_not_finite() -> None:
    def norms(x: jax.Array, scale: jax.Array) -> jax.Array:
        left = x - x.mean(-1, keepdims=True)
        y = left * lax.rsqrt((left * left).mean(-1, keepdims=True) + EPSILON) * scale
        return y / jax.numpy.sqrt((y * y).mean(-1, keepdims=True) + SMALL)

    x = np.random.default_rng(0).standard_normal((5, 77)).astype(np.float32)
    x[1, 3], x[2, 76] = np.nan, np.inf
    scale = np.linspace(1, 2, 77, dtype=np.float32)
    bundle = webtensorc.compile(jax.export.export(jax.jit(norms))(x, scale), cache=False)
    assert [each["family"] for each in bundle.artifacts[0].report["kernels"].values()] == ["rows", "rows"]
    (y,) = webtensorc_runtime.load(bundle)(x, scale)
    wide = reference(reference(x[[0, 3, 4]].astype(np.float64), centred=True) * scale, False, SMALL)
    np.testing.assert_allclose(y[[0, 3, 4]], wide, rtol=2e-6, atol=2e-6)
    assert np.isnan(y[1:3]).all()
