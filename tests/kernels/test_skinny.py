"""Products with few rows, run by an interpreter of the code that writes them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolved
from test_direct import BIAS_RESIDUAL_RELU, SCALED_BY_POINT, machines
from webtensorc_kernels import skinny
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Apply, Epilogue, Load
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.skinny import Panel

products = st.builds(Convolution.product, st.integers(1, 4), st.integers(1, 40), st.integers(1, 300))


def interpreted(p: Convolution, panel: Panel, epilogue: Epilogue, **held: np.ndarray) -> Interpreter:
    x, w = arrays(p)
    operands = {f"%{name}": array for name, array in held.items()}
    code = Interpreter(panel.lanes, {"%x": x.reshape(p.points, -1), "%w": w.reshape(p.channels, -1), **operands})
    skinny.generate(p, panel, epilogue, code)
    return code


@settings(deadline=None)
@given(products, machines)
def test_every_product_is_right_and_stays_inside_its_buffers(p: Convolution, machine: Machine) -> None:
    panel = skinny.choose(p, machine)
    assert panel is not None
    code = interpreted(p, panel, Epilogue())
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"], convolved(p, *arrays(p)).reshape(p.points, -1))


@settings(deadline=None)
@given(products, st.data())
def test_any_panel_will_do(p: Convolution, data: st.DataObject) -> None:
    lanes = data.draw(st.sampled_from([n for n in (1, 2, 4) if n <= p.outputs]))
    vectors = data.draw(st.integers(1, min(4, p.outputs // lanes)))
    panel = Panel(data.draw(st.integers(1, 9)), vectors, lanes, data.draw(st.integers(1, 5)))
    code = interpreted(p, panel, Epilogue())
    np.testing.assert_array_equal(code.arrays["%y"], convolved(p, *arrays(p)).reshape(p.points, -1))


@settings(deadline=None, max_examples=50)
@given(products, machines, st.integers(0, 5), st.integers(0, 5))
def test_epilogues_and_parts_of_larger_tensors(p: Convolution, machine: Machine, before: int, after: int) -> None:
    panel = skinny.choose(p, machine)
    assert panel is not None
    rng = np.random.default_rng(1)
    y = convolved(p, *arrays(p)).reshape(p.points, -1)
    bias, residual = rng.integers(-9, 9, p.outputs).astype(float), rng.integers(-9, 9, y.shape).astype(float)
    code = interpreted(p, panel, BIAS_RESIDUAL_RELU, e0=bias, e1=residual)
    np.testing.assert_array_equal(code.arrays["%y"], np.maximum(y + bias + residual, 0))

    width, part = before + p.outputs + after, slice(before, before + p.outputs)
    add = Apply("arith.addf", (-1, 0), "", ("f32",) * 3)
    epilogue = Epilogue((Load(0, "result", after), add), ("result",), (width,), (width, before))
    wide = rng.integers(-9, 9, (p.points, width)).astype(float)
    code = interpreted(p, panel, epilogue, e0=wide)
    assert code.stored["%y"][:, part].all() and code.stored["%y"].sum() == y.size
    np.testing.assert_array_equal(code.arrays["%y"][:, part], y + wide[:, after : after + p.outputs])


@settings(deadline=None)
@given(products, machines)
def test_long_epilogues_are_applied_once(p: Convolution, machine: Machine) -> None:
    """Also to what two vectors cover: that behind the last whole one ends with the row."""
    panel = skinny.choose(p, machine)
    assert panel is not None and SCALED_BY_POINT.is_long
    factors = np.linspace(-1, 1, p.points)
    code = interpreted(p, panel, SCALED_BY_POINT, e0=factors)
    y = convolved(p, *arrays(p)).reshape(p.points, -1)
    np.testing.assert_array_equal(code.arrays["%y"], np.tanh(y * factors[:, None]))


def test_only_products_with_few_rows_are_skinny() -> None:
    machine = Machine(16, 32, True, True, 1 << 20)
    assert skinny.choose(Convolution.product(1, 9, 9), machine)
    assert skinny.choose(Convolution(1, (1, 1), 9, 9), machine)
    assert skinny.choose(Convolution.product(5, 9, 9), machine) is None
    assert skinny.choose(Convolution(1, (1, 1), 9, 9, (3, 3), padding=(1, 1)), machine) is None
    assert skinny.choose(Convolution(1, (1, 1), 9, 9, groups=2), machine) is None
