"""Matrices that a Vulkan device makes of fixed-point numbers when it loads a module."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import webtensorc_runtime
from jax import export
from vulkan_device import needs_vulkan

import webtensorc

SPEC = "fixed-point-weights{cached=0,smallest=0}"


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize(("depth", "columns"), [(999, 64), (300, 77), (512, 1000)])
def test_every_number_is_the_one_that_the_processor_has(depth: int, columns: int) -> None:
    """Both signs, all of 24 bits and zeros, wherever in a word they begin; what picks rows adds nothing else up."""
    random = np.random.default_rng(0)
    w = random.standard_normal((depth, columns)).astype(np.float32)
    w[random.random(w.shape) < 0.1] = 0
    picked = (0, depth // 2, depth - 1)
    x = np.eye(depth, dtype=np.float32)[list(picked)]
    exported = export.export(jax.jit(lambda x: x @ w), platforms=["cpu"])(jax.ShapeDtypeStruct(x.shape, x.dtype))
    bundle = webtensorc.compile(exported, ["host", "spirv"], passes=(SPEC,), cache=False)
    assert any(name.endswith(".fixed") for name in bundle.model.weights)
    here, there = (np.asarray(webtensorc_runtime.load(bundle, device=each)(x)[0]) for each in ("cpu", "vulkan"))
    np.testing.assert_array_equal(there, here)
    np.testing.assert_allclose(here, w[list(picked)], rtol=0, atol=np.abs(w).max() * 2.0**-23)
