"""Depthwise convolution and pooling, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolutions, convolved, pixel_of, volumes
from webtensorc_kernels import planes, windows
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.windows import Fold, Strip

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))
PRODUCT = Fold("0.0 : f32")
LARGEST = Fold("-1.0e30 : f32", "arith.maximumf")
LARGEST_BYTE = Fold("-128 : i8", "arith.maxsi")


@st.composite
def channelwise(draw: st.DrawFn) -> Convolution:
    return replace(draw(st.one_of(convolutions(), volumes())), channels=1, outputs=1, groups=draw(st.integers(1, 40)))


def interpreted(p: Convolution, strip: Strip, fold: Fold) -> np.ndarray:
    x, w = arrays(p)
    code = Interpreter(strip.lanes, {"%x": x, "%w": w[:, :, 0]})
    windows.generate(p, strip, fold, Epilogue(), code)
    assert code.stored["%y"].all()
    return code.arrays["%y"].reshape(p.batch * p.depth.out, *p.out, -1)


def largest(p: Convolution, x: np.ndarray) -> np.ndarray:
    """The maximum of each window, by its definition."""
    x = x.reshape(p.batch, p.depth.image, *x.shape[1:])
    y = np.full((p.batch, p.depth.out, *p.out, p.groups), -1e30)
    for place in np.ndindex(y.shape[1:-1]):
        for tap in np.ndindex(p.depth.kernel, *p.kernel):
            if pixel := pixel_of(p, place, tap):
                y[:, *place] = np.maximum(y[:, *place], x[:, *pixel])
    return y.reshape(-1, *y.shape[2:])


@settings(deadline=None)
@given(channelwise(), st.sampled_from(MACHINES))
def test_every_depthwise_convolution_is_right(p: Convolution, machine: Machine) -> None:
    strip = windows.choose(p, PRODUCT, machine)
    assert strip is not None
    np.testing.assert_array_equal(interpreted(p, strip, PRODUCT), convolved(p, *arrays(p)))


@st.composite
def planar(draw: st.DrawFn) -> Convolution:
    """Windows over planes that are wide enough for vectors."""
    return replace(draw(st.one_of(convolutions(largest=20), volumes())), channels=1, outputs=1, groups=1)


@settings(deadline=None)
@given(planar(), st.sampled_from(MACHINES))
def test_every_pooling_of_planes_is_right(p: Convolution, machine: Machine) -> None:
    lanes = planes.choose(p, machine)
    assume(lanes is not None)
    x = arrays(p)[0][..., 0]
    code = Interpreter(lanes or 1, {"%x": x})
    planes.generate(p, LARGEST, Epilogue(), code)
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"].reshape(-1), largest(p, x[..., None]).reshape(-1))


@settings(deadline=None)
@given(channelwise(), st.sampled_from(MACHINES), st.sampled_from((LARGEST, LARGEST_BYTE)))
def test_every_pooling_is_right(p: Convolution, machine: Machine, fold: Fold) -> None:
    strip = windows.choose(p, fold, machine)
    assert strip is not None
    least = float(fold.initial.split(" : ")[0])
    np.testing.assert_array_equal(interpreted(p, strip, fold), np.maximum(largest(p, arrays(p)[0]), least))


def test_vectors_of_bytes_have_four_times_as_many() -> None:
    p = Convolution(1, (8, 8), 1, 1, (2, 2), (4, 4), (2, 2), groups=100)
    assert [windows.choose(p, LARGEST_BYTE, each) for each in MACHINES] == [Strip(4, 16), Strip(4, 64)]


@pytest.mark.parametrize("machine", MACHINES)
def test_windows_as_large_as_the_image_are_fine(machine: Machine) -> None:
    p = Convolution(1, (112, 112), 1, 1, (112, 112), (1, 1), groups=24)
    strip = windows.choose(p, PRODUCT, machine)
    assert strip == Strip(1, min(machine.lanes, 16))


def test_code_that_would_be_huge_is_not_written() -> None:
    p = Convolution(1, (99, 99), 1, 1, (99, 99), (99, 99), padding=(98, 98), groups=8)
    assert windows.choose(p, PRODUCT, MACHINES[0]) is None
