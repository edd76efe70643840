"""Cells of recurrent networks, run by an interpreter of the code that writes them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import fixed_point, in_panels
from webtensorc_kernels import gated
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Apply, Epilogue, Load
from webtensorc_kernels.gated import Cell
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import FIXED

ADDED = Epilogue((Load(0, "channel"), Apply("arith.addf", (-1, 0), "", ("f32",) * 3)), ("channel",))
MIXED = Epilogue(
    (
        Load(0, "result"),
        Apply("arith.mulf", (-2, 0), "", ("f32",) * 3),
        Apply("arith.addf", (1, -1), "", ("f32",) * 3),
        Apply("math.tanh", (2,), "", ("f32",) * 2),
    ),
    ("result",),
)
MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 40),
    st.integers(1, 5),
    st.sampled_from(["matrix", "panels", FIXED]),
    st.sampled_from(MACHINES),
)
def test_gates_are_put_together(rows: int, depth: int, blocks: int, kind: str, machine: Machine) -> None:
    """y = tanh(a + c * b) and a + c * b, where a and b are the gates."""
    width = 32 * blocks
    cell = Cell(rows, depth, width, 2, kind != "matrix", FIXED if kind == FIXED else "f32", ADDED, MIXED, (3, 2))
    vectors = gated.choose(cell, machine)
    assert vectors is not None
    rng = np.random.default_rng(rows * depth * blocks)
    x, w = rng.standard_normal((rows, depth)), rng.standard_normal((depth, 2 * width))
    bias, c = rng.standard_normal(2 * width), rng.standard_normal((rows, width))
    weights = {"%w": w}
    if kind == "panels":
        weights["%w"] = in_panels(w[None, None])
    elif kind == FIXED:
        (weights["%w"], weights["%w_steps"]), w = fixed_point(Convolution.product(rows, depth, 2 * width))
        w = w[0, 0].astype(float)
    code = Interpreter(machine.lanes, {"%x": x, **weights, "%e0": bias, "%f0": c})
    gated.generate(cell, vectors, code)
    z = x @ w + bias
    expected = z[:, :width] + c * z[:, width:]
    np.testing.assert_allclose(code.arrays["%y0"], np.tanh(expected), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(code.arrays["%y1"], expected, rtol=1e-9, atol=1e-12)


def test_gates_that_are_no_whole_number_of_vectors_are_left() -> None:
    assert gated.choose(Cell(1, 8, 50, 4, False, "f32", ADDED, MIXED, (3,)), MACHINES[1]) is None
    assert gated.choose(Cell(5, 8, 64, 4, False, "f32", ADDED, MIXED, (3,)), MACHINES[1]) is None
