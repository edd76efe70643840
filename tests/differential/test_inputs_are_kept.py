"""A caller's arrays are only read, although the native compiler updates an input in place after its last use.

They are read where they lie, at any address that an allocator gives.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest
import webtensorc_runtime
from jax import lax
from webtensorc_runtime.tensors import ALIGNMENT, ZERO_COPY_BYTES

import webtensorc


def aligned(shape: tuple[int, ...], by: int = 0) -> np.ndarray:
    """Zeros that the loader would use where they lie; the first byte is `by` past a multiple of 64."""
    raw = np.zeros(int(np.prod(shape)) * 4 + 2 * ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT + by
    return raw[start : start + int(np.prod(shape)) * 4].view(np.float32).reshape(shape)


@pytest.mark.parametrize("name", ["dynamic_update_slice", "scatter"])
def test_updates_leave_the_input_alone(name: str) -> None:
    cache, row = aligned((64, 128)), np.ones((1, 128), np.float32)
    assert cache.nbytes >= ZERO_COPY_BYTES

    def update(cache: jax.Array, row: jax.Array) -> jax.Array:
        return lax.dynamic_update_slice(cache, row, (3, 0)) if name != "scatter" else cache.at[np.array([3])].set(row)

    bundle = webtensorc.compile(jax.export.export(jax.jit(update))(cache, row), cache=False)
    (result,) = webtensorc_runtime.load(bundle, threads=1)(cache, row)
    assert result.sum() == 128
    assert not cache.any()


def test_numpys_arrays_are_read_in_place_by_code_that_expects_no_more_alignment() -> None:
    def mixed(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.nn.softmax(a @ b) + a.sum(axis=0) + lax.rev(b, (0,))

    given = [aligned((64, 64), by) for by in (16, 48)]
    for seed, array in enumerate(given):
        array[...] = np.random.default_rng(seed).standard_normal(array.shape)
    bundle = webtensorc.compile(jax.export.export(jax.jit(mixed))(*given), cache=False)
    module = webtensorc_runtime.load(bundle, threads=1)
    assert all(slot.is_usable(array) for slot, array in zip(module._inputs, given, strict=True))
    np.testing.assert_allclose(module(*given)[0], mixed(*given), rtol=1e-5, atol=1e-5)
