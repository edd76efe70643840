"""PTX kernels for windows that keep channels apart, executed by `ptx_machine`, against their definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptx_cases import RESIDUAL, array, check, folded, run
from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.windows import Fold
from webtensorc_ptx import windows

WEIGHTS, SUM = Fold("0.0 : f32"), Fold("0.0 : f32", "arith.addf")
MAX, MIN = Fold("0xFF800000 : f32", "arith.maximumf"), Fold("1.0e+30 : f32", "arith.minimumf")


def window(
    channels: int, image: tuple[int, int], kernel: tuple[int, int], stride: int = 1, dilation: int = 1, pad: int = 0
) -> Convolution:
    """Two images, with as much padding behind as in front."""
    rows, columns = ((x + 2 * pad - (k - 1) * dilation - 1) // stride + 1 for x, k in zip(image, kernel, strict=True))
    steps = (stride, stride), (dilation, dilation), (pad, pad)
    return Convolution(2, image, 1, 1, kernel, (rows, columns), *steps, channels)


@pytest.mark.parametrize("multiprocessors", [0, 132])
@pytest.mark.parametrize("fold", [WEIGHTS, SUM, MAX, MIN], ids=["weights", "sum", "max", "min"])
@pytest.mark.parametrize(
    "problem",
    [
        window(12, (9, 11), (3, 3), pad=1),
        window(6, (10, 13), (3, 3), stride=2, pad=1),
        window(5, (8, 9), (2, 3), dilation=2),
        window(4, (7, 7), (7, 7)),
    ],
    ids=["padded", "strided", "dilated", "global"],
)
def test_windows(problem: Convolution, fold: Fold, multiprocessors: int) -> None:
    """With four points a thread, whose last are outside, and with one."""
    x = array((problem.batch, *problem.image, problem.groups))
    w = None if fold.operation else array((*problem.kernel, problem.groups), seed=1)
    bias, residual = array((problem.groups,), seed=2), array((problem.points, problem.groups), seed=3)
    kernel = windows.generate(problem, fold, RESIDUAL, "f32", multiprocessors=multiprocessors)
    assert f"{4 if multiprocessors == 0 and problem.out[1] >= 4 else 1} points" in kernel.why
    found = run(kernel, [x, *([] if w is None else [w]), bias, residual], residual.shape)
    check(found, np.maximum(folded(x, w, problem, fold).reshape(residual.shape) + bias + residual, 0))


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_window(data: st.DataObject) -> None:
    kernel = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    pad = data.draw(st.integers(0, min(kernel) - 1))
    stride, dilation = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    image = tuple(data.draw(st.integers(dilation * (k - 1) + 1, 12)) for k in kernel)
    problem = window(data.draw(st.integers(1, 9)), (image[0], image[1]), kernel, stride, dilation, pad)
    x, w = array((2, *problem.image, problem.groups)), array((*kernel, problem.groups), seed=1)
    made = windows.generate(problem, WEIGHTS, Epilogue(), "f32", multiprocessors=data.draw(st.sampled_from([0, 1])))
    check(run(made, [x, w], (problem.points, problem.groups)), folded(x, w, problem, WEIGHTS).reshape(-1, x.shape[-1]))


def test_results_in_sixteen_bits() -> None:
    problem = window(8, (6, 6), (3, 3), pad=1)
    x, w = array((2, 6, 6, 8)), array((3, 3, 8), seed=1)
    found = run(windows.generate(problem, WEIGHTS, Epilogue(), "bf16", multiprocessors=0), [x, w], (72, 8), "bf16")
    check(found, folded(x, w, problem, WEIGHTS).reshape(72, 8), "bf16")


def test_what_is_too_much_to_write_out_does_not_fit() -> None:
    assert windows.fits(window(8, (64, 64), (8, 8)))
    assert not windows.fits(window(8, (64, 64), (9, 8)))
    assert not windows.fits(Convolution(1, (6, 6), 1, 1, (3, 3), (4, 4), groups=8, depth=Axis(4, 2, 3)))
