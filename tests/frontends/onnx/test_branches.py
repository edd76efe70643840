"""`If` with branches that do not fit all sizes, or that the sizes choose: right as in ONNX Runtime, or an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.errors import UnsupportedError
from webtensorc.frontends import load_model
from webtensorc.reference import run_onnxruntime
from webtensorc.reference_xla import run_xla

FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL


def node(operator: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], **attributes)


def branch(*nodes: Any) -> Any:
    result = helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)
    return helper.make_graph(nodes, "branch", [], [result])


def model(nodes: list[Any], inputs: dict[str, list[Any]], constants: dict[str, Any]) -> Any:
    given = [helper.make_tensor_value_info(name, BOOL if name == "c" else FLOAT, each) for name, each in inputs.items()]
    result = helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)
    tensors = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", given, [result], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def rows(n: Any) -> Any:
    """Sums of rows of six, or of rows of four, as data chooses."""
    six = branch(node("Reshape", ["x", "6"], "a"), node("ReduceMax", ["a"], "sixes"))
    four = branch(node("Reshape", ["x", "4"], "b"), node("ReduceMin", ["b"], "fours"))
    chosen = node("If", ["c"], "y", then_branch=six, else_branch=four, name="choose")
    return model([chosen], {"c": [], "x": [n]}, {"6": np.int64([-1, 6]), "4": np.int64([-1, 4])})


def by_size(operator: str, limit: int, then_branch: Any, else_branch: Any) -> Any:
    nodes = [
        node("Shape", ["x"], "sizes"),
        node("Gather", ["sizes", "0"], "n"),
        node(operator, ["n", "limit"], "c"),
        node("If", ["c"], "y", then_branch=then_branch, else_branch=else_branch, name="choose"),
        node("Neg", ["y"], "z"),
    ]
    constants = {
        "0": np.int64(0),
        "limit": np.int64(limit),
        "first": np.int64([0]),
        "tail": np.ones((5, 3), np.float32),
    }
    return model(nodes, {"x": ["n", 3]}, constants)


def test_a_branch_is_for_the_sizes_that_it_fits() -> None:
    proto = rows("n")
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert [str(each) for each in module.dims] == ["n=4.."]  # which one branch or the other fits
    for size, fits in ((12, (True, False)), (18, (True,)), (4, (False,))):
        x = np.random.default_rng(size).standard_normal(size).astype(np.float32)
        for c in map(np.asarray, (True, False)):
            if c in fits:
                np.testing.assert_array_equal(module(c, x)[0], run_onnxruntime(proto, {"c": c, "x": x})["y"])
            else:
                with pytest.raises(UsageError, match=r'node "choose" \(If\): its `\w+_branch` .* it needs n=\d\.\.:\d'):
                    module(c, x)


def test_a_branch_that_fits_no_sizes_fails_when_it_is_chosen() -> None:
    proto = rows(6)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    x = np.arange(6, dtype=np.float32)
    assert module(np.asarray(True), x)[0] == 5
    with pytest.raises(UsageError, match=r'node "choose" \(If\): its `else_branch` does not fit'):
        module(np.asarray(False), x)
    assert run_xla(load_model(proto), {"c": np.asarray(True), "x": x})["y"] == 5


def test_sizes_behind_a_choice_by_sizes_are_expressions() -> None:
    longer = branch(node("Concat", ["x", "tail"], "longer", axis=0))
    proto = by_size("Less", 8, longer, branch(node("Identity", ["x"], "same")))
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert [str(each) for each in module.outputs] == ["z: float32[5*min(1, max(0, - n + 8)) + n, 3]"]
    for size in (1, 7, 8, 20):
        x = np.random.default_rng(size).standard_normal((size, 3)).astype(np.float32)
        np.testing.assert_array_equal(module(x)[0], run_onnxruntime(proto, {"x": x})["z"])


def test_a_rank_that_one_size_has_is_an_error_and_the_others_run() -> None:
    proto = by_size("Equal", 1, branch(node("Squeeze", ["x", "first"], "row")), branch(node("Relu", ["x"], "same")))
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for size in (2, 9):
        x = np.random.default_rng(size).standard_normal((size, 3)).astype(np.float32)
        np.testing.assert_array_equal(module(x)[0], run_onnxruntime(proto, {"x": x})["z"])
    with pytest.raises(UsageError, match="choose the branch for n=1"):
        module(np.ones((1, 3), np.float32))


def test_ranks_that_data_chooses_are_refused() -> None:
    squeezed, same = branch(node("Squeeze", ["x", "first"], "row")), branch(node("Identity", ["x"], "same"))
    chosen = node("If", ["c"], "y", then_branch=squeezed, else_branch=same)
    with pytest.raises(UnsupportedError, match="the output's shape is not known"):
        load_model(model([chosen], {"c": [], "x": [1, 3]}, {"first": np.int64([0])}))
