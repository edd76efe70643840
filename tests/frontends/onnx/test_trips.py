"""Loops that say how often they run by their condition alone, as exporters of TensorFlow write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper

import webtensorc
from webtensorc.errors import UnsupportedError
from webtensorc.frontends.onnx import check
from webtensorc.reference import run_onnxruntime

FLOAT, INT32, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
info, node = helper.make_tensor_value_info, helper.make_node


def loop(
    limit: int | None, trip_count: int | None, *, grows: bool = False, until: float | None = None
) -> onnx.ModelProto:
    """A loop over a state that collects it while a counter is below a limit, an input `n` if that is None.

    With `until` only as long as no element of the state is above that.
    """
    body = helper.make_graph(
        [
            node("Add", ["count", "step"], ["next"]),
            node("Less", ["next", "limit" if limit is not None else "n"], ["below"]),
            node("ReduceMax", ["state"], ["largest"], keepdims=0),
            node("LessOrEqual", ["largest", "until"], ["small"]),
            node("And", ["below", "yes" if until is None else "small"], ["on"]),
            node("Tanh", ["state"], ["turned"]),
            node("Concat", ["turned", "x"], ["after"], axis=0) if grows else node("Add", ["turned", "x"], ["after"]),
            node("ReduceSum", ["after"], ["row"], keepdims=0),
        ],
        "body",
        [info("i", INT64, []), info("go", BOOL, []), info("count", INT32, []), info("state", FLOAT, None)],
        [info(name, kind, None) for name, kind in (("on", BOOL), ("next", INT32), ("after", FLOAT), ("row", FLOAT))],
    )
    constants: dict[str, Any] = {"zero": np.int32(0), "step": np.int32(2), "yes": np.asarray(True)}
    constants |= {"limit": np.int32(limit or 0), "until": np.float32(until or 0)}
    if trip_count is not None:
        constants["trips"] = np.int64(trip_count)
    made = node("Loop", ["trips" if trip_count else "", "yes", "zero", "x"], ["c", "last", "rows"], body=body)
    graph = helper.make_graph(
        [made],
        "looping",
        [info("x", FLOAT, [3]), *([info("n", INT32, [])] if limit is None else [])],
        [info("last", FLOAT, None), info("rows", FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


CASES = {
    "condition alone": (loop(9, None), 5),
    "a number for any": (loop(10, 2**31 - 1), 5),
    "many trips": (loop(301, None), 151),
    "what it carries grows": (loop(7, None, grows=True), 4),
    "fewer than it says": (loop(1000, 100), None),
    "data may end it": (loop(9, None, until=0.8), None),
}


@pytest.mark.parametrize("name", CASES)
def test_a_counter_and_a_limit(name: str) -> None:
    proto, rows = CASES[name]
    assert check(proto) == ()
    inputs = {"x": np.array([0.3, -0.2, 0.1], np.float32)}
    found = webtensorc_runtime.load(webtensorc.compile(proto, cache=False)).run(inputs)
    expected = run_onnxruntime(proto, inputs)
    assert rows is None or found["rows"].shape == (rows,)
    trips = int(found.get("rows.size0", len(found["rows"])))
    np.testing.assert_allclose(found["rows"][:trips], expected["rows"], rtol=1e-5)
    np.testing.assert_allclose(found["last"], expected["last"], rtol=1e-5)


def test_a_limit_from_the_inputs_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="trip count"):
        webtensorc.compile(loop(None, None), cache=False)


def test_what_is_collected_and_nobody_reads_needs_no_number_of_trips() -> None:
    proto = loop(None, None)
    del proto.graph.output[1]
    assert check(proto) == ()
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for limit in (1, 9):
        inputs = {"x": np.array([0.3, -0.2, 0.1], np.float32), "n": np.asarray(limit, np.int32)}
        expected = run_onnxruntime(proto, inputs)
        np.testing.assert_allclose(module.run(inputs)["last"], expected["last"], rtol=1e-5)


def test_as_many_trips_as_there_are_rows() -> None:
    """The older exporter's `EmbeddingBag`: the bags' ends are joined with the number of rows, a trip sums a bag."""
    body = helper.make_graph(
        [
            node("Add", ["i", "one"], ["j"]),
            node("Gather", ["ends", "i"], ["a"], axis=0),
            node("Gather", ["ends", "j"], ["b"], axis=0),
            node("Unsqueeze", ["a", "axis"], ["start"]),
            node("Unsqueeze", ["b", "axis"], ["stop"]),
            node("Slice", ["flat", "start", "stop", "axis"], ["bag"]),
            node("ReduceSum", ["bag", "axis"], ["row"], keepdims=0),
            node("Identity", ["go"], ["on"]),
        ],
        "body",
        [info("i", INT64, []), info("go", BOOL, [])],
        [info("on", BOOL, None), info("row", FLOAT, None)],
    )
    nodes = [
        node("Shape", ["x"], ["sizes"]),
        node("Split", ["sizes"], ["rows", "columns"], num_outputs=2),
        node("Squeeze", ["rows"], ["n"]),
        node("Squeeze", ["columns"], ["m"]),
        node("Mul", ["n", "m"], ["all"]),
        node("Range", ["zero", "all", "m"], ["starts"]),
        node("Unsqueeze", ["all", "axis"], ["end"]),
        node("Concat", ["starts", "end"], ["ends"], axis=0),
        node("Reshape", ["x", "flattened"], ["flat"]),
        node("Loop", ["n", ""], ["y"], body=body),
    ]
    constants = {"zero": 0, "one": 1, "axis": [0], "flattened": [-1]}
    graph = helper.make_graph(
        nodes,
        "bags",
        [info("x", FLOAT, ["rows", 4])],
        [info("y", FLOAT, None), info("ends", INT64, None)],
        [numpy_helper.from_array(np.asarray(value, np.int64), name) for name, value in constants.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for rows in (1, 3, 70):
        x = np.random.default_rng(rows).standard_normal((rows, 4)).astype(np.float32)
        found, expected = module.run({"x": x}), run_onnxruntime(proto, {"x": x})
        np.testing.assert_array_equal(found["ends"], expected["ends"])
        np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-5, atol=1e-6)


def rows_while(condition: list[onnx.NodeProto]) -> onnx.ModelProto:
    """As many trips as x has rows, as long as the nodes give `on`: `next` trips begun before the next one, of `n`."""
    body = helper.make_graph(
        [
            node("Add", ["count", "one"], ["next"]),
            node("Cast", ["next"], ["begun"], to=FLOAT),
            node("Cast", ["limit"], ["n"], to=FLOAT),
            *condition,
            node("Gather", ["x", "i"], ["row"], axis=0),
            node("Add", ["state", "row"], ["after"]),
        ],
        "body",
        [info("i", INT64, []), info("go", BOOL, []), info("count", INT32, []), info("limit", INT32, []),
         info("state", FLOAT, None)],
        [info("on", BOOL, None), info("next", INT32, None), info("limit", INT32, None), info("after", FLOAT, None),
         info("after", FLOAT, None)],
    )  # fmt: skip
    nodes = [
        node("Shape", ["x"], ["sizes"], end=1),
        node("Squeeze", ["sizes"], ["trips"]),
        node("Cast", ["trips"], ["steps"], to=INT32),
        node("Less", ["zero", "steps"], ["some"]),
        node("Loop", ["trips", "some", "zero", "steps", "start"], ["c", "l", "last", "sums"], body=body),
        node("Shape", ["sums"], ["shape"]),
    ]
    constants: dict[str, Any] = {"zero": np.int32(0), "one": np.int32(1), "start": np.zeros(2, np.float32)}
    graph = helper.make_graph(
        nodes,
        "sums",
        [info("x", FLOAT, ["rows", 2])],
        [info("sums", FLOAT, None), info("shape", INT64, [2])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


ALL_TRIPS = {
    "below": ([node("Less", ["begun", "n"], ["on"])], True),
    "both": ([node("Less", ["next", "limit"], ["a"]), node("LessOrEqual", ["begun", "n"], ["b"]),
              node("And", ["a", "b"], ["on"])], True),
    "one less": ([node("Add", ["begun", "begun"], ["twice"]), node("Less", ["twice", "n"], ["on"])], False),
    "turned": ([node("Greater", ["begun", "n"], ["on"])], False),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL_TRIPS)
def test_as_many_trips_as_a_size_and_a_condition(name: str) -> None:
    """As exporters of TensorFlow write recurrences: what is collected is as long as the size if all trips run."""
    condition, is_certain = ALL_TRIPS[name]
    proto = rows_while(condition)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert ([each.name for each in module.outputs] == ["sums", "shape"]) == is_certain
    for rows in (1, 2, 7):
        x = np.random.default_rng(rows).standard_normal((rows, 2)).astype(np.float32)
        found, expected = module.run({"x": x}), run_onnxruntime(proto, {"x": x})
        trips = int(found.get("sums.size0", len(found["sums"])))
        np.testing.assert_allclose(found["sums"][:trips], expected["sums"], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found["shape"], expected["shape"])
