"""Convolutions and matrix products of int8 on tiles, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import convolutions, convolved
from test_integer import REQUANTISED, SUMS, arrays, in_words
from webtensorc_kernels import tile_steps, tiled
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Dot, Machine

MACHINE = Machine(16, 32, True, True, 1 << 20, dot=Dot("", unsigned=True), tiles=True)
PROBLEMS = [
    *[Convolution.product(*size, packed=True) for size in ((31, 64, 32), (32, 4, 40), (70, 200, 33), (33, 92, 96))],
    Convolution(1, (14, 14), 64, 64, (3, 3), (14, 14), padding=(1, 1), packed=True),
    Convolution(2, (13, 9), 100, 40, (3, 2), (7, 9), (2, 1), padding=(1, 1), packed=True),
    Convolution(1, (20, 20), 16, 64, (3, 3), (18, 18), packed=True),
    Convolution(1, (8, 8), 128, 64, (1, 1), (4, 4), (2, 2), packed=True),
    Convolution(2, (9, 9), 8, 32, (3, 3), (5, 5), dilations=(2, 2), packed=True),
]
"""In place and copied, with steps that overlap, rows of windows as runs, steps of two pixels and holes."""


def suited(p: Convolution, words: int, outputs: int) -> Convolution:
    """A like problem that tiles are for."""
    return replace(p, groups=1, channels=4 * words, outputs=outputs, packed=True)


def interpreted(p: Convolution, epilogue: Epilogue = SUMS, **extra: np.ndarray) -> np.ndarray:
    """The kernel's result; padding is bytes that add nothing, 0 as the instruction sees them."""
    steps = tile_steps.plan(p, MACHINE)
    assert steps is not None
    x, w = arrays(p)
    held = {"%x": (x + 128).reshape(-1), "%w": in_words(w.reshape(-1, w.shape[-1]))}
    code = Interpreter(16, held | {f"%{name}": each for name, each in extra.items()})
    tiled.generate(p, steps, epilogue, code)
    assert code.stored["%y"].all()
    assert not code.tiles
    return code.arrays["%y"].reshape(p.batch, *p.out, -1)


def expected(p: Convolution) -> np.ndarray:
    x, w = arrays(p)
    return convolved(p, x + 128, w) - 128 * w.sum(axis=(0, 1, 2))


@settings(deadline=None, max_examples=30)
@given(convolutions(), st.integers(1, 40), st.integers(32, 100))
def test_every_convolution_is_right_and_stays_inside_its_buffers(p: Convolution, words: int, outputs: int) -> None:
    p = suited(p, words, outputs)
    np.testing.assert_array_equal(interpreted(p), expected(p))


@pytest.mark.parametrize("p", PROBLEMS)
def test_each_kind_of_problem_is_right(p: Convolution) -> None:
    np.testing.assert_array_equal(interpreted(p), expected(p))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 150), st.integers(1, 60), st.integers(32, 150))
def test_every_product_is_right(rows: int, words: int, columns: int) -> None:
    p = Convolution.product(rows, 4 * words, columns, packed=True)
    np.testing.assert_array_equal(interpreted(p), expected(p))


@settings(deadline=None, max_examples=20)
@given(convolutions(), st.integers(1, 20))
def test_epilogues_end_in_bytes(p: Convolution, words: int) -> None:
    p = suited(p, words, 48)
    offsets = np.random.default_rng(1).integers(-99, 99, 48)
    found = interpreted(p, REQUANTISED, e0=offsets)
    np.testing.assert_array_equal(found, (3 * (expected(p) - offsets)).astype(np.int64).astype(np.int8))


def test_what_tiles_are_not_for() -> None:
    p = Convolution.product(64, 64, 64, packed=True)
    assert tile_steps.plan(p, MACHINE) is not None
    assert tile_steps.plan(p, replace(MACHINE, tiles=False)) is None
    assert tile_steps.plan(replace(p, packed=False), MACHINE) is None
    assert tile_steps.plan(replace(p, groups=2), MACHINE) is None


@pytest.mark.parametrize(
    ("run", "width", "count"), [(64, 64, 1), (128, 64, 2), (20, 20, 1), (96, 48, 2), (200, 64, 4), (1000, 64, 16)]
)
def test_steps_are_as_few_as_can_be(run: int, width: int, count: int) -> None:
    steps = tile_steps.Steps.of(Convolution.product(40, run, 64, packed=True))
    assert (steps.width, steps.count) == (width, count)


def test_a_row_of_a_window_is_one_run_where_that_takes_fewer_steps() -> None:
    window = Convolution(1, (20, 20), 16, 64, (3, 3), (18, 18), packed=True)
    assert tile_steps.Steps.of(window) == tile_steps.Steps(((0, 0), (1, 0), (2, 0)), 48, 48, 1)
    assert len(tile_steps.Steps.of(replace(window, channels=64)).taps) == 9
