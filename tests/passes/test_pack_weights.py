"""Weights in panels: the graph means what it meant, kernels read them as they lie, and nobody else minds them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from graph_models import same_results, traced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax

import webtensorc

Array = Any


def products(wide: Array, square: Array, carried: Array, x: Array) -> Array:
    """One after the other, and as many again in a loop."""
    y = jnp.tanh(x @ wide) @ square
    state, _ = lax.scan(lambda state, row: (jnp.tanh((state + row) @ carried), None), y[:1], y[:, None])
    return y, state


def arrays(rng: np.random.Generator, rows: int, depth: int, columns: int) -> tuple[dict[str, Array], dict[str, Array]]:
    shapes = {"wide": (depth, columns), "square": (columns, columns), "carried": (columns, columns)}
    weights = {name: rng.standard_normal(shape, np.float32) / np.float32(8) for name, shape in shapes.items()}
    return weights, {"x": rng.standard_normal((rows, depth), np.float32)}


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 99), st.integers(1, 3), st.integers(1, 5), st.integers(33, 100))
def test_the_matrix_is_the_same(seed: int, rows: int, depth: int, columns: int) -> None:
    weights, inputs = arrays(np.random.default_rng(seed), rows, depth, columns)
    assert same_results(traced(products, weights, inputs), inputs, "pack-weights{smallest=0}") == 3


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "target"), [(100, "host"), (128, "x86-64-v3"), (100, "x86-64-v2")])
def test_kernels_read_panels(columns: int, target: str) -> None:
    """No dispatch makes a matrix of them, and where there are no kernels the numbers are right as well."""
    weights, inputs = arrays(np.random.default_rng(0), 5, 90, columns)
    model = traced(products, weights, inputs)
    expected = products(*weights.values(), **inputs)
    for disabled in ((), ("generate-kernels",)):
        without = ("unroll-loops", *disabled)  # the loop is to be seen
        bundle = webtensorc.compile(model, targets=(target,), cache=False, disabled_passes=without)
        assert {array.shape for array in bundle.model.weights.values()} == {(4, 90, 32), (4, columns, 32)}
        for ours, theirs in zip(webtensorc_runtime.load(bundle)(*inputs.values()), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
        kernels = bundle.artifacts[0].report.get("kernels", {})
        assert len([name for name in kernels if name.startswith("matmul")]) == (0 if disabled else 3)
        steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
        assert disabled or not [name for name in steps if "transpose" in name or "slow_memcpy" in name]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["host", "x86-64-v3", "x86-64-v2"])
def test_convolutions_of_few_tiles_read_panels(target: str) -> None:
    """Winograd's algorithm, which with short vectors pays for them too, takes weights in another order."""
    random = np.random.default_rng(0)
    inputs = {"x": random.standard_normal((1, 6, 6, 64), np.float32)}
    weights = {"w": random.standard_normal((3, 3, 64, 128), np.float32)}

    def convolved(w: Any, x: Any) -> Any:
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    bundle = webtensorc.compile(traced(convolved, weights, inputs), targets=(target,), cache=False)
    assert {array.shape for array in bundle.model.weights.values()} == {(4, 9 * 64, 32)}
    (found,) = webtensorc_runtime.load(bundle)(inputs["x"])
    np.testing.assert_allclose(found, convolved(weights["w"], inputs["x"]), rtol=0, atol=1e-3)
