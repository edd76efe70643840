"""Convolutions of few channels on tiles, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import convolved
from test_integer import SUMS
from test_tiled import MACHINE
from webtensorc_kernels import tile_steps, tiled, weight_sums
from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue
from webtensorc_kernels.folding import Folding
from webtensorc_kernels.machine import Machine

QUANTISED = Epilogue(
    (
        Constant("2.0 : f32"),
        Apply("arith.mulf", (-1, 0), "", ("f32",) * 3),
        Constant("128.0 : f32"),
        Apply("arith.addf", (1, 2), "", ("f32",) * 3),
        Apply("arith.fptosi", (3,), "", ("f32", "i32")),
        Apply("arith.trunci", (4,), "", ("i32", "i8")),
    ),
    element="i8",
)
"""Half numbers to bytes without a sign; 0 is 128."""


PROBLEMS = [
    Convolution(1, (40, 40), 3, 64, (7, 7), (20, 20), (2, 2), padding=(3, 3)),
    Convolution(2, (9, 33), 3, 40, (3, 3), (9, 33), padding=(1, 1)),
    Convolution(1, (21, 19), 1, 32, (5, 3), (11, 17), (2, 1), padding=(2, 0)),
]


def folding(p: Convolution, machine: Machine = MACHINE) -> Folding | None:
    return Folding.of(p, -128, "f32", QUANTISED, machine)


@st.composite
def axes(draw: st.DrawFn, smallest: int, largest: int) -> Axis:
    """One dimension that can be folded."""
    stride, extent = draw(st.integers(1, 2)), draw(st.integers(smallest, largest))
    taps = draw(st.integers(stride + 1, 5))
    before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    return Axis(extent, taps, (before + extent + after - taps) // stride + 1, stride, 1, before)


@st.composite
def beginnings(draw: st.DrawFn) -> Convolution:
    """Convolutions of wide images with few channels."""
    p = Convolution(draw(st.integers(1, 2)), (1, 1), draw(st.integers(1, 4)), draw(st.integers(32, 70)))
    return p.over(draw(axes(5, 8)), draw(axes(18, 40)))


def folded(p: Convolution) -> dict[str, np.ndarray]:
    """Image and weights, and what is made of them."""
    fold, (x, w) = folding(p), arrays(p)
    assert fold is not None
    given = {"planes": x.transpose(0, 3, 1, 2).reshape(-1, p.image[1]), "weights": w.reshape(-1, p.outputs)}
    image, packed = Interpreter(16, {"%x": given["planes"]}), Interpreter(16, {"%w": given["weights"]})
    fold.image(image)
    fold.weights(packed)
    return given | {"image": image.arrays["%image"], "words": packed.arrays["%y"]}


def interpreted(p: Convolution) -> np.ndarray:
    fold, held = folding(p), folded(p)
    assert fold is not None
    begin = Interpreter(16, {"%w": held["words"]})
    weight_sums.generate(held["words"].shape[1], p.outputs, begin)
    steps = tile_steps.plan(fold.folded, MACHINE)
    assert steps is not None
    code = Interpreter(16, {"%image": held["image"], "%w": held["words"], "%given": begin.arrays["%y"]})
    tiled.generate(fold.folded, steps, SUMS, code)
    return code.arrays["%y"].reshape(p.batch, *p.out, -1)


def arrays(p: Convolution) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.integers(-128, 128, (p.batch, *p.image, p.channels)) / 2
    return x, random.integers(-128, 128, (*p.kernel, p.channels, p.outputs)).astype(float)


def check(p: Convolution) -> None:
    x, w = arrays(p)
    np.testing.assert_array_equal(interpreted(p), convolved(p, 2 * x, w))


@settings(deadline=None, max_examples=15)
@given(beginnings())
def test_every_convolution_of_few_channels_is_right(p: Convolution) -> None:
    check(p)


@pytest.mark.parametrize("p", PROBLEMS)
def test_each_kind_of_beginning_is_right(p: Convolution) -> None:
    check(p)


def test_what_is_not_folded() -> None:
    p = Convolution(1, (40, 40), 3, 64, (7, 7), (17, 17), (2, 2))
    assert folding(p) is not None
    for other in (
        replace(p, channels=5),
        replace(p, strides=(4, 4), out=(9, 9)),
        replace(p, kernel=(1, 1), out=(20, 20)),
        replace(p, dilations=(2, 2), out=(14, 14)),
        replace(p, image=(40, 12), out=(17, 3)),
        replace(p, outputs=16),
        replace(p, packed=True),
    ):
        assert folding(other) is None
    assert Folding.of(p, 0, "f32", QUANTISED, replace(MACHINE, tiles=False)) is None
