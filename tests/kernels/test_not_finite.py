"""Not a number and infinity in compiled kernels: they come out where the definition has them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from kernel_attention import arrays as attention_arrays
from kernel_attention import attended, masked
from kernel_problems import arrays, convolved
from test_compiled_kernels import TARGETS, check, machine_of
from webtensorc_kernels import attention, direct, skinny, windows, winograd, winograd_blocking
from webtensorc_kernels.attention import Attention
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.tile_choice import choose
from webtensorc_kernels.windows import Fold

pytestmark = pytest.mark.slow

Case = tuple[Kernel, list[np.ndarray], np.ndarray]
SPECIAL = (np.nan, np.inf, -np.inf)
WINDOWED = Convolution(1, (6, 9), 1, 1, (3, 2), (6, 5), (1, 2), padding=(1, 1), groups=20)
CLIPPED = Epilogue(
    (
        Constant("-2.0 : f32"),
        Apply("arith.maximumf", (-1, 0), "", ("f32",) * 3),
        Constant("50.0 : f32"),
        Apply("arith.minimumf", (1, 2), "", ("f32",) * 3),
    )
)
"""ONNX Clip and, with other bounds, Relu: not a number stays what it is."""


def given(p: Convolution) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers, and in places far apart the three that are none."""
    x, w = arrays(p)
    for number, value in enumerate(SPECIAL):
        x.reshape(-1)[(2 * number + 1) * x.size // 7] = value
    return x, w


def product(machine: Machine) -> Case:
    p = Convolution.product(19, 40, 37)
    tile = choose(p, machine)
    assert tile is not None
    x, w = given(p)
    kernel = direct.generate(p, tile, CLIPPED, Code(tile.lanes, machine))
    return kernel, [x, w], np.clip(convolved(p, x, w), -2, 50)


def convolution(machine: Machine) -> Case:
    p = Convolution(1, (7, 9), 5, 33, (3, 3), (7, 9), padding=(1, 1))
    tile = choose(p, machine)
    assert tile is not None
    x, w = given(p)
    return direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)), [x, w], convolved(p, x, w)


def few_rows(machine: Machine) -> Case:
    p = Convolution.product(4, 31, 130)
    panel = skinny.choose(p, machine)
    assert panel is not None
    x, w = given(p)
    return skinny.generate(p, panel, Epilogue(), Code(panel.lanes, machine)), [x, w], convolved(p, x, w)


def depthwise(machine: Machine) -> Case:
    strip = windows.choose(WINDOWED, Fold("0.0 : f32"), machine)
    assert strip is not None
    x, w = given(WINDOWED)
    kernel = windows.generate(WINDOWED, strip, Fold("0.0 : f32"), Epilogue(), Code(strip.lanes, machine))
    return kernel, [x, w], convolved(WINDOWED, x, w)


def pooling(operation: str, initial: str, fold: np.ufunc, start: float) -> Callable[[Machine], Case]:
    def case(machine: Machine) -> Case:
        p = WINDOWED
        how = Fold(initial, operation)
        strip = windows.choose(p, how, machine)
        assert strip is not None
        x, _ = given(p)
        y = np.full((1, *p.out, p.groups), start)
        for oh, ow, kh, kw in np.ndindex(*p.out, *p.kernel):
            ih, iw = oh * p.strides[0] + kh - p.padding[0], ow * p.strides[1] + kw - p.padding[1]
            if 0 <= ih < p.image[0] and 0 <= iw < p.image[1]:
                y[:, oh, ow] = fold(y[:, oh, ow], x[:, ih, iw])
        kernel = windows.generate(p, strip, how, Epilogue(), Code(strip.lanes, machine))
        return kernel, [x], y

    return case


def softmax(machine: Machine) -> Case:
    p = Attention(2, 9, 20, 16, 24)
    q, k, v, mask = attention_arrays(p, "plane")
    q[0, 0, 3], q[0, 1, 2], k[1, 5, 4], v[1, 6, 7] = np.nan, np.inf, np.nan, -np.inf
    mask[4] = -np.inf  # nothing to attend to: 0 / 0
    blocks = attention.choose(p, machine)
    kernel = attention.generate(p, blocks, masked("plane", p.rows), Code(blocks.lanes, machine))
    return kernel, [q, k, v, mask], attended(p, q, k, v, mask)


def whole_tiles(machine: Machine) -> Case:
    """Winograd's algorithm alone spreads them: over a whole tile of 4x4 results, unless at its window's edge."""
    p = Convolution(1, (32, 32), 64, 64, (3, 3), (32, 32), padding=(1, 1))
    blocking = winograd_blocking.plan(p, machine)
    assert blocking is not None
    x, w = arrays(p)
    y = convolved(p, x, w)
    for value, (row, column) in zip(SPECIAL, ((0, 0), (9, 17), (31, 14)), strict=True):
        x[0, row, column, 5] = value
        for top, left in np.ndindex(8, 8):
            if 4 * top - 1 <= row <= 4 * top + 4 and 4 * left - 1 <= column <= 4 * left + 4:
                y[0, 4 * top : 4 * top + 4, 4 * left : 4 * left + 4] = np.nan
    return winograd.generate(p, blocking, Epilogue(), Code(blocking.tile.lanes, machine)), [x, w], y


CASES: tuple[Callable[[Machine], Case], ...] = (
    product,
    convolution,
    few_rows,
    depthwise,
    pooling("arith.maximumf", "0xFF800000 : f32", np.maximum, -np.inf),
    pooling("arith.minimumf", "0x7F800000 : f32", np.minimum, np.inf),
    pooling("arith.addf", "0.0 : f32", np.add, 0.0),
    softmax,
    whole_tiles,
)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_every_family(target: str) -> None:
    kernels, operands, expected = zip(*(case(machine_of(target)) for case in CASES), strict=True)
    for each in expected:
        assert np.isnan(each).any() and np.isfinite(each).any()
    check(target, list(kernels), list(operands), list(expected))
