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
from webtensorc_kernels import tile_steps, tiled, weight_sums
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import NEAREST, Apply, Constant, Epilogue, Load
from webtensorc_kernels.machine import Dot, Machine
from webtensorc_kernels.rescaling import beginning, rescaled
from webtensorc_kernels.saturation import Saturated

MACHINE = Machine(16, 32, True, True, 1 << 20, dot=Dot((), unsigned=True), tiles=True)
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


def operands(p: Convolution) -> dict[str, np.ndarray]:
    """What the kernel reads, as the kernels that make it do; padding is bytes that add nothing, 0 as tiles see them."""
    steps = tile_steps.plan(p, MACHINE)
    assert steps is not None
    x, w = arrays(p)
    words = in_words(w.reshape(-1, w.shape[-1]))
    begin = Interpreter(16, {"%w": words})
    weight_sums.generate(words.shape[1], p.outputs, begin)
    held = {"%x": (x + 128).reshape(-1), "%w": words, "%given": begin.arrays["%y"]}
    copy = tiled.copied(p, steps)
    if copy is None:
        return held
    code = Interpreter(16, held)
    copy.kernel(code)
    return held | {"%image": code.arrays["%image"]}


def interpreted(p: Convolution, epilogue: Epilogue = SUMS, **extra: np.ndarray) -> np.ndarray:
    """The kernel's result; what a copy of the image has behind its end is not a number."""
    steps = tile_steps.plan(p, MACHINE)
    assert steps is not None
    code = Interpreter(16, operands(p) | {f"%{name}": each for name, each in extra.items()})
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


def quantised(low: int, high: int, zero: int, *, flip: bool) -> Epilogue:
    """A residual is added to sums times a scale, and the sum is made a byte; `flip` makes it an unsigned operand."""
    f3 = ("f32",) * 3
    steps = (
        Load(0, "channel"),
        Apply("arith.subi", (-1, 0), "", ("i32",) * 3),
        Apply("arith.sitofp", (1,), "", ("i32", "f32")),
        Load(1, "channel"),
        Load(2, "channel"),
        Apply("math.fma", (2, 3, 4), "", ("f32",) * 4),
        Load(3, "result"),
        Apply("arith.extui", (6,), "", ("i8", "i32")),
        Constant("77 : i32"),
        Apply("arith.subi", (7, 8), "", ("i32",) * 3),
        Apply("arith.sitofp", (9,), "", ("i32", "f32")),
        Constant("0.75 : f32"),
        Apply("arith.mulf", (10, 11), "", f3),
        Apply("arith.addf", (5, 12), "", f3),
        Constant("0.5 : f32"),
        Apply("arith.mulf", (13, 14), "", f3),
        Constant(f"{low - zero}.0 : f32"),
        Apply("arith.maximumf", (15, 16), "", f3),
        Constant(f"{high - zero}.0 : f32"),
        Apply("arith.minimumf", (17, 18), "", f3),
        Apply(NEAREST, (19,), "", ("f32", "i32")),
        Constant(f"{zero} : i32"),
        Apply("arith.addi", (20, 21), "", ("i32",) * 3),
        Apply("arith.trunci", (22,), "", ("i32", "i8")),
        Constant("-128 : i8"),
        Apply("arith.xori", (23, 24), "", ("i8",) * 3),
    )
    by = ("channel", "channel", "channel", "result")
    return Epilogue(steps if flip else steps[:24], by, elements=("i32", "f32", "f32", "i8"), element="i8")


def residual_operands(p: Convolution) -> dict[str, np.ndarray]:
    """For `quantised`; numbers with few bits, so that nothing depends on the order of rounding."""
    random = np.random.default_rng(2)
    less, scale = random.integers(-99, 99, p.outputs), random.choice([2.0**-5, 2.0**-8], p.outputs)
    added = random.integers(-30, 30, p.outputs) + 0.125
    return {"e0": less, "e1": scale, "e2": added, "e3": random.integers(0, 256, (p.points, p.outputs))}


def with_residual(p: Convolution, low: int, high: int, zero: int, *, flip: bool) -> np.ndarray:
    """What `quantised` means, as bytes with a sign."""
    e = residual_operands(p)
    sums = expected(p).reshape(p.points, p.outputs) - e["e0"]
    value = (sums * e["e1"] + e["e2"] + 0.75 * (e["e3"] - 77)) * 0.5
    byte = np.clip(np.rint(value) + zero, low, high).astype(np.int64)
    return np.asarray((byte + 128 * flip).astype(np.int8).reshape(p.batch, *p.out, -1))


ENDINGS = [(0, 255, 125), (-128, 127, 3), (10, 200, 20), (-100, 90, 0)]


@pytest.mark.parametrize(("low", "high", "zero"), ENDINGS)
@pytest.mark.parametrize("p", PROBLEMS[::2])
def test_bytes_with_a_residual_are_packed(p: Convolution, low: int, high: int, zero: int) -> None:
    flip = low == -128
    epilogue = quantised(low, high, zero, flip=flip)
    assert Saturated.of(epilogue) is not None
    found = interpreted(p, epilogue, **residual_operands(p))
    np.testing.assert_array_equal(found, with_residual(p, low, high, zero, flip=flip))


def test_what_is_subtracted_first_and_scales_cost_nothing_for_each_result() -> None:
    less, rest = beginning(rescaled(quantised(0, 255, 0, flip=False)))
    found = Saturated.of(rest)
    assert less == 0 and found is not None
    names = [step.name for step in found.number.steps if isinstance(step, Apply)]
    assert "arith.subi" not in names and len(names) == 9


def test_bytes_that_are_not_packed() -> None:
    whole = quantised(0, 255, 0, flip=False)
    for other in (
        REQUANTISED,
        replace(whole, steps=whole.steps[:20], element="f32"),
        quantised(-1, 255, 0, flip=False),
        quantised(0, 256, 0, flip=False),
        replace(whole, steps=(*whole.steps[:18], Constant("0.25 : f32"), *whole.steps[19:])),
    ):
        assert Saturated.of(other) is None


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
