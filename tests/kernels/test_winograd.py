"""Winograd's algorithm, run by an interpreter of the code that writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolved
from webtensorc_kernels import direct, winograd, winograd_blocking, winograd_weights
from webtensorc_kernels.convolution import Convolution, Tile
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.toom_cook import ALGORITHMS, ToomCook
from webtensorc_kernels.winograd_blocking import Blocking

MACHINE = Machine(16, 32, True, True, 1 << 20)


@st.composite
def problems(draw: st.DrawFn) -> Convolution:
    padding, image, out = [], [], []
    for _ in range(2):
        before, after, extent = draw(st.integers(0, 2)), draw(st.integers(0, 2)), draw(st.integers(2, 12))
        extent = max(extent, 6 - before - after)
        padding.append(before)
        image.append(extent)
        out.append(before + extent + after - 2)
    return Convolution(
        draw(st.integers(1, 2)),
        (image[0], image[1]),
        draw(st.integers(4, 9)),
        draw(st.integers(4, 21)),
        (3, 3),
        (out[0], out[1]),
        padding=(padding[0], padding[1]),
    )


@settings(deadline=None, max_examples=60)
@given(problems(), st.data())
def test_every_problem_and_blocking(p: Convolution, data: st.DataObject) -> None:
    algorithm = data.draw(st.sampled_from(list(ALGORITHMS.values())))
    down, along = (-(-extent // algorithm.results) for extent in p.out)
    tile_rows = data.draw(st.integers(1, down))
    tile = Tile(data.draw(st.integers(1, tile_rows * along)), data.draw(st.integers(1, p.outputs // 4)), 4)
    grid = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 3))
    is_transformed = data.draw(st.booleans())
    blocking = Blocking(algorithm, tile, tile_rows, p.channels, grid)
    x, w = arrays(p)
    given = w.reshape(-1, p.outputs)
    if is_transformed:
        at_load = Interpreter(4, {"%w": given})
        winograd_weights.generate(p, blocking, at_load)
        given, p = at_load.arrays["%u"], replace(p, transformed=algorithm.results)
    else:
        blocking = replace(blocking, chunk=data.draw(st.integers(1, p.channels)))
    code = Interpreter(4, {"%x": x, "%w": given})
    kernel = winograd.generate(p, blocking, Epilogue(), code)
    assert kernel.results == 4 - is_transformed
    y = code.arrays["%y"].reshape(p.batch, *p.out, -1)
    np.testing.assert_allclose(y, convolved(p, x, w), atol=1e-9 * np.abs(w).sum())


def test_it_is_chosen_where_it_pays_and_only_there() -> None:
    def plan(image: int, channels: int, outputs: int, **more: object) -> Blocking | None:
        p = Convolution(1, (image, image), channels, outputs, (3, 3), (image, image), padding=(1, 1))
        return winograd_blocking.plan(p if not more else Convolution(**{**vars(p), **more}), MACHINE)

    assert plan(56, 64, 64) and plan(28, 128, 128) and plan(14, 256, 256) and plan(224, 64, 64)
    assert plan(1, 64, 64) is None
    assert plan(56, 8, 64) is None
    assert plan(56, 64, 64, strides=(2, 2), out=(28, 28)) is None
    assert plan(56, 64, 64, dilations=(2, 2), padding=(2, 2)) is None


@given(st.integers(4, 230), st.integers(16, 600), st.integers(16, 600))
def test_blockings_cover_the_problem(image: int, channels: int, outputs: int) -> None:
    p = Convolution(1, (image, image), channels, outputs, (3, 3), (image, image), padding=(1, 1))
    blocking = winograd_blocking.plan(p, MACHINE)
    if blocking is not None:
        assert MACHINE.fits(blocking.tile.points, blocking.tile.vectors)
        assert 1 <= blocking.chunk <= channels
        assert blocking.tile.channels <= outputs


def rounded_errors(algorithm: ToomCook, channels: int) -> tuple[float, float]:
    """Root mean square errors in float32 of an algorithm and of the definition, on random numbers."""
    p = Convolution(1, (12, 12), channels, 4, (3, 3), (12, 12), padding=(1, 1))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 12, 12, channels), np.float32)
    w = rng.standard_normal((3, 3, channels, 4), np.float32)
    ours = Rounding(4, {"%x": x, "%w": w.reshape(-1, 4)})
    winograd.generate(p, Blocking(algorithm, Tile(3, 1, 4), 3, channels, (1, 1)), Epilogue(), ours)
    theirs = Rounding(4, {"%x": x.reshape(1, 12, -1), "%w": w.reshape(-1, 4)})
    direct.generate(p, Tile(4, 1, 4), Epilogue(), theirs)
    exact = convolved(p, x, w)
    first, second = (np.sqrt(np.mean((each.arrays["%y"].reshape(exact.shape) - exact) ** 2)) for each in (ours, theirs))
    return float(first), float(second)


class Rounding(Interpreter):
    """The interpreter in float32."""

    def apply(self, name: str, arguments: Sequence[str], attributes: str, types: Sequence[str]) -> str:
        return np.float32(super().apply(name, arguments, attributes, types))  # type: ignore[return-value]

    def multiply_add(self, a: str, b: str, c: str) -> str:
        exact = np.float64(a) * np.float64(b) + np.float64(c)
        return np.float32(exact)  # type: ignore[return-value]

    def number(self, text: str) -> str:
        return np.float32(super().number(text))  # type: ignore[return-value]


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda each: f"F({each.results})")
def test_the_error_is_foreseen(algorithm: ToomCook) -> None:
    for channels in (5, 16, 48):
        ours, theirs = rounded_errors(algorithm, channels)
        assert ours / theirs == pytest.approx(algorithm.error(channels), rel=0.4)


def test_the_error_is_tolerated_where_it_is_small() -> None:
    assert ALGORITHMS[4].error(16) < 3 < ALGORITHMS[4].error(4)
    assert ALGORITHMS[2].error(16) < ALGORITHMS[4].error(16) / 2


def test_too_few_channels_step_down_to_the_definition() -> None:
    narrow = Machine(4, 16, False, False, 1 << 20)
    plans = [
        winograd_blocking.plan(Convolution(1, (56, 56), channels, 64, (3, 3), (56, 56), padding=(1, 1)), narrow)
        for channels in (4, 32)
    ]
    assert plans[0] is None and plans[1] is not None
