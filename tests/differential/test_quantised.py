"""Models from ONNX Runtime's quantiser run in integers and agree with it within one quantisation step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType
from quantised_models import attention, convolutions, dynamically, output_step, sample, statically

import webtensorc
from webtensorc import portable
from webtensorc.artifact import Bundle

SIGNED, UNSIGNED = QuantType.QInt8, QuantType.QUInt8
TYPES = {
    "u8-s8": {"activation_type": UNSIGNED, "weight_type": SIGNED},
    "u8-u8": {"activation_type": UNSIGNED, "weight_type": UNSIGNED},
    "s8-s8": {"activation_type": SIGNED, "weight_type": SIGNED, "extra_options": {"ActivationSymmetric": True}},
    "s8-s8-asymmetric": {
        "activation_type": SIGNED,
        "weight_type": SIGNED,
        "extra_options": {"WeightSymmetric": False},
    },
}


def reference(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """ONNX Runtime's result, node by node as the model says: its own fusions differ from that by some steps."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def contractions(bundle: Bundle) -> list[str]:
    """The type of every contraction in the graph that the bundle carries: `(operands) -> result`."""
    text = portable.to_text(bundle.model.graph)
    found = re.findall(r'"stablehlo\.(?:dot_general|convolution)".* : (\(.*\) -> tensor<[^>]*>)', text)
    assert found
    return found


def element_types(contraction: str) -> list[str]:
    return re.findall(r"tensor<(?:[\d?]+x)*(\w+)>", contraction)


QDQ, QOPERATOR = QuantFormat.QDQ, QuantFormat.QOperator
FORMS = [
    *((QDQ, types, per_channel) for types in TYPES for per_channel in (False, True)),
    *((QOPERATOR, types, types == "u8-s8") for types in ("u8-s8", "u8-u8")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "types", "per_channel"), FORMS, ids=lambda each: str(getattr(each, "name", each)))
@pytest.mark.parametrize("build", [convolutions, attention])
def test_static(build: Callable[[], onnx.ModelProto], form: Any, types: str, per_channel: bool) -> None:
    model = statically(build(), quant_format=form, per_channel=per_channel, **TYPES[types])
    bundle = webtensorc.compile(model, cache=False)
    x = sample(model, 9)
    (found,) = webtensorc_runtime.load(bundle)(x)
    assert np.abs(found - reference(model, x)).max() <= 1.01 * output_step(model)
    assert {element_types(each)[-1] for each in contractions(bundle)} == {"i32"}


@pytest.mark.parametrize("build", [convolutions, attention])
def test_weights_stay_small_and_products_are_of_small_integers(build: Callable[[], onnx.ModelProto]) -> None:
    model = statically(build(), quant_format=QuantFormat.QDQ, per_channel=True, **TYPES["u8-s8"])
    bundle = webtensorc.compile(model, cache=False)
    kinds = [element_types(each) for each in contractions(bundle)]
    depthwise = sum(any(a.name == "group" and a.i > 1 for a in node.attribute) for node in model.graph.node)
    assert kinds.count(["i8", "i8", "i32"]) == len(kinds) - depthwise
    assert kinds.count(["i32", "i32", "i32"]) == depthwise
    given = [numpy_helper.to_array(each) for each in model.graph.initializer]
    large = [each for each in given if each.dtype == np.int8 and each.size > 64]
    kept = [each for each in bundle.model.weights.values() if each.dtype == np.int8]
    assert sum(each.nbytes for each in kept) == sum(each.nbytes for each in large) > 4000


@pytest.mark.slow
@pytest.mark.parametrize(("build", "types"), [(attention, "u8-s8"), (convolutions, "u8-u8")])
def test_an_open_batch(build: Callable[[], onnx.ModelProto], types: str) -> None:
    model = statically(build(), quant_format=QDQ, **TYPES[types])
    rows = model.graph.input[0].type.tensor_type.shape.dim[1:]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del model.graph.value_info[:]
    bundle = webtensorc.compile(model, cache=False)
    assert {element_types(each)[-1] for each in contractions(bundle)} == {"i32"}
    module = webtensorc_runtime.load(bundle)
    for batch in (1, 3):
        shape = (batch, *(each.dim_value for each in rows))
        x = np.random.default_rng(batch).standard_normal(shape).astype(np.float32)
        (found,) = module(x)
        assert np.abs(found - reference(model, x)).max() <= 1.01 * output_step(model)


NARROW_OR_WIDE = {
    "u16-s8": (convolutions, QuantType.QUInt16, SIGNED),
    "u8-s4": (attention, UNSIGNED, QuantType.QInt4),
}


@pytest.mark.slow
@pytest.mark.parametrize("types", NARROW_OR_WIDE)
def test_integers_of_four_and_sixteen_bits(types: str) -> None:
    build, activation, weight = NARROW_OR_WIDE[types]
    model = statically(build(), quant_format=QDQ, activation_type=activation, weight_type=weight)
    bundle = webtensorc.compile(model, cache=False)
    x = sample(model, 9)
    (found,) = webtensorc_runtime.load(bundle)(x)
    # A rounding that falls otherwise in one layer may be one more step of the last one, of 65536.
    assert np.abs(found - reference(model, x)).max() <= (2 if "16" in types else 1) * 1.01 * output_step(model)
    assert {element_types(each)[-1] for each in contractions(bundle)} == {"i32"}


def test_without_the_pass_they_are_products_of_floats() -> None:
    model = statically(attention(), quant_format=QuantFormat.QDQ, **TYPES["u8-s8"])
    bundle = webtensorc.compile(model, cache=False, disabled_passes=("integer-contractions",))
    assert {element_types(each)[-1] for each in contractions(bundle)} == {"f32"}


@pytest.mark.slow
@pytest.mark.parametrize("weight_type", [SIGNED, UNSIGNED], ids=["s8", "u8"])
@pytest.mark.parametrize("per_channel", [False, True], ids=["per-tensor", "per-channel"])
def test_dynamic(weight_type: Any, per_channel: bool) -> None:
    model = dynamically(attention(), weight_type=weight_type, per_channel=per_channel)
    bundle = webtensorc.compile(model, cache=False)
    x = sample(model, 9)
    (found,), expected = webtensorc_runtime.load(bundle)(x), reference(model, x)
    # A value that ONNX Runtime rounds up and we round down differs by one step of 1/255 of its tensor's range.
    assert np.abs(found - expected).max() <= np.ptp(expected) / 255
    kinds = [element_types(each) for each in contractions(bundle)]
    assert kinds.count(["i8", "i8", "i32"]) >= 4
    assert kinds.count(["f32", "f32", "f32"]) == 2  # of two activations, which the quantiser leaves in floats


def test_unsigned_weights_keep_their_type() -> None:
    tables = {f"uint{bits}": np.arange(3000).reshape(3, 1000).astype(f"uint{bits}") for bits in (8, 16, 32, 64)}
    graph = helper.make_graph(
        [helper.make_node("Gather", [name, "rows"], [f"{name}_rows"]) for name in tables],
        "tables",
        [helper.make_tensor_value_info("rows", TensorProto.INT64, [2])],
        [
            helper.make_tensor_value_info(f"{name}_rows", helper.np_dtype_to_tensor_dtype(table.dtype), [2, 1000])
            for name, table in tables.items()
        ],
        [numpy_helper.from_array(table, name) for name, table in tables.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    found = webtensorc_runtime.load(webtensorc.compile(model, cache=False))(np.array([2, 0]))
    for rows, table in zip(found, tables.values(), strict=True):
        np.testing.assert_array_equal(rows, table[[2, 0]])
        assert rows.dtype == table.dtype


def test_operators_of_onnx_runtime_round_as_it_does() -> None:
    """Half-way between two steps the zero point decides, which QLinearAdd and QLinearMul add before they round."""
    rng = np.random.default_rng(0)
    scales = {"a": 0.5, "b": 0.25, "sum": 1.0, "product": 0.25, "shares": 1 / 240}
    zeros = {"a": 3, "b": 8, "sum": 5, "product": 7, "shares": 0}
    parameters = {name: (f"{name}_scale", f"{name}_zero") for name in scales}
    operands = ["a", *parameters["a"], "b", *parameters["b"]]
    nodes = [
        helper.make_node("QLinearAdd", [*operands, *parameters["sum"]], ["sum"], domain="com.microsoft"),
        helper.make_node("QLinearMul", [*operands, *parameters["product"]], ["product"], domain="com.microsoft"),
        helper.make_node(
            "QLinearSoftmax",
            ["a", *parameters["a"], *parameters["shares"]],
            ["shares"],
            domain="com.microsoft",
            axis=-1,
            opset=13,
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "quantised",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, [4, 16]) for name in "ab"],
        [helper.make_tensor_value_info(node.output[0], TensorProto.UINT8, [4, 16]) for node in nodes],
        [numpy_helper.from_array(np.array(each, np.float32), f"{name}_scale") for name, each in scales.items()]
        + [numpy_helper.from_array(np.array(each, np.uint8), f"{name}_zero") for name, each in zeros.items()],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=9)
    feeds = {name: rng.integers(0, 24, (4, 16)).astype(np.uint8) for name in "ab"}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = webtensorc_runtime.load(webtensorc.compile(model, cache=False)).run(feeds)
    for node, expected in zip(nodes, session.run(None, feeds), strict=True):
        np.testing.assert_array_equal(found[node.output[0]], expected)
