"""64-bit integers on Vulkan devices that may lack them: two words stand for one, in kernels of any size."""

from __future__ import annotations

from collections.abc import Sequence

import inspection
import jax
import jax.numpy as jnp
import kernels
import numpy as np
import pytest
import webtensorc_runtime
from jax import export
from vulkan_device import needs_vulkan

import webtensorc


def everything(x: jax.Array, table: jax.Array, floats: jax.Array) -> Sequence[jax.Array]:
    """Sizes that vectors of four fit, and that a workgroup of 128 does: tokens, masks, sums, products, copies."""
    return (
        (1 - x[:1, None].astype(jnp.float32)) * -1e4,
        floats.astype(jnp.int64) * (1 << 33) - x,
        floats.ravel()[jnp.clip(x.ravel(), 0, 4095)],
        jnp.where(x > 3, x.astype(jnp.int8), 5),
        x.sum(1),
        x.T + table,
        table.T @ table,
        (x.ravel()[:, None] == jnp.arange(7)).sum(0),
    )


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize("level", [0, 3])
def test_pairs_of_words_compute_what_integers_of_64_bits_do(level: int) -> None:
    random = np.random.default_rng(0)
    x = random.integers(-9, 9, (32, 128))
    table = random.integers(-(1 << 30), 1 << 30, (128, 128))[:, :32]
    given = x, table.copy(), random.integers(-9, 9, (32, 128)).astype(np.float32)
    with jax.enable_x64(True):
        exported = export.export(jax.jit(everything), platforms=["cpu"])(*given)
        expected = everything(*map(jnp.asarray, given))
    bundle = webtensorc.compile(exported, targets=["spirv"], optimization_level=level, cache=False)
    assert set(bundle.artifacts[0].features) == {"vulkan1.1", "Int8", "StorageBuffer8BitAccess"}
    assert not [
        complaint for each in kernels.spirv(bundle.artifacts[0].module) for complaint in inspection.complaints(each)
    ]
    module = webtensorc_runtime.load(bundle, device="vulkan")
    for found, wanted in zip(module(*given), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
