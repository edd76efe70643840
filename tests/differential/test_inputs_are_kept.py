"""A caller's arrays are only read, although the native compiler updates an input in place after its last use."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import webtensorc_runtime
from jax import lax
from webtensorc_runtime.tensors import ALIGNMENT, ZERO_COPY_BYTES

import webtensorc


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros that the loader would use where they lie."""
    raw = np.zeros(int(np.prod(shape)) * 4 + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
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
