"""One drawn graph compiled in two ways: sizes open and fixed, passes on and off.

As in `test_fuzz`, the suite draws a few graphs, always the same; WEBTENSORC_FUZZ says how many times as many others are
drawn by hand:

    WEBTENSORC_FUZZ=10 python -m pytest tests/fuzz/test_same_graph.py
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from families import graphs
from fuzzing.case import Array, Case, given, model
from fuzzing.oracle import difference, expected
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from onnx import TensorProto, helper

import webtensorc
from webtensorc.frontends.onnx import check

GRAPHS = int(os.environ.get("WEBTENSORC_FUZZ", "1"))


def with_open_sizes(case: Case) -> Any:
    """The case with a name for every size of an input but 1; equal sizes have one name."""
    proto = model([case])
    for each in proto.graph.input:
        for dim in each.type.tensor_type.shape.dim:
            if dim.dim_value > 1:
                size = dim.dim_value
                dim.Clear()
                dim.dim_param = f"size{size}"
    return proto


def assert_right(case: Case, found: dict[str, Array]) -> None:
    for name, wanted in zip(case.outputs, expected(case), strict=True):
        wrong = difference(case, found[f"0/{name}"], wanted)
        assert not wrong, f"{name}: {wrong} ({case.oracle})\n{case!r}"


def open_sizes(case: Case) -> None:
    """What `check` accepts compiles, and is right at the sizes that the graph was drawn with."""
    proto = with_open_sizes(case)
    if not check(proto):  # a number in the graph may demand a size
        bundle = webtensorc.compile(proto, cache=False)
        assert_right(case, webtensorc_runtime.load(bundle).run(given([case])))


def passes_on_and_off(case: Case) -> None:
    """Whatever is optimised, the result is right."""
    for level in (0, 1, 3):
        bundle = webtensorc.compile(model([case]), optimization_level=level, cache=False)
        assert_right(case, webtensorc_runtime.load(bundle).run(given([case])))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # about how long a failing graph is
@pytest.mark.parametrize(("way", "count"), [(open_sizes, 6), (passes_on_and_off, 4)])
@pytest.mark.parametrize("family", [graphs.plain, graphs.nested], ids=["plain", "nested"])
def test_same_graph(family: Any, way: Callable[[Case], None], count: int) -> None:
    @settings(
        max_examples=count * GRAPHS,
        derandomize=GRAPHS == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @drawn(family.cases(1))
    def agree(cases: list[Case]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, about overflows
            way(cases[0])

    agree()


def graph(inputs: dict[str, Array], constants: dict[str, Array], *nodes: Any) -> Case:
    return Case(17, nodes, inputs, constants, oracle="onnxruntime")


def ramp(*shape: int) -> Array:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def one_trip() -> Any:
    """A loop of one trip that collects what it carries, and whose condition is data."""
    nodes = [
        helper.make_node("Add", ["v", "x"], ["v_out"]),
        helper.make_node("ReduceMax", ["v_out"], ["peak"], keepdims=0),
        helper.make_node("Less", ["peak", "limit"], ["go_on"]),
        helper.make_node("Identity", ["v_out"], ["each"]),
    ]
    kinds = {"i": (TensorProto.INT64, ()), "go_in": (TensorProto.BOOL, ()), "go_on": (TensorProto.BOOL, ())}
    given, made = (
        [helper.make_tensor_value_info(name, *kinds.get(name, (TensorProto.FLOAT, None))) for name in names]
        for names in (("i", "go_in", "v"), ("go_on", "v_out", "each"))
    )
    body = helper.make_graph(nodes, "body", given, made)
    return helper.make_node("Loop", ["n", "", "x"], ["y", "all"], body=body)


CODES = {"s": np.asarray(0.5, np.float32), "z": np.asarray(3, np.uint8)}
FOUND = {
    # A kernel widened a tensor of any size on its stack to look up the elements of what was joined.
    "join of widened numbers": graph(
        {"x": ramp(5)},
        {},
        helper.make_node("Cast", ["x"], ["c"], to=7),
        helper.make_node("Concat", ["c", "c"], ["y"], axis=0),
    ),
    "edges of numbers that were bytes": graph(
        {"x": ramp(2, 3, 4)},
        {**CODES, "p": np.asarray([1, 0, 1, 0, 1, 1])},
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("Pad", ["d", "p"], ["y"], mode="edge"),
    ),
    # A number was written over those behind it in a table of two dimensions.
    "table of indices from the end": graph(
        {"x": ramp(2, 6, 5)},
        {"i": np.asarray([[-5, 3], [1, -1]])},
        helper.make_node("Gather", ["x", "i"], ["y"], axis=1),
    ),
    # The compiled loop gave one buffer for both results, and failed when it ran.
    "loop of one trip": graph({"x": ramp(3, 2)}, {"n": np.asarray(1), "limit": np.asarray(9, np.float32)}, one_trip()),
    # A bias was broadcast: one filter fitted it.
    "bias as long as there are filters": graph(
        {"x": ramp(1, 3, 4, 4), "w": ramp(2, 3, 1, 1)},
        {"b": np.asarray([1, 2], np.float32)},
        helper.make_node("Conv", ["x", "w", "b"], ["y"]),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_found_with_open_sizes(name: str) -> None:
    assert not check(with_open_sizes(FOUND[name]))
    open_sizes(FOUND[name])
