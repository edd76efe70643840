"""Matrix products of float32 in three parts, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import convolutions, convolved, in_panels
from webtensorc_kernels import factors, tiled_floats
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.factors import Factors
from webtensorc_kernels.machine import Machine

MACHINE = Machine(16, 32, True, True, 2 << 20, float_tiles=True)


def prepared(factors: Factors, x: np.ndarray | None = None, w: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Both factors, the weights as they are stored, and the parts that the first kernel makes, as bits."""
    x, w = operands(factors.problem) if x is None or w is None else (x, w)
    weights = in_panels(w[None, None]) if factors.problem.packed else w
    before = Interpreter(16, {"%x": x, factors.weights.view.name: weights})
    factors.preparation(before)
    made = before.arrays["%y"].astype(np.float32).view(np.int32) >> 16
    return x, w, weights, ((made[..., 1] << 16) | (made[..., 0] & 0xFFFF)).astype(np.int32)


def multiplied(factors: Factors, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The result of both kernels."""
    x, w, weights, made = prepared(factors, x, w)
    halves = np.stack([made << 16, made & -(1 << 16)], axis=-1).view(np.float32).astype(float)
    code = Interpreter(16, {"%x": x, factors.weights.view.name: weights, factors.prepared.name: halves})
    tiled_floats.generate(factors, Epilogue(), code)
    assert code.stored["%y"].all()
    assert not code.tiles
    return code.arrays["%y"]


def operands(p: Convolution) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(p.points + p.channels)
    shapes = (p.batch * p.image[0] * p.image[1], p.channels), (p.taps * p.channels, p.outputs)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, w


@settings(deadline=None, max_examples=25)
@given(
    st.integers(32, 100), st.integers(32, 100), st.integers(32, 100), st.booleans(), st.booleans(), st.integers(1, 3)
)
def test_every_product_is_right(m: int, k: int, n: int, packed: bool, points: bool, chunks: int) -> None:
    p = Convolution.product(m, k, n, packed=packed)
    chunks = 1 if points else min(chunks, -(-k // 32))
    x, w = operands(p)
    found = multiplied(Factors(p, points, chunks), x, w)
    np.testing.assert_allclose(found, x.astype(float) @ w, rtol=0, atol=1e-6 * np.abs(x).max() * k**0.5)


PICKED = Convolution(2, (13, 11), 40, 70, out=(7, 4), strides=(2, 3))
"""Every second row and every third column of two images."""


def picked(x: np.ndarray) -> np.ndarray:
    """The pixels that `PICKED` multiplies."""
    return x.reshape(2, 13, 11, 40)[:, ::2, ::3].reshape(-1, 40)


@pytest.mark.parametrize("points", [True, False])
def test_some_pixels_are_multiplied(points: bool) -> None:
    x, w = operands(PICKED)
    x[27, 3] = np.inf
    with np.errstate(invalid="ignore"):
        found = multiplied(Factors(PICKED, points), x, w)
        np.testing.assert_allclose(found, picked(x).astype(float) @ w, rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=25)
@given(convolutions(), st.integers(32, 70), st.integers(32, 70), st.booleans(), st.integers(1, 3))
def test_every_convolution_is_right(p: Convolution, channels: int, outputs: int, points: bool, chunks: int) -> None:
    p = replace(p, groups=1, channels=channels, outputs=outputs, packed=False)
    p = p if p.points >= 32 else replace(p, batch=32)
    x, w = operands(p)
    found = multiplied(Factors(p, points, 1 if points else chunks), x, w)
    shaped = x.reshape(p.batch, *p.image, channels), w.reshape(*p.kernel, channels, outputs)
    np.testing.assert_allclose(found, convolved(p, *shaped).reshape(-1, outputs), rtol=0, atol=1e-4)


@pytest.mark.parametrize("points", [True, False])
def test_infinities_are_multiplied_as_they_are(points: bool) -> None:
    p = Convolution.product(40, 64, 50)
    x, w = operands(p)
    x[3, 5], x[20, 7], w[9, 11] = np.inf, np.nan, -np.inf
    with np.errstate(invalid="ignore"):
        found = multiplied(Factors(p, points), x, w)
        expected = x.astype(float) @ w
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_what_does_not_fill_tiles_or_the_cache_is_for_other_kernels() -> None:
    assert factors.plan(Convolution.product(31, 64, 64), MACHINE) is None
    assert factors.plan(Convolution.product(64, 64, 31), MACHINE) is None
    assert factors.plan(Convolution.product(1 << 20, 4096, 4096), MACHINE) is None
    chosen = factors.plan(Convolution.product(128, 3072, 768), MACHINE)
    assert chosen is not None and not chosen.divides_points and chosen.chunks == 3
    chosen = factors.plan(Convolution.product(3136, 64, 256), MACHINE)
    assert chosen is not None and chosen.divides_points
    assert factors.plan(PICKED, MACHINE) is None, "there are two blocks of points"
