"""complex128 reciprocal roots as arrays."""

from __future__ import annotations

import jax
import numpy as np

from webtensorc.frontends.stablehlo.expansion import Call
from webtensorc.frontends.stablehlo.expansions import complex_math


def test_reciprocal_roots_of_any_size() -> None:
    parts = np.array([0.0, -0.0, 1, -2, 1e-300, 3e300, -1e300])
    x, y = np.meshgrid(parts, parts)
    z = (x + 1j * y)[(x != 0) | (y != 0)]
    with jax.enable_x64(True):
        (found,) = complex_math.rsqrt(Call("stablehlo.rsqrt", {}, ()), jax.numpy.asarray(z))
        np.testing.assert_allclose(found, 1 / np.sqrt(z), rtol=1e-14)
        (limits,) = complex_math.rsqrt(Call("stablehlo.rsqrt", {}, ()), jax.numpy.asarray([0j, complex(np.inf, 1)]))
        np.testing.assert_array_equal(limits, [np.inf, 0])
