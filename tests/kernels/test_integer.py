"""Convolutions and matrix products of int8, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import convolutions, convolved
from webtensorc_kernels import integer, panels
from webtensorc_kernels.convolution import Convolution, Tile
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load
from webtensorc_kernels.machine import Dot, Machine

MACHINES = [
    Machine(4, 32, True, False, 1 << 19, dot=Dot((), unsigned=False, lanes=4)),
    Machine(8, 16, True, False, 1 << 19, dot=Dot((), unsigned=True)),
    Machine(16, 32, True, True, 1 << 20, dot=Dot((), unsigned=True)),
]
SUMS = Epilogue(element="i32")
machines = st.sampled_from(MACHINES)
REQUANTISED = Epilogue(
    (
        Load(0, "channel"),
        Apply("arith.subi", (-1, 0), "", ("i32",) * 3),
        *[Apply("arith.addf", (1, 0), "", ("i32",) * 3)] * 9,
        Constant("3 : i32"),
        Apply("arith.muli", (1, 11), "", ("i32",) * 3),
        Apply("arith.trunci", (12,), "", ("i32", "i8")),
    ),
    ("channel",),
    elements=("i32",),
    element="i8",
)


def unpadded(p: Convolution, times: int = 1) -> Convolution:
    """The same without padding, which must be in the image, and so many times as many channels."""
    extents = [
        (n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(p.out, p.strides, p.kernel, p.dilations, strict=True)
    ]
    return replace(p, image=(extents[0], extents[1]), padding=(0, 0), channels=times * p.channels)


problems = st.builds(unpadded, convolutions(), st.sampled_from((1, 1, 7)))
"""Runs of up to 15 bytes, and of up to 105: of four words and more."""


def arrays(p: Convolution) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (p.batch, *p.image, p.groups * p.channels))
    return x, rng.integers(-128, 128, (*p.kernel, p.channels, p.groups * p.outputs))


def in_words(matrix: np.ndarray) -> np.ndarray:
    """Panels `[p, k / 4, WIDTH, 4]` of a matrix `[k, n]`."""
    each = [matrix[:, start : start + panels.WIDTH] for start in panels.starts(matrix.shape[1])]
    return np.stack([panel.reshape(-1, 4, panels.WIDTH).transpose(0, 2, 1) for panel in each])


def interpreted(
    p: Convolution, tile: Tile, machine: Machine, epilogue: Epilogue = SUMS, **extra: np.ndarray
) -> np.ndarray:
    """The kernel's result; the interpreter fails on an access outside, and here on what was never stored."""
    assert machine.dot is not None
    x, w = arrays(p)
    image = x + 128 if machine.dot.unsigned else x
    matrix = w.reshape(-1, w.shape[-1])
    held = {"%x": image.reshape(p.batch, p.image[0], -1), "%w": in_words(matrix) if p.packed else matrix}
    code = Interpreter(tile.lanes, held | {f"%{name}": each for name, each in extra.items()})
    integer.Writer(p, tile, epilogue, code, machine.dot).kernel()
    assert code.stored["%y"].all()
    return code.arrays["%y"].reshape(p.batch, *p.out, -1)


@settings(deadline=None)
@given(problems, machines)
def test_every_convolution_is_right_and_stays_inside_its_buffers(p: Convolution, machine: Machine) -> None:
    tile = integer.plan(p, machine)
    if tile is None:
        assert p.outputs < 4 or p.points < 4
        return
    assert tile.points * tile.vectors + tile.vectors < machine.registers
    np.testing.assert_array_equal(interpreted(p, tile, machine), convolved(p, *arrays(p)))


@settings(deadline=None, max_examples=30)
@given(problems, st.integers(32, 100), machines)
def test_weights_in_panels_are_read_as_they_lie(p: Convolution, outputs: int, machine: Machine) -> None:
    p = replace(p, groups=1, channels=4 * p.channels, outputs=outputs, packed=True)
    tile = integer.plan(p, machine)
    assert tile is not None
    np.testing.assert_array_equal(interpreted(p, tile, machine), convolved(p, *arrays(p)))


@settings(deadline=None)
@given(st.integers(4, 40), st.integers(1, 9), st.integers(4, 150), machines)
def test_every_product_is_right(rows: int, depth: int, columns: int, machine: Machine) -> None:
    p = Convolution.product(rows, depth, columns)
    tile = integer.plan(p, machine)
    assert tile is not None
    np.testing.assert_array_equal(interpreted(p, tile, machine), convolved(p, *arrays(p)))


@settings(deadline=None, max_examples=30)
@given(problems, st.integers(1, 9), st.integers(1, 4), machines)
def test_epilogues_end_in_bytes(p: Convolution, points: int, vectors: int, machine: Machine) -> None:
    lanes = min(machine.lanes, p.outputs)
    tile = Tile(min(points, p.out[1]), max(1, min(vectors, p.outputs // lanes)), lanes)
    y = convolved(p, *arrays(p))
    offsets = np.random.default_rng(1).integers(-99, 99, y.shape[-1])
    assert REQUANTISED.is_long
    found = interpreted(p, tile, machine, REQUANTISED, e0=offsets)
    np.testing.assert_array_equal(found, (3 * (y - offsets)).astype(np.int64).astype(np.int8))


@settings(deadline=None)
@given(convolutions(), machines)
def test_products_with_padding_are_left_out(p: Convolution, machine: Machine) -> None:
    """Which is bytes that add nothing: as operands of the instruction they are 0."""
    assert machine.dot is not None
    p = replace(p, channels=4 * p.channels)
    tile = integer.plan(p, machine)
    if tile is None:
        assert p.outputs < 4 or p.points < 4
        return
    x, w = arrays(p)
    shift = 128 if machine.dot.unsigned else 0
    expected = convolved(p, x + shift, w) - shift * w.sum(axis=(0, 1, 2))
    np.testing.assert_array_equal(interpreted(p, tile, machine), expected)


@pytest.mark.parametrize("machine", MACHINES)
def test_padding_splits_no_word(machine: Machine) -> None:
    assert integer.plan(Convolution(1, (8, 8), 3, 16, (3, 3), (8, 8), padding=(1, 1)), machine) is None
    assert integer.plan(Convolution.product(8, 16, 16), replace(machine, dot=None)) is None
