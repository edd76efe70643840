"""What the native compiler has no translation for in the body of a scatter or a window, or a wrong one."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc


@pytest.mark.slow
def test_bodies_are_jaxs() -> None:
    def narrowed(x: jax.Array) -> jax.Array:
        return x.astype(jnp.bfloat16).astype(jnp.float32)

    def program(x: jax.Array, at: jax.Array, z: jax.Array) -> list[jax.Array]:
        return [
            *(x.at[at].apply(each) for each in (jnp.round, jnp.sin, narrowed)),
            narrowed(x[1]),
            lax.reduce(x[:6], np.float32(0), lambda a, b: narrowed(a + b), (0,)),
            lax.reduce_window(z, np.complex64(0), lax.add, (3, 3), (2, 2), "SAME"),
            lax.reduce_window(z, np.complex64(1), lax.mul, (2, 3), (1, 2), [(1, 2), (0, 1)], base_dilation=(2, 1)),
        ]

    rng = np.random.default_rng(0)
    x = np.array([0.5, 1.2345, 2.5, -0.5, -1.5, -0.3, np.inf, -np.inf, np.nan, 1e30, 7.7, -2.5], np.float32)
    z = (rng.standard_normal((6, 6)) + 1j * rng.standard_normal((6, 6))).astype(np.complex64)
    inputs = (x, np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11], np.int32), z)
    found = webtensorc_runtime.load(webtensorc.compile(export.export(jax.jit(program))(*inputs), cache=False))(*inputs)
    for got, right in zip(found, jax.jit(program)(*inputs), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-6, atol=1e-6)
        if got.dtype == np.float32:
            np.testing.assert_array_equal(np.signbit(got)[~np.isnan(got)], np.signbit(right)[~np.isnan(right)])
