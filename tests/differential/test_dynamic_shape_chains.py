"""Shapes computed in the graph, as exporters write them, with open dimensions: against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from test_dynamic_onnx import agree, model, weight

import webtensorc
from webtensorc.frontends import load_model

node = helper.make_node


def constant(name: str, value: Any) -> Any:
    return node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value)))


def integers(*numbers: int) -> np.ndarray:
    return np.asarray(numbers, np.int64)


def attention() -> Any:
    """Causal self-attention of four heads as PyTorch exports it: sizes by Shape, Gather and Concat, a mask by Range."""
    nodes = [
        node("Shape", ["x"], ["shape"]),
        constant("zero", np.int64(0)),
        constant("one", np.int64(1)),
        node("Gather", ["shape", "zero"], ["b"], axis=0),
        node("Gather", ["shape", "one"], ["s"], axis=0),
        constant("first", integers(0)),
        node("Unsqueeze", ["b", "first"], ["batch"]),
        node("Unsqueeze", ["s", "first"], ["seq"]),
        constant("heads", integers(4)),
        constant("depth", integers(8)),
        constant("width", integers(32)),
        node("Concat", ["batch", "seq", "heads", "depth"], ["split"], axis=0),
        node("Concat", ["batch", "seq", "width"], ["join"], axis=0),
    ]
    for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes += [
            node("MatMul", ["x", f"w{name}"], [f"{name}0"]),
            node("Reshape", [f"{name}0", "split"], [f"{name}1"]),
            node("Transpose", [f"{name}1"], [name], perm=order),
        ]
    nodes += [
        node("MatMul", ["q", "k"], ["dots"]),
        constant("scale", np.float32(8**-0.5)),
        node("Mul", ["dots", "scale"], ["scaled"]),
        node("Range", ["zero", "s", "one"], ["columns"]),
        constant("last", integers(-1)),
        node("Unsqueeze", ["columns", "last"], ["rows"]),
        node("LessOrEqual", ["columns", "rows"], ["past"]),
        constant("never", np.float32(-1e9)),
        node("Where", ["past", "scaled", "never"], ["masked"]),
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("MatMul", ["p", "v"], ["heads_out"]),
        node("Transpose", ["heads_out"], ["turned"], perm=[0, 2, 1, 3]),
        node("Reshape", ["turned", "join"], ["joined"]),
        node("MatMul", ["joined", "wo"], ["out"]),
        node("Add", ["out", "x"], ["sum"]),
        node("LayerNormalization", ["sum", "g", "c"], ["y"]),
    ]
    weights = {name: weight(32, 32 + index)[:, :32] for index, name in enumerate(("wq", "wk", "wv", "wo"))}
    weights |= {"g": weight(32) + 1, "c": weight(32)}
    return model(nodes, {"x": ["batch", "seq", 32]}, {"y": ["batch", "seq", 32]}, weights)


def chains() -> Any:
    """The other operators that sizes go through, and those that take sizes."""
    one = numpy_helper.from_array(np.ones(1, np.float32))
    nodes = [
        constant("zero", integers(0)),
        constant("one", integers(1)),
        constant("two", integers(2)),
        constant("minus", integers(-1)),
        constant("end", integers(2**63 - 1)),
        node("Shape", ["x"], ["shape"]),
        node("Slice", ["shape", "zero", "one", "zero"], ["b"]),
        node("Slice", ["shape", "one", "two", "zero"], ["s"]),
        node("Mul", ["b", "s"], ["bs"]),
        node("Concat", ["bs", "minus"], ["flat"], axis=0),
        node("Reshape", ["x", "flat"], ["f"]),
        node("ReduceProd", ["shape"], ["total"], keepdims=1),
        node("Div", ["total", "bs"], ["rest"]),
        node("Concat", ["b", "s", "rest"], ["back"], axis=0),
        node("Reshape", ["f", "back"], ["g"]),
        node("ConstantOfShape", ["shape"], ["ones"], value=one),
        node("Add", ["g", "ones"], ["k"]),
        node("Slice", ["k", "one", "end", "one"], ["cut"]),
        node("Concat", ["k", "cut"], ["joined"], axis=1),
        node("Cast", ["s"], ["length"], to=TensorProto.FLOAT),
        node("Div", ["joined", "length"], ["m"]),
        node("Equal", ["shape", "minus"], ["open"]),
        node("ConstantOfShape", ["three"], ["unit"], value=numpy_helper.from_array(integers(1))),
        node("Where", ["open", "unit", "shape"], ["target"]),
        node("Expand", ["row", "target"], ["expanded"]),
        node("ReduceSum", ["expanded", "two"], ["summed"], keepdims=0),
        node("Concat", ["one", "s"], ["counts"], axis=0),
        node("Tile", ["summed", "counts"], ["tiled"]),
        node("Gather", ["x", "back_index"], ["latest"], axis=1),
    ]
    weights = {"three": integers(3), "row": weight(1, 1, 8), "back_index": np.int64(-1).reshape(())}
    outputs = {"m": [None] * 3, "tiled": [None] * 2, "latest": [None] * 2}
    return model(nodes, {"x": ["batch", "seq", 8]}, outputs, weights)


def detector() -> Any:
    """The parts of a detector on images of open size: strides, pooling, nearest upsampling, a list of all positions."""
    nodes = [
        node("Conv", ["x", "k1"], ["a"], pads=[1] * 4, strides=[2, 2]),
        node("Sigmoid", ["a"], ["gate"]),
        node("Mul", ["a", "gate"], ["m"]),
        node("Resize", ["m", "", "scales"], ["up"], mode="nearest", coordinate_transformation_mode="asymmetric",
             nearest_mode="floor"),
        node("Conv", ["up", "k2"], ["down"], pads=[1] * 4, strides=[2, 2]),
        node("MaxPool", ["m"], ["pooled"], kernel_shape=[5, 5], pads=[2] * 4, strides=[1, 1]),
        node("Concat", ["down", "pooled"], ["c"], axis=1),
        node("Shape", ["c"], ["shape"]),
        node("Slice", ["shape", "zero", "two", "zero"], ["outer"]),
        node("Concat", ["outer", "minus"], ["target"], axis=0),
        node("Reshape", ["c", "target"], ["r"]),
        node("Transpose", ["r"], ["y"], perm=[0, 2, 1]),
    ]  # fmt: skip
    weights = {
        "k1": weight(8, 3, 3, 3), "k2": weight(8, 8, 3, 3), "scales": np.asarray([1, 1, 2, 2], np.float32),
        "zero": integers(0), "two": integers(2), "minus": integers(-1),
    }  # fmt: skip
    return model(nodes, {"x": ["n", 3, "h", "w"]}, {"y": ["n", None, 16]}, weights)


def test_a_detector_on_images_of_open_size() -> None:
    bundle = webtensorc.compile(detector(), dims={"h": (8, 64), "w": (8, 64)}, cache=False)
    module = webtensorc_runtime.load(bundle)
    for height, width in ((8, 8), (10, 16), (31, 17)):
        agree(detector(), module, {"n": 2, "h": height, "w": width})


@pytest.mark.parametrize("make", [attention, chains])
def test_sizes_computed_in_the_graph(make: Any) -> None:
    proto = make()
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for batch, seq in ((1, 2), (2, 5), (3, 16)):
        agree(proto, module, {"batch": batch, "seq": seq})


@pytest.fixture(scope="module")
def loaded_attention() -> Any:
    bundle = webtensorc.compile(attention(), dims={"batch": (1, 4), "seq": (2, 32, 2)}, cache=False)
    return webtensorc_runtime.load(bundle)


@settings(derandomize=True, max_examples=12, deadline=None)
@given(st.integers(1, 4), st.integers(1, 16))
def test_any_size_within_bounds(loaded_attention: Any, batch: int, half: int) -> None:
    agree(attention(), loaded_attention, {"batch": batch, "seq": 2 * half})


def test_a_slice_without_axes_cuts_the_first_ones() -> None:
    """PyTorch's exporter writes it for EmbeddingBag; ONNX Runtime takes it, too."""
    proto = model([node("Slice", ["x", "one", "three"], ["y"])], {"x": [4, 5]}, {"y": [2, 5]},
                  {"one": integers(1), "three": integers(3)})  # fmt: skip
    agree(proto, webtensorc_runtime.load(webtensorc.compile(proto, cache=False)), {})


def test_the_shapes_of_outputs_are_expressions() -> None:
    found = load_model(chains(), dims={"batch": 3})
    assert [spec.shape for spec in found.outputs] == [(3, "2*seq - 1", 8), (3, "seq^2"), (3, 8)]


def test_nothing_is_left() -> None:
    """Tiles of no rows, a range that goes backwards from before the first row, means of windows outside the image."""
    nodes = [
        helper.make_node("Tile", ["x", "none"], ["a"]),
        helper.make_node("Slice", ["x", "before", "far", "zero", "back"], ["b"]),
        helper.make_node("Unsqueeze", ["x", "first"], ["image"]),
        helper.make_node("AveragePool", ["image"], ["c"], kernel_shape=[2], pads=[1, 1], dilations=[4]),
    ]
    numbers = {"none": [0, 3], "before": [-5], "far": [-(2**63)], "zero": [0], "back": [-2], "first": [0]}
    weights = {name: np.asarray(each, np.int64) for name, each in numbers.items()}
    outputs = {"a": [None, None], "b": [None, None], "c": [None] * 3}
    proto = model(nodes, {"x": ["n", "m"]}, outputs, weights)
    module = webtensorc_runtime.load(webtensorc.compile(proto, dims={"m": (3, 64)}, cache=False))
    for n, m in ((3, 3), (5, 7), (9, 4)):
        agree(proto, module, {"n": n, "m": m})


def test_a_product_over_nothing_is_zeros() -> None:
    proto = model([node("MatMul", ["x", "y"], ["z"])], {"x": ["n", "m", 0], "y": [0, "k"]}, {"z": ["n", "m", "k"]}, {})
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for n, m, k in ((1, 5, 2), (2, 3, 7)):
        agree(proto, module, {"n": n, "m": m, "k": k})
