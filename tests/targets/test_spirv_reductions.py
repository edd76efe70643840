"""Long reductions on Vulkan: short steps, of many invocations each, and right results."""

from __future__ import annotations

import inspection
import jax
import jax.numpy as jnp
import kernels
import loops
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax
from test_spirv import needs_vulkan

import webtensorc

LONGEST = 512
"""Trips of an invocation through nested loops. Products, which this does not look at, take one a factor."""


def reductions(x: jax.Array, y: jax.Array, z: jax.Array, i: jax.Array) -> tuple[jax.Array, ...]:
    apart = z - z.mean(1, keepdims=True)
    return (
        *(x.sum(), jax.nn.softmax(x), y.max(), y.argmax(), (y > 5).any()),
        *(apart * lax.rsqrt((apart * apart).mean(1, keepdims=True)), z.min((0, 1)), jax.nn.logsumexp(z, axis=1)),
        *(i.max(1), i.sum((0, 1)), i.argmin(1), jnp.prod(i % 2 * 2 - 1, axis=1)),
    )


@pytest.mark.slow
@needs_vulkan
def test_no_invocation_folds_a_long_row() -> None:
    """Lengths that have divisors, that are prime, and ones along several dimensions."""
    random = np.random.default_rng(0)
    floats = [random.standard_normal(shape, np.float32) for shape in ((50257,), (1009,), (3, 1500))]
    given = [*floats, random.integers(-100, 100, (5, 701)).astype(np.int32)]
    exported = export.export(jax.jit(reductions), platforms=["cpu"])(*given)
    bundle = webtensorc.compile(exported, targets=["spirv"], cache=False)
    found = kernels.spirv(bundle.artifacts[0].module)
    assert all((loops.iterations(each) or LONGEST + 1) <= LONGEST for each in found)
    assert not [complaint for each in found for complaint in inspection.complaints(each)]
    module = webtensorc_runtime.load(bundle, device="vulkan")
    for ours, theirs in zip(module(*given), reductions(*given), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_without_the_pass_there_are_long_loops() -> None:
    exported = export.export(jax.jit(jnp.sum), platforms=["cpu"])(jax.ShapeDtypeStruct((50257,), np.float32))
    bundle = webtensorc.compile(exported, targets=["spirv"], disabled_passes=["split-reductions"], cache=False)
    assert [loops.iterations(each) for each in kernels.spirv(bundle.artifacts[0].module)] == [50257]
