"""ONNX models whose named dimensions stay open, at several sizes, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.reference import run_onnxruntime

FLOAT = TensorProto.FLOAT


def model(
    nodes: list[Any],
    inputs: dict[str, list[Any]],
    outputs: dict[str, list[Any]],
    weights: dict[str, np.ndarray] | None = None,
) -> Any:
    """A float32 model of opset 20 from its nodes and named shapes."""
    graph = helper.make_graph(
        nodes,
        "dynamic",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def weight(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32) / np.float32(shape[0] ** 0.5)


def values(proto: Any, sizes: dict[str, int], seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs with these sizes for named dimensions."""
    rng = np.random.default_rng(seed)
    shapes = {
        each.name: [sizes.get(dim.dim_param, dim.dim_value) for dim in each.type.tensor_type.shape.dim]
        for each in proto.graph.input
    }
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def agree(proto: Any, module: Any, sizes: dict[str, int]) -> None:
    inputs = values(proto, sizes)
    found, expected = module.run(inputs), run_onnxruntime(proto, inputs)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5, err_msg=f"{name} at {sizes}")


def mlp() -> Any:
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r0"]),
        helper.make_node("Erf", ["r0"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["l"]),
        helper.make_node("Softmax", ["l"], ["p"]),
    ]
    weights = {"w1": weight(16, 32), "b1": weight(32), "w2": weight(32, 5)}
    return model(nodes, {"x": ["batch", 16]}, {"p": ["batch", 5]}, weights)


def conv_net(height: Any = 16, width: Any = 16) -> Any:
    nodes = [
        helper.make_node("Conv", ["x", "k1", "c1"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["a", "s", "o", "m", "v"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("Conv", ["r", "k2"], ["d"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("MaxPool", ["d"], ["q"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["q"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["y"]),
    ]
    weights = {
        "k1": weight(8, 3, 3, 3), "c1": weight(8), "k2": weight(8, 1, 3, 3), "w": weight(8, 4),
        "s": weight(8), "o": weight(8), "m": weight(8), "v": np.abs(weight(8)) + 1,
    }  # fmt: skip
    return model(nodes, {"x": ["n", 3, height, width]}, {"y": ["n", 4]}, weights)


@pytest.fixture(scope="module")
def loaded_mlp() -> Any:
    bundle = webtensorc.compile(mlp(), dims={"batch": (1, 64)}, cache=False)
    return webtensorc_runtime.load(bundle)


@pytest.mark.parametrize("batch", [1, 2, 7, 64])
def test_a_batch_of_any_size(loaded_mlp: Any, batch: int) -> None:
    agree(mlp(), loaded_mlp, {"batch": batch})


def test_signature_and_bounds(loaded_mlp: Any) -> None:
    assert [str(spec) for spec in (*loaded_mlp.inputs, *loaded_mlp.outputs)] == [
        "x: float32[batch, 16]",
        "p: float32[batch, 5]",
    ]
    assert [str(each) for each in loaded_mlp.dims] == ["batch=1..64"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((65, 16), "dimension `batch` of input `x` is 65, outside of its bounds 1..64"),
        ((2, 15), "dimension 1 of input `x` is 16, not 15"),
        ((16,), "input `x` got [16], expected x: float32[batch, 16]"),
    ],
)
def test_wrong_sizes_are_named(loaded_mlp: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError) as error:
        loaded_mlp(np.zeros(shape, np.float32))
    assert error.value.message == message


def test_a_convolution_network_with_an_open_batch() -> None:
    module = webtensorc_runtime.load(webtensorc.compile(conv_net(), cache=False))
    for batch in (1, 3):
        agree(conv_net(), module, {"n": batch})


def test_an_image_of_open_size() -> None:
    proto = conv_net("height", "width")
    bundle = webtensorc.compile(proto, dims={"height": (8, 64), "width": (8, 64)}, cache=False)
    module = webtensorc_runtime.load(bundle)
    for size in ((8, 8), (9, 13), (32, 17)):
        agree(proto, module, {"n": 2, "height": size[0], "width": size[1]})


RESIZES: dict[str, tuple[dict[str, Any], list[float] | None]] = {
    "linear, up by a half": ({"mode": "linear"}, [1, 1, 1.5, 2]),
    "nearest, down": ({"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
                      [1, 1, 0.5, 0.25]),
    "cubic, corners": ({"mode": "cubic", "coordinate_transformation_mode": "align_corners"}, [1, 1, 2, 3]),
    "antialias": ({"mode": "linear", "antialias": 1}, [1, 1, 0.5, 0.5]),
    "as large as another": ({"mode": "linear"}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", RESIZES)
def test_resizing_images_of_open_size(name: str) -> None:
    attributes, scales = RESIZES[name]
    nodes = [
        helper.make_node("Shape", ["z"], ["sizes"]),
        helper.make_node("Resize", ["x", "", *(["scales"] if scales else ["", "sizes"])], ["y"], **attributes),
    ]
    inputs = {"x": ["n", 2, "h", "w"], "z": ["n", 2, "H", "W"]}
    weights = {"scales": np.asarray(scales, np.float32)} if scales else {}
    proto = model(nodes, inputs, {"y": [None] * 4}, weights)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for n, h, w in ((1, 8, 8), (2, 13, 20)):
        agree(proto, module, {"n": n, "h": h, "w": w, "H": 11, "W": 24})


@pytest.mark.parametrize("name", ["AveragePool", "MaxPool"])
def test_pooling_with_a_last_partial_window(name: str) -> None:
    attributes = {"count_include_pad": 1} if name == "AveragePool" else {}
    nodes = [
        helper.make_node(name, ["x"], ["a"], kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1, pads=[1, 0, 1, 0]),
        helper.make_node(name, ["x"], ["b"], kernel_shape=[2, 3], strides=[2, 2], pads=[0, 1, 1, 1], **attributes),
    ]
    proto = model(nodes, {"x": ["n", 2, "h", "w"]}, {"a": [None] * 4, "b": [None] * 4})
    module = webtensorc_runtime.load(webtensorc.compile(proto, dims={"h": (4, 64), "w": (4, 64)}, cache=False))
    for n, h, w in ((1, 4, 4), (2, 7, 12), (1, 10, 11), (1, 9, 13)):
        agree(proto, module, {"n": n, "h": h, "w": w})


@pytest.mark.parametrize(
    ("operator", "sizes", "numbers"),
    [("Sub", "n=2..:2", (2, 6)), ("Concat", "n=1..", (1, 2, 5, 6))],
    ids=["equal parts", "any parts"],
)
def test_a_split_of_an_open_axis(operator: str, sizes: str, numbers: tuple[int, ...]) -> None:
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=0, num_outputs=2),
        helper.make_node(operator, ["b", "a"], ["y"], **({"axis": 0} if operator == "Concat" else {})),
    ]
    proto = model(nodes, {"x": ["n", 3]}, {"y": [None, 3]})
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert [str(each) for each in module.dims] == [sizes]
    for n in numbers:
        agree(proto, module, {"n": n})


def test_operators_whose_tables_are_as_large_as_the_open_sizes() -> None:
    """Sampling by positions that are joined of computed ones, places of maxima, a Fourier transform."""
    nodes = [
        helper.make_node("GridSample", ["x", "grid"], ["a"], mode="nearest", padding_mode="reflection"),
        helper.make_node(
            "MaxPool", ["x"], ["b", "c"], kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 1, 1], storage_order=1
        ),
        helper.make_node("Unsqueeze", ["x", "last"], ["parts"]),
        helper.make_node("DFT", ["parts", "", "three"], ["d"], onesided=1),
    ]
    proto = model(
        nodes,
        {"x": ["n", 2, "h", "w"], "grid": ["n", "points", 3, 2]},
        {"a": [None] * 4, "b": [None] * 4, "d": [None] * 5},
        {"last": np.int64([4]), "three": np.int64(3)},
    )
    proto.graph.output.append(helper.make_tensor_value_info("c", TensorProto.INT64, [None] * 4))
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for n, h, w, points in ((1, 1, 2, 1), (2, 3, 7, 4)):
        agree(proto, module, {"n": n, "h": h, "w": w, "points": points})


def test_regions_that_take_as_many_samples_as_they_are_large() -> None:
    nodes = [
        helper.make_node("Abs", ["b"], ["size"]),
        helper.make_node("Mul", ["size", "scale"], ["extent"]),
        helper.make_node("Add", ["a", "extent"], ["end"]),
        helper.make_node("Concat", ["a", "end"], ["regions"], axis=1),
        helper.make_node("Abs", ["c"], ["image"]),
        helper.make_node("Cast", ["image"], ["images"], to=TensorProto.INT64),
        helper.make_node("RoiAlign", ["x", "regions", "images"], ["y"], output_height=3, output_width=2),
    ]
    inputs = {"x": ["n", 2, 12, "w"], "a": ["k", 2], "b": ["k", 2], "c": ["k"]}
    proto = model(nodes, inputs, {"y": ["k", 2, 3, 2]}, {"scale": np.float32([9])})
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for n, k, w in ((3, 1, 8), (4, 5, 13)):
        agree(proto, module, {"n": n, "k": k, "w": w})


def test_an_operator_that_onnx_defines_for_its_node() -> None:
    proto = model(
        [helper.make_node("Attention", ["q", "k", "v"], ["y"], is_causal=1)],
        {"q": ["n", 4, "steps", 8], "k": ["n", 2, "total", 8], "v": ["n", 2, "total", 8]},
        {"y": ["n", 4, "steps", 8]},
    )
    proto.opset_import[0].version, proto.ir_version = 23, 11
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for n, steps, total in ((2, 3, 5), (1, 7, 7)):
        agree(proto, module, {"n": n, "steps": steps, "total": total})


def test_padding_from_the_other_end() -> None:
    nodes = [helper.make_node("Pad", ["x", "pads"], ["y"], mode="wrap")]
    proto = model(nodes, {"x": ["n", 3, "w"]}, {"y": [None] * 3}, {"pads": np.asarray([0, 0, 2, 0, 0, 1])})
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert [str(each) for each in module.dims] == ["n=1..", "w=2.."]
    for n, w in ((1, 2), (2, 7)):
        agree(proto, module, {"n": n, "w": w})


def test_a_size_that_is_filled_up_to_a_multiple() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], start=0, end=1),
        helper.make_node("Mod", ["n", "four"], ["over"]),
        helper.make_node("Sub", ["four", "over"], ["lacking"]),
        helper.make_node("Mod", ["lacking", "four"], ["more"]),
        helper.make_node("Concat", ["none", "more"], ["pads"], axis=0),
        helper.make_node("Pad", ["x", "pads"], ["filled"]),
        helper.make_node("Reshape", ["filled", "blocks"], ["y"]),
    ]
    weights = {"four": np.int64([4]), "none": np.int64([0]), "blocks": np.int64([-1, 4])}
    proto = model(nodes, {"x": ["n"]}, {"y": ["m", 4]}, weights)
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    assert [str(each) for each in module.dims] == ["n=1.."]
    for n in (1, 4, 11):
        agree(proto, module, {"n": n})


def test_a_decoder_whose_branches_have_a_past_and_none() -> None:
    def branch(name: str, past: list[str]) -> Any:
        nodes = [
            helper.make_node("MatMul", ["x", "key"], [f"{name}k"]),
            helper.make_node("Concat", [*past, f"{name}k"], [f"{name}_present"], axis=1),
            helper.make_node("Transpose", [f"{name}_present"], [f"{name}t"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["x", f"{name}t"], [f"{name}s"]),
            helper.make_node("Softmax", [f"{name}s"], [f"{name}p"]),
            helper.make_node("MatMul", [f"{name}p", f"{name}_present"], [f"{name}_y"]),
        ]
        outputs = [helper.make_tensor_value_info(f"{name}_{each}", FLOAT, [None] * 3) for each in ("y", "present")]
        return helper.make_graph(nodes, name, [], outputs)

    choice = helper.make_node(
        "If", ["merged"], ["y", "present"], then_branch=branch("then", ["past"]), else_branch=branch("else", [])
    )
    shapes = {"x": ["b", "s", 8], "past": ["b", "p", 8]}
    proto = model([choice], shapes, {"y": ["b", "s", 8], "present": ["b", "t", 8]}, {"key": weight(8, 8)})
    inputs = values(proto, {"b": 2, "s": 3, "p": 4})
    proto.graph.input.append(helper.make_tensor_value_info("merged", TensorProto.BOOL, [1]))
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for merged in (True, False):
        given = {**inputs, "merged": np.asarray([merged])}
        found, expected = module.run(given), run_onnxruntime(proto, given)
        np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-4, atol=1e-5)
        size = int(found["present.size1"])
        assert size == expected["present"].shape[1]
        np.testing.assert_allclose(found["present"][:, :size], expected["present"], rtol=1e-4, atol=1e-5)
