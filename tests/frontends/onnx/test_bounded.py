"""Outputs whose size depends on data: the right elements, and the right number of them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import webtensorc
from webtensorc import onnx_backend
from webtensorc.errors import UnsupportedError
from webtensorc.frontends import load_model
from webtensorc.reference import run_onnxruntime


def model(node: onnx.NodeProto, shape: tuple[int, ...], *more: onnx.NodeProto) -> onnx.ModelProto:
    last = (more or (node,))[-1]
    outputs = [onnx.ValueInfoProto(name=name) for name in last.output]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    graph = helper.make_graph([node, *more], "bounded", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


CASES = {
    "non_zero": (helper.make_node("NonZero", ["x"], ["y"]), ()),
    "positions": (helper.make_node("NonZero", ["x"], ["t"]), (helper.make_node("Transpose", ["t"], ["y"]),)),
    "unique": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"]), ()),
    "unique_rows": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"], axis=0), ()),
    "picked_twice": (
        helper.make_node("Constant", [], ["two"], value_float=2.0),
        (
            helper.make_node("Greater", ["x", "two"], ["is_large"]),
            helper.make_node("Compress", ["x", "is_large"], ["large"]),
            helper.make_node("Equal", ["large", "two"], ["none"]),
            helper.make_node("Not", ["none"], ["every"]),
            helper.make_node("Compress", ["large", "every"], ["y"]),
        ),
    ),
    "rows_from_the_least_to_the_greatest": (
        helper.make_node("ReduceMin", ["x"], ["least"]),
        (
            helper.make_node("ReduceMax", ["x"], ["greatest"]),
            helper.make_node("Constant", [], ["one"], value_ints=[1]),
            helper.make_node("Constant", [], ["axis"], value_ints=[0]),
            helper.make_node("Cast", ["least"], ["low"], to=TensorProto.INT64),
            helper.make_node("Cast", ["greatest"], ["high"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["low", "one"], ["starts"]),
            helper.make_node("Reshape", ["high", "one"], ["ends"]),
            helper.make_node("Slice", ["x", "starts", "ends", "axis"], ["y"]),
        ),
    ),
    "padded_at_both_ends": (
        helper.make_node("NonZero", ["x"], ["t"]),
        (
            helper.make_node("Constant", [], ["pads"], value_ints=[1, 2, 0, 1]),
            helper.make_node("Constant", [], ["seven"], value_int=7),
            helper.make_node("Pad", ["t", "pads", "seven"], ["y"]),
        ),
    ),
    "running_sums": (
        helper.make_node("NonZero", ["x"], ["t"]),
        (
            helper.make_node("Constant", [], ["one"], value_int=1),
            helper.make_node("Constant", [], ["zero"], value_int=0),
            helper.make_node("CumSum", ["t", "zero"], ["down"], exclusive=1),
            helper.make_node("CumSum", ["t", "one"], ["left"], reverse=1),
            helper.make_node("Add", ["down", "left"], ["y"]),
        ),
    ),
    "in_order": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"], sorted=0), ()),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_reference(case: str) -> None:
    node, more = CASES[case]
    for seed, density in ((0, 0.5), (1, 0.0), (2, 1.0)):
        rng = np.random.default_rng(seed)
        x = (rng.integers(1, 4, (5, 3)) * (rng.random((5, 3)) < density)).astype(np.float32)
        if case in ("in_order", "picked_twice"):
            x = x.ravel()  # the reference evaluator fails for more dimensions
        proto = model(node, x.shape, *more)
        wanted = ReferenceEvaluator(proto).run(None, {"x": x})
        for got, right in zip(onnx_backend.run_model(proto, [x]), wanted, strict=True):
            np.testing.assert_array_equal(got, right)


def test_a_mask_picks_elements_of_a_tensor_like_it() -> None:
    mean = helper.make_node("ReduceMean", ["x"], ["mean"])
    is_large = helper.make_node("GreaterOrEqual", ["x", "mean"], ["mask"])
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    proto = model(mean, x.shape, is_large, helper.make_node("Compress", ["x", "mask"], ["y"]))
    np.testing.assert_array_equal(onnx_backend.run_model(proto, [x])[0], [3, 4, 5])


def test_an_element_of_each_row_of_as_many_rows_as_data_says() -> None:
    x = np.array([[0, 2], [3, 0], [1, 1]], np.float32)
    places = helper.make_node("NonZero", ["x"], ["t"])
    more = (
        helper.make_node("Transpose", ["t"], ["rows"]),
        helper.make_node("Constant", [], ["one"], value_ints=[1]),
        helper.make_node("Constant", [], ["two"], value_ints=[2]),
        helper.make_node("Slice", ["rows", "one", "two", "one"], ["column"]),
        helper.make_node("GatherND", ["rows", "column"], ["y"], batch_dims=1),
    )
    rows = np.argwhere(x)
    expected = rows[np.arange(len(rows)), rows[:, 1]]
    np.testing.assert_array_equal(onnx_backend.run_model(model(places, x.shape, *more), [x])[0], expected)


def test_the_compiled_model_reports_the_size() -> None:
    x = np.array([[0, 2], [3, 0]], np.float32)
    bundle = webtensorc.compile(model(CASES["non_zero"][0], x.shape), cache=False)
    outputs = webtensorc_runtime.load(bundle).run({"x": x})
    assert {name: array.shape for name, array in outputs.items()} == {"y": (2, 4), "y.size1": ()}
    assert outputs["y.size1"] == 2
    np.testing.assert_array_equal(outputs["y"][:, :2], [[0, 1], [1, 0]])


def test_an_operator_that_needs_the_size_is_refused() -> None:
    node = helper.make_node("NonZero", ["x"], ["t"])
    to_float = helper.make_node("Cast", ["t"], ["f"], to=TensorProto.FLOAT)
    with pytest.raises(UnsupportedError, match="has a size that depends on the model's inputs"):
        webtensorc.compile(model(node, (2, 2), to_float, helper.make_node("Softmax", ["f"], ["y"])), cache=False)


def test_tensors_joined_alike_meet_and_a_branch_may_give_none_of_them() -> None:
    """As in the suppression of boxes of several levels: scores and boxes are joined, and nothing is left if none is."""
    make = helper.make_node
    nodes = [make("Constant", [], [name], value_float=value) for name, value in (("low", 0.0), ("high", 1.0))]
    nodes.append(make("Constant", [], ["first"], value_ints=[0]))
    for name in ("low", "high"):
        nodes += [
            make("Greater", ["s", name], [f"is_{name}"]),
            make("NonZero", [f"is_{name}"], [f"at_{name}"]),
            make("Squeeze", [f"at_{name}", "first"], [f"i_{name}"]),
            *(make("Gather", [data, f"i_{name}"], [f"{data}_{name}"], axis=0) for data in ("x", "s")),
        ]
    nodes += [make("Concat", [f"{data}_low", f"{data}_high"], [f"{data}_all"], axis=0) for data in ("x", "s")]
    branches = {
        "then_branch": [
            make("Constant", [], ["axes"], value_ints=[1]),
            make("Unsqueeze", ["s_all", "axes"], ["column"]),
            make("Add", ["x_all", "column"], ["sum"]),
        ],
        "else_branch": [make("Constant", [], ["sum"], value=numpy_helper.from_array(np.zeros((0, 3), np.float32)))],
    }
    output = helper.make_tensor_value_info("sum", TensorProto.FLOAT, None)
    graphs = {name: helper.make_graph(body, name, [], [output]) for name, body in branches.items()}
    nodes += [
        make("ReduceMax", ["s"], ["most"], keepdims=0),
        make("Greater", ["most", "high"], ["is_any"]),
        make("If", ["is_any"], ["y"], **graphs),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in SIZES.items()]
    graph = helper.make_graph(nodes, "joined", inputs, [onnx.ValueInfoProto(name="y")])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for shift in (0.0, -9.0):
        feeds = {"x": np.arange(12, dtype=np.float32).reshape(4, 3), "s": np.array([2, -1, 0.5, 3], np.float32) + shift}
        (wanted,) = ReferenceEvaluator(proto).run(None, feeds)
        found = module.run(feeds)
        assert found["y"].shape == (8, 3)
        np.testing.assert_array_equal(found["y"][: found["y.size0"]], wanted)


SIZES = {"x": (4, 3), "s": (4,)}


def test_as_many_numbers_as_an_open_tensor_has_positions() -> None:
    """A number that depends on data, at most a size that is open: how many there are is counted up."""
    nodes = [
        helper.make_node("NonZero", ["x"], ["t"]),
        helper.make_node("Shape", ["t"], ["sizes"], start=1),
        helper.make_node("Squeeze", ["sizes"], ["count"]),
        *(helper.make_node("Constant", [], [name], value_int=number) for name, number in (("zero", 0), ("one", 1))),
        helper.make_node("Range", ["zero", "count", "one"], ["y"]),
    ]
    found = load_model(model(nodes[0], ("n",), *nodes[1:]))
    assert [(each.name, each.shape) for each in found.outputs] == [("y", ("n",)), ("y.size0", ())]
    with pytest.raises(UnsupportedError, match="its repeats must be known"):
        load_model(model(nodes[0], ("n",), nodes[1], helper.make_node("Tile", ["x", "sizes"], ["y"])))


def test_boxes_of_one_class_as_many_as_the_call_has() -> None:
    """Their loop's rounds are a number that a kernel makes of the open size alone."""
    proto = onnx.parser.parse_model("""
        <ir_version: 9, opset_import: ["": 17]>
        g (float[1, n, 4] boxes, float[1, 1, n] scores) => (int64[k, 3] y) <int64 most = {3}, float limit = {0.5}> {
            y = NonMaxSuppression (boxes, scores, most, limit)
        }""")
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    rng = np.random.default_rng(0)
    for count in (1, 2, 9):
        boxes = np.sort(rng.random((1, count, 4), np.float32))
        scores = rng.random((1, 1, count), np.float32)
        found, size = module(boxes, scores)
        (wanted,) = run_onnxruntime(proto, {"boxes": boxes, "scores": scores}).values()
        np.testing.assert_array_equal(found[:size], wanted)
