"""Winograd's algorithm, run by an interpreter of the code that writes it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolved
from webtensorc_kernels import winograd
from webtensorc_kernels.convolution import Convolution, Tile
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.winograd import Blocking

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
    along, down = -(-p.out[1] // 4), -(-p.out[0] // 4)
    tile_rows = data.draw(st.integers(1, down))
    tile = Tile(data.draw(st.integers(1, tile_rows * along)), data.draw(st.integers(1, p.outputs // 4)), 4)
    grid = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 3))
    blocking = Blocking(tile, tile_rows, data.draw(st.integers(1, p.channels)), grid)
    x, w = arrays(p)
    code = Interpreter(4, {"%x": x, "%w": w})
    kernel = winograd.generate(p, blocking, Epilogue(), code)
    assert kernel.results == 4
    y = code.arrays["%y"].reshape(p.batch, *p.out, -1)
    np.testing.assert_allclose(y, convolved(p, x, w), atol=1e-9 * np.abs(w).sum())


def test_it_is_chosen_where_it_pays_and_only_there() -> None:
    def plan(image: int, channels: int, outputs: int, **more: object) -> Blocking | None:
        p = Convolution(1, (image, image), channels, outputs, (3, 3), (image, image), padding=(1, 1))
        return winograd.plan(p if not more else Convolution(**{**vars(p), **more}), MACHINE)

    assert plan(56, 64, 64) and plan(28, 128, 128) and plan(14, 256, 256) and plan(224, 64, 64)
    assert plan(3, 64, 64) is None
    assert plan(56, 8, 64) is None
    assert plan(56, 64, 64, strides=(2, 2), out=(28, 28)) is None
    assert plan(56, 64, 64, dilations=(2, 2), padding=(2, 2)) is None


@given(st.integers(4, 230), st.integers(16, 600), st.integers(16, 600))
def test_blockings_cover_the_problem(image: int, channels: int, outputs: int) -> None:
    p = Convolution(1, (image, image), channels, outputs, (3, 3), (image, image), padding=(1, 1))
    blocking = winograd.plan(p, MACHINE)
    if blocking is not None:
        assert MACHINE.fits(blocking.tile.points, blocking.tile.vectors)
        assert 1 <= blocking.chunk <= channels
        assert blocking.tile.channels <= outputs
