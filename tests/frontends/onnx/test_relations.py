"""What sizes have in common is found out from the nodes that need it, and said where it is not kept."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper

import webtensorc
from webtensorc.errors import DiagnosticError, UnsupportedError, UsageError
from webtensorc.frontends import load_model
from webtensorc.frontends.onnx import relations
from webtensorc.frontends.onnx.check import check
from webtensorc.reference import run_onnxruntime

node = helper.make_node
FLOAT_OF = functools.partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT, shape=None)


def model(nodes: list[Any], inputs: dict[str, list[Any]], weights: dict[str, Any] | None = None) -> onnx.ModelProto:
    """A model with the one output `y`."""
    graph = helper.make_graph(
        nodes,
        "related",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def halved_and_doubled() -> onnx.ModelProto:
    """An image that is pooled and enlarged again beside itself: both sizes must be even, one a multiple of 4."""
    nodes = [
        node("MaxPool", ["x"], ["half"], kernel_shape=[2, 2], strides=[2, 4]),
        node("Resize", ["half", "", "scales"], ["back"], mode="nearest"),
        node("Concat", ["x", "back"], ["y"], axis=1),
    ]
    return model(nodes, {"x": ["n", 3, "h", "w"]}, {"scales": np.float32([1, 1, 2, 4])})


def positions() -> onnx.ModelProto:
    """A table of ten positions, cut to as many as there are steps."""
    nodes = [
        node("Shape", ["x"], ["length"], start=1, end=2),
        node("Slice", ["table", "zero", "length", "zero"], ["used"]),
        node("Add", ["x", "used"], ["y"]),
    ]
    table = np.arange(40, dtype=np.float32).reshape(10, 4)
    return model(nodes, {"x": ["n", "steps", 4]}, {"table": table, "zero": np.int64([0])})


def last_positions() -> onnx.ModelProto:
    """The last positions of such a table, as many as there are steps."""
    nodes = [
        node("Shape", ["x"], ["length"], start=1, end=2),
        node("Sub", ["ten", "length"], ["start"]),
        node("Slice", ["table", "start", "ten", "zero"], ["used"]),
        node("Add", ["x", "used"], ["y"]),
    ]
    table = np.arange(40, dtype=np.float32).reshape(10, 4)
    return model(nodes, {"x": ["n", "steps", 4]}, {"table": table, "zero": np.int64([0]), "ten": np.int64([10])})


def third_step() -> onnx.ModelProto:
    """The second step, then the third, as loops that were unrolled take them."""
    nodes = [
        node("Gather", ["x", "one"], ["second"], axis=1),
        node("Gather", ["x", "two"], ["third"], axis=1),
        node("Add", ["second", "third"], ["y"]),
    ]
    return model(nodes, {"x": ["n", "steps", 4]}, {"one": np.int64(1), "two": np.int64(2)})


def cached() -> onnx.ModelProto:
    """Earlier and new steps, and a mask of all."""
    nodes = [node("Concat", ["past", "x"], ["all"], axis=1), node("Mul", ["all", "mask"], ["y"])]
    return model(nodes, {"x": ["n", "steps"], "past": ["n", "earlier"], "mask": ["n", "total"]})


def exported_for_one() -> onnx.ModelProto:
    """An open batch that the graph does not keep."""
    return model([node("MatMul", ["x", "w"], ["y"])], {"x": [2, "n"]}, {"w": np.ones((3, 2), np.float32)})


def reshaped_for_one() -> onnx.ModelProto:
    """The same, by a reshape, whose sizes JAX does not check."""
    return model([node("Reshape", ["x", "shape"], ["y"])], {"x": ["n", 4, 4]}, {"shape": np.int64([1, 2, 8])})


def reshaped_before_its_size_is_known() -> onnx.ModelProto:
    """A reshape to sizes of which one is known only from the convolution behind it."""
    nodes = [
        node("Reshape", ["x", "shape"], ["image"]),
        node("Conv", ["x", "w"], ["features"]),
        node("Add", ["features", "image"], ["y"]),
    ]
    weights = {"shape": np.int64([1, 3, 5, 1]), "w": np.ones((3, 3, 1, 1), np.float32)}
    return model(nodes, {"x": [1, "c", "h", 1]}, weights)


def one_row_left() -> onnx.ModelProto:
    """Text that is pooled until it is one element high, and read along its width."""
    nodes = [
        node("MaxPool", ["x"], ["pooled"], kernel_shape=[3, 2], strides=[16, 2]),
        node("Shape", ["pooled"], ["width"], start=3, end=4),
        node("Concat", ["kept", "width"], ["shape"], axis=0),
        node("Reshape", ["pooled", "shape"], ["y"]),
    ]
    return model(nodes, {"x": ["n", 2, "h", "w"]}, {"kept": np.int64([0, 2])})


def one_frame_left() -> onnx.ModelProto:
    """A chunk that must give one frame, whose axis is left out."""
    nodes = [
        node("Conv", ["x", "w"], ["frames"], strides=[4]),
        node("Squeeze", ["frames", "two"], ["row"]),
        node("MatMul", ["row", "v"], ["y"]),
    ]
    weights = {"w": np.ones((3, 1, 8), np.float32), "v": np.ones((3, 2), np.float32), "two": np.int64([2])}
    return model(nodes, {"x": ["n", 1, "samples"]}, weights)


def recurrent() -> onnx.ModelProto:
    """Any number of steps in both directions, of which the sequences have one: two loops that begin with one tensor."""
    weights = {"w": np.ones((2, 3, 4), np.float32), "r": np.ones((2, 3, 3), np.float32), "one": np.ones((), np.float32)}
    nodes = [
        node("ReduceMax", ["x", "others"], ["each"], keepdims=0),
        node("Clip", ["each", "one", "one"], ["clipped"]),
        node("Cast", ["clipped"], ["lengths"], to=TensorProto.INT32),
        node("RNN", ["x", "w", "r", "", "lengths"], ["y"], hidden_size=3, direction="bidirectional"),
    ]
    return model(nodes, {"x": ["steps", "n", 4]}, {**weights, "others": np.int64([0, 2])})


def scanned() -> onnx.ModelProto:
    """The same of a scan."""
    body = helper.make_graph(
        [node("Add", ["sum", "row"], ["next"]), node("Identity", ["next"], ["shown"])],
        "body",
        [FLOAT_OF("sum"), FLOAT_OF("row")],
        [FLOAT_OF("next"), FLOAT_OF("shown")],
    )
    nodes = [node("Scan", ["zero", "x"], ["", "y"], num_scan_inputs=1, body=body)]
    return model(nodes, {"x": ["steps", 4]}, {"zero": np.zeros(4, np.float32)})


def to_depth() -> onnx.ModelProto:
    """Blocks of 2x2 pixels, into which JAX would cut any image."""
    return model([node("SpaceToDepth", ["x"], ["y"], blocksize=2)], {"x": ["n", 3, "h", "w"]})


def groups() -> onnx.ModelProto:
    """Groups of channels, not of what else makes the number of elements even."""
    nodes = [node("GroupNormalization", ["x", "scale", "scale"], ["y"], num_groups=2)]
    return model(nodes, {"x": ["n", "c", "w"]}, {"scale": np.ones(2, np.float32)})


def rows_of_four() -> onnx.ModelProto:
    """Rows whose number is a product of dimensions that are multiples."""
    return model([node("Reshape", ["x", "shape"], ["y"])], {"x": ["h", "w"]}, {"shape": np.int64([-1, 4])})


def eight_at_most() -> onnx.ModelProto:
    """The first rows, at most eight, and the rest without as many as that: ends that no sign is known of."""
    nodes = [
        node("Shape", ["x"], ["size"], start=0, end=1),
        node("Greater", ["size", "eight"], ["is_more"]),
        node("Where", ["is_more", "eight", "size"], ["end"]),
        node("Slice", ["x", "zero", "end"], ["first"]),
        node("Sub", ["size", "eight"], ["left"]),
        node("Slice", ["x", "zero", "left"], ["rest"]),
        node("Concat", ["first", "rest"], ["y"], axis=0),
    ]
    return model(nodes, {"x": ["n", 4]}, {"zero": np.int64([0]), "eight": np.int64([8])})


def behind_the_end() -> onnx.ModelProto:
    """What comes after the largest integer and before the least, which is nothing, beside one row."""
    ends = {"zero": np.int64([0]), "one": np.int64([1]), "most": np.int64([2**63 - 1]), "least": np.int64([-(2**63)])}
    nodes = [
        node("Slice", ["x", "most", "most"], ["after"]),
        node("Slice", ["x", "zero", "least"], ["before"]),
        node("Slice", ["x", "zero", "one"], ["row"]),
        node("Concat", ["after", "row", "before"], ["y"], axis=0),
    ]
    return model(nodes, {"x": ["n", 4]}, ends)


def next_position() -> onnx.ModelProto:
    """The row of a table at as many steps as there were before."""
    nodes = [
        node("Shape", ["past"], ["earlier"], start=1, end=2),
        node("Gather", ["table", "earlier"], ["row"]),
        node("Add", ["x", "row"], ["y"]),
    ]
    table = np.arange(56, dtype=np.float32).reshape(14, 4)
    return model(nodes, {"x": ["n", 1, 4], "past": ["n", "steps"]}, {"table": table})


def quarters() -> onnx.ModelProto:
    """Every fourth sample beside the same of two strides of two: as many of them, in other words."""
    nodes = [
        node("Conv", ["x", "one"], ["half"], strides=[2]),
        node("Conv", ["half", "one"], ["quarter"], strides=[2]),
        node("Slice", ["x", "zero", "end", "two", "four"], ["same"]),
        node("Add", ["quarter", "same"], ["y"]),
    ]
    ends = {"zero": np.int64([0]), "end": np.int64([2**40]), "two": np.int64([2]), "four": np.int64([4])}
    return model(nodes, {"x": ["n", 1, "w"]}, {"one": np.ones((1, 1, 1), np.float32), **ends})


def largest() -> onnx.ModelProto:
    """The three largest of any number from three on."""
    return model([node("TopK", ["x", "k"], ["y", "places"])], {"x": ["n", "w"]}, {"k": np.int64([3])})


def suppressed() -> onnx.ModelProto:
    """At most three of any number of boxes."""
    nodes = [
        node("NonMaxSuppression", ["x", "scores", "k"], ["chosen"]),
        node("Cast", ["chosen"], ["y"], to=TensorProto.FLOAT),
    ]
    return model(nodes, {"x": ["n", "boxes", 4], "scores": ["n", 1, "boxes"]}, {"k": np.int64(3)})


def written_from_the_end() -> onnx.ModelProto:
    """A tensor of any size whose last element is written."""
    return model([node("ScatterElements", ["x", "last", "zero"], ["y"])], {"x": ["n"]}, _LAST)


def picked_from_the_end() -> onnx.ModelProto:
    """The same element, picked by an index tuple."""
    return model([node("GatherND", ["x", "last"], ["y"])], {"x": ["n"]}, _LAST)


_LAST = {"last": np.int64([-1]), "zero": np.zeros(1, np.float32)}


def dropped_where_it_is_one() -> onnx.ModelProto:
    """Without axes, so that the rank says whether there is one row."""
    return model([node("Squeeze", ["x"], ["y"])], {"x": ["n", 1, 4]})


@pytest.mark.parametrize(
    ("make", "dims", "shapes"),
    [
        (dropped_where_it_is_one, ["n=2.."], [("n", 1, 4)]),
        (largest, ["n=1..", "w=3.."], [("n", "w")]),
        (suppressed, ["n=1..", "boxes=1.."], [("n", "boxes", 4), ("n", 1, "boxes")]),
        (written_from_the_end, ["n=1.."], [("n",)]),
        (picked_from_the_end, ["n=1.."], [("n",)]),
        (quarters, ["n=1..", "w=1.."], [("n", 1, "w")]),
        (halved_and_doubled, ["n=1..", "h=2..:2", "w=4..:4"], [("n", 3, "h", "w")]),
        (positions, ["n=1..", "steps=1..10"], [("n", "steps", 4)]),
        (last_positions, ["n=1..", "steps=1..10"], [("n", "steps", 4)]),
        (third_step, ["n=1..", "steps=3.."], [("n", "steps", 4)]),
        (cached, ["n=1..", "steps=1..", "earlier=1.."], [("n", "steps"), ("n", "earlier"), ("n", "steps + earlier")]),
        (exported_for_one, [], [(2, 3)]),
        (reshaped_for_one, [], [(1, 4, 4)]),
        (reshaped_before_its_size_is_known, [], [(1, 3, 5, 1)]),
        (one_row_left, ["n=1..", "h=3..18", "w=2.."], [("n", 2, "h", "w")]),
        (one_frame_left, ["n=1..", "samples=8..11"], [("n", 1, "samples")]),
        (next_position, ["n=1..", "steps=1..13"], [("n", 1, 4), ("n", "steps")]),
        (to_depth, ["n=1..", "h=2..:2", "w=2..:2"], [("n", 3, "h", "w")]),
        (groups, ["n=1..", "c=2..:2", "w=1.."], [("n", "c", "w")]),
        (eight_at_most, ["n=1.."], [("n", 4)]),
        (recurrent, ["steps=1..", "n=1.."], [("steps", "n", 4)]),
        (scanned, ["steps=1.."], [("steps", 4)]),
    ],
)
def test_what_a_node_needs_of_sizes_is_found(make: Any, dims: list[str], shapes: list[Any]) -> None:
    found = load_model(make())
    assert [str(each) for each in found.dims] == dims
    assert [each.shape for each in found.inputs] == shapes
    assert check(make()) == ()


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (one_frame_left, [(1, 1, 8), (3, 1, 11)]),
        (recurrent, [(1, 2, 4), (7, 1, 4), (12, 2, 4)]),
        (quarters, [(2, 1, size) for size in range(1, 10)]),
        (rows_of_four, [(2, 2), (4, 6)]),
        (eight_at_most, [(size, 4) for size in (1, 5, 8, 9, 20)]),
        (behind_the_end, [(1, 4), (5, 4)]),
    ],
)
def test_the_ends_of_what_is_found_agree_with_onnxruntime(make: Any, shapes: list[tuple[int, ...]]) -> None:
    proto = make()
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for shape in shapes:
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        np.testing.assert_allclose(module(x)[0], run_onnxruntime(proto, {"x": x})["y"], rtol=1e-5, atol=1e-5)


def test_the_bounds_of_a_dimension_that_is_an_expression_are_constraints() -> None:
    found = load_model(cached(), dims={"total": (3, 64)})
    assert [str(each) for each in found.constraints] == ["steps + earlier - 3 >= 0", "64 - (steps + earlier) >= 0"]


def test_a_reshape_inside_an_operator_is_as_large_as_what_it_is_given() -> None:
    proto = model([node("AffineGrid", ["x", "size"], ["y"])], {"x": ["n", "rows", 3]}, {"size": np.int64([2, 1, 5, 2])})
    assert [str(each) for each in load_model(proto, dims={"n": 2}).constraints] == ["20*rows - 40 == 0"]


def test_sizes_that_leave_nothing_are_refused() -> None:
    with pytest.raises(DiagnosticError, match="Concat"):
        load_model(halved_and_doubled(), dims={"h": (3, 3), "w": (8, 64)})


def test_a_node_that_fits_no_sizes_is_refused_like_one_that_is_not_supported() -> None:
    proto = model([node("Reshape", ["x", "shape"], ["y"])], {"x": ["n", 4]}, {"shape": np.int64([0, 2])})
    with pytest.raises(UnsupportedError, match="whether it fits its inputs depends on their open sizes"):
        load_model(proto)
    (found,) = check(proto)
    assert found.operator == "Reshape"


def test_other_sizes_are_refused_by_name() -> None:
    proto = halved_and_doubled()
    module = webtensorc_runtime.load(webtensorc.compile(proto, dims={"h": (1, 40), "w": (8, 64)}, cache=False))
    assert [str(each) for each in module.dims] == ["n=1..", "h=2..40:2", "w=8..64:4"]
    for shape in ((1, 3, 2, 8), (2, 3, 40, 12)):
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        np.testing.assert_array_equal(module(x)[0], run_onnxruntime(proto, {"x": x})["y"])
    with pytest.raises(UsageError) as error:
        module(np.zeros((1, 3, 2, 10), np.float32))
    wanted = "dimension `w` of input `x` is 10, but must be a multiple of 4 within its bounds 8..64:4"
    assert error.value.message == wanted
    assert webtensorc.compile(proto, dims={"h": (2, 40, 6)}, cache=False).model.dims[1].range == "6..36:6"


def test_a_bundle_keeps_steps_and_constraints(tmp_path: Any) -> None:
    bundle = webtensorc.compile(cached(), dims={"total": (2, 8), "n": (4, 16, 4)}, cache=False)
    bundle.save(tmp_path / "model.wtb")
    again = webtensorc.Bundle.load(tmp_path / "model.wtb")
    assert again.to_bytes() == bundle.to_bytes()
    assert again.manifest.oldest_reader == 3
    module = webtensorc_runtime.load(tmp_path / "model.wtb")
    ones = np.ones((4, 20), np.float32)
    assert module(ones[:, :3], ones[:, :5], ones[:, :8])[0].shape == (4, 8)
    with pytest.raises(UsageError, match=r"the model demands `8 - \(steps \+ earlier\) >= 0`"):
        module(ones[:, :3], ones[:, :6], ones[:, :9])
    with pytest.raises(UsageError, match="dimension 1 of input `mask` is `steps \\+ earlier`, which is 8 here, not 9"):
        module(ones[:, :3], ones[:, :5], ones[:, :9])
    narrower = load_model(again, dims={"n": 8, "steps": 2})
    assert [str(each) for each in narrower.constraints] == ["2 + earlier - 2 >= 0", "8 - (2 + earlier) >= 0"]
    with pytest.raises(UsageError, match=r"dimension `n` cannot be 6: its bounds are 4\.\.16:4"):
        load_model(again, dims={"n": 6})


def test_sizes_that_are_equal_behind_different_quotients_make_dimensions_equal() -> None:
    """A pooled sequence beside a resized mask, as a character encoder has them."""
    nodes = [
        node("AveragePool", ["x"], ["pooled"], kernel_shape=[4], strides=[4]),
        node("Resize", ["mask", "", "scales"], ["resized"], mode="nearest"),
        node("Add", ["pooled", "resized"], ["y"]),
    ]
    scales = {"scales": np.array([1, 1, 0.25], np.float32)}
    loaded = load_model(model(nodes, {"x": [1, 2, "s"], "mask": [1, 1, "t"]}, scales))
    (dim,) = {each.shape[2] for each in loaded.inputs}
    assert dim in ("s", "t")


def test_the_square_of_a_size_is_a_size() -> None:
    """The patches of a square image, as exporters write them."""
    nodes = [
        node("Shape", ["x"], ["size"]),
        node("Pow", ["size", "two"], ["square"]),
        node("ConstantOfShape", ["square"], ["y"]),
    ]
    loaded = load_model(model(nodes, {"x": ["n"]}, {"two": np.array(2, np.int64)}))
    assert [each.shape for each in loaded.outputs] == [("n^2",)]


def test_numbers_for_each_feature_say_how_many_there_are() -> None:
    node = helper.make_node("Imputer", ["x"], ["y"], domain="ai.onnx.ml", imputed_value_floats=[1.0, 2.0])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", "features"])
    graph = helper.make_graph([node], "g", [x], [onnx.ValueInfoProto(name="y")])
    opsets = [helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 17)]
    assert load_model(helper.make_model(graph, opset_imports=opsets, ir_version=8)).inputs[0].shape == ("rows", 2)


def test_what_fits_no_sizes_is_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is refused is traced again, to see what the nodes behind demand."""
    searched: list[str] = []
    found = relations._Trial.found

    def counted(trial: relations._Trial) -> Any:
        searched.append(trial.failed.node.name)
        return found(trial)

    monkeypatch.setattr(relations._Trial, "found", counted)
    text = '<ir_version: 9, opset_import: ["" : 20]> g (float[n] x) => (float[m] y) { y = Unique (x) }'
    with pytest.raises(UnsupportedError):
        load_model(onnx.parser.parse_model(text))
    assert searched == ["Unique_0"]


def test_a_node_that_needs_any_number_for_a_size_does_not_choose_one() -> None:
    proto = model([node("Unique", ["x"], ["y"])], {"x": ["n"]})
    (found,) = check(proto)
    assert found.operator == "Unique"
    with pytest.raises(UnsupportedError, match="--dim"):
        load_model(proto)
    assert not check(proto, dims={"n": 4})
