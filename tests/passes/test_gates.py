"""Recurrent networks are compiled to cells: one dispatch a step, and the numbers are JAX's."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from graph_models import traced
from jax import lax
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import webtensorc

Array = Any


def lstm(inside: Array, between: Array, first: Array, second: Array, x: Array) -> Array:
    """Two layers: the outputs, and the last one's state in the end, which is read between the steps as well."""

    def step(state: Array, both: Array, part: Array) -> Array:
        h, c = both
        i, o, forget, new = jnp.split(part + h @ state, 4, axis=1)
        c = jax.nn.sigmoid(forget) * c + jax.nn.sigmoid(i) * jnp.tanh(new)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], first.shape[0]), jnp.float32)
    _, outputs = lax.scan(partial(step, first), (zeros, zeros), x @ inside)
    (_, c), outputs = lax.scan(partial(step, second), (zeros, zeros), outputs @ between)
    return outputs, c


@pytest.mark.parametrize("width", [32, 20])
def test_an_lstm_is_one_dispatch_a_step(width: int) -> None:
    rng = np.random.default_rng(0)
    shapes = {"inside": (6, 4 * width), "between": (width, 4 * width), "first": (width, 4 * width)}
    shapes["second"] = shapes["first"]
    weights = {name: rng.standard_normal(shape, np.float32) / 4 for name, shape in shapes.items()}
    inputs = {"x": rng.standard_normal((3, 2, 6), np.float32)}
    bundle = webtensorc.compile(traced(lstm, weights, inputs), cache=False)
    for ours, theirs in zip(webtensorc_runtime.load(bundle)(*inputs.values()), lstm(**weights, **inputs), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"] if step["kind"] == "dispatch"]
    assert len([name for name in steps if name.startswith("gates")]) == (6 if width % 16 == 0 else 0)


@pytest.mark.parametrize("linear_before_reset", [0, 1])
def test_a_gru_is_one_dispatch_a_step_or_two_where_the_reset_gate_comes_first(linear_before_reset: int) -> None:
    rng, width = np.random.default_rng(0), 32
    shapes = {"w": (1, 3 * width, 6), "r": (1, 3 * width, width), "b": (1, 6 * width)}
    weights = [numpy_helper.from_array(rng.standard_normal(s, np.float32) / 4, name) for name, s in shapes.items()]
    node = helper.make_node(
        "GRU", ["x", "w", "r", "b", "", "h0"], ["y", "h"], hidden_size=width, linear_before_reset=linear_before_reset
    )
    y, h = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "yh")
    inputs = {"x": rng.standard_normal((3, 2, 6), np.float32), "h0": rng.standard_normal((1, 2, width), np.float32)}
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, each.shape) for name, each in inputs.items()]
    graph = helper.make_graph([node], "gru", given, [y, h], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    bundle = webtensorc.compile(model, cache=False)
    wanted = ReferenceEvaluator(model).run(None, inputs)
    for ours, theirs in zip(webtensorc_runtime.load(bundle)(*inputs.values()), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"] if step["kind"] == "dispatch"]
    cells = [name for name in steps if name.startswith("gates")]
    assert len(cells) >= 2 and len(steps) <= (5 if linear_before_reset else 7)  # the first step may be two dispatches
