"""Floats of 8 bits computed as float32: every code, every number half way between two, and what is beyond."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from jax import export

import webtensorc

KINDS = ("e5m2", "e4m3", "e3m4", "e4m3fn", "e5m2fnuz", "e4m3fnuz", "e4m3b11fnuz")
DTYPES = [np.dtype(getattr(ml_dtypes, f"float8_{kind}")) for kind in KINDS]


def numbers() -> np.ndarray:
    """Of all types the values, the numbers half way between them, and the neighbours of these."""
    values = [np.arange(256, dtype=np.uint8).view(dtype).astype(np.float32) for dtype in DTYPES]
    finite = [np.unique(each[np.isfinite(each)]) for each in values]
    middles = np.concatenate([(each[1:] + each[:-1]) / 2 for each in finite])
    beside = [np.nextafter(middles, np.float32(sign * np.inf)) for sign in (1, -1)]
    extremes = [465, 1e30, 1e-30, 1e-40, -1e-40, np.inf, -np.inf, np.nan]
    return np.concatenate([*finite, middles, *beside, np.asarray(extremes, np.float32)])


def test_conversions_both_ways_and_comparisons() -> None:
    x = numbers()
    codes = np.arange(256, dtype=np.uint8)

    def computed(x: jax.Array, codes: jax.Array) -> list[jax.Array]:
        found = []
        for dtype in DTYPES:
            small = jax.lax.bitcast_convert_type(codes, dtype)
            found += [small.astype(jnp.float32), small < small[::-1]]
            found.append(jax.lax.bitcast_convert_type(x.astype(dtype), jnp.uint8))
        return found

    exported = export.export(jax.jit(computed))(x, codes)
    bundle = webtensorc.compile(exported, cache=False)
    results = iter(webtensorc_runtime.load(bundle)(x, codes))
    for dtype in DTYPES:
        small = codes.view(dtype)
        np.testing.assert_array_equal(next(results), small.astype(np.float32))
        np.testing.assert_array_equal(next(results), small < small[::-1])
        np.testing.assert_array_equal(next(results).view(dtype).astype(np.float32), x.astype(dtype).astype(np.float32))


@pytest.mark.parametrize("dtype", [ml_dtypes.float4_e2m1fn, ml_dtypes.float8_e8m0fnu])
def test_codes_of_open_size(dtype: type) -> None:
    def computed(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        wide = x.astype(jnp.float32)
        return wide, wide.T.reshape(-1, 2).astype(dtype)

    sizes = export.symbolic_shape("n, 4")
    exported = export.export(jax.jit(computed))(jax.ShapeDtypeStruct(sizes, dtype))
    module = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))
    for n in (1, 4):
        x = np.arange(4 * n, dtype=np.uint8).reshape(n, 4).view(dtype)
        wide, back = module(x)
        np.testing.assert_array_equal(wide, x.astype(np.float32))
        wanted = (x.astype(np.float32).T.reshape(-1, 2)).astype(dtype)
        np.testing.assert_array_equal(back.view(np.uint8), wanted.view(np.uint8))
