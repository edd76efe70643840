"""Convolutions over images with zeros between the pixels keep their results, judged by the StableHLO interpreter.

Numbers are small integers, so that sums are exact, with some NaNs and infinities among the pixels: a product that does
not belong to a result would show.
"""

from __future__ import annotations

import jax
import numpy as np
from graph_models import same_results, traced
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jax import lax

AXIS = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(-1, 4), st.integers(-1, 4))
"""Extents of image and kernel, dilation, zeros in front and behind."""


@given(st.lists(AXIS, min_size=1, max_size=3), st.integers(1, 2), st.integers(1, 3), st.booleans(), st.integers(0, 9))
@settings(max_examples=16, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_results_are_interleaved(
    axes: list[tuple[int, int, int, int, int]], groups: int, outputs: int, is_weight: bool, seed: int
) -> None:
    image, kernel, base, low, high = (list(each) for each in zip(*axes, strict=True))
    padded = [(n - 1) * b + 1 + p + q for n, b, p, q in zip(image, base, low, high, strict=True)]
    assume(all(p >= k for p, k in zip(padded, kernel, strict=True)))
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, (2, *image, 2 * groups)).astype(np.float32)
    x.reshape(-1)[rng.integers(x.size, size=3)] = np.inf, -np.inf, np.nan
    weights = {"k": rng.integers(-4, 5, (*kernel, outputs * groups, 2)).astype(np.float32)}
    inputs = {"x": x}
    if not is_weight:
        weights, inputs = {}, weights | inputs
    places = "DHW"[3 - len(axes) :]

    def model(k: jax.Array, x: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            x,
            k,
            [1] * len(axes),
            list(zip(low, high, strict=True)),
            lhs_dilation=base,
            dimension_numbers=(f"N{places}C", f"{places}OI", f"N{places}C"),
            feature_group_count=groups,
        )

    changes = same_results(traced(model, weights, inputs), inputs, "subpixel-convolutions")
    assert changes == (max(base) > 1)
