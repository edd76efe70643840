"""Cases that drawing has found wrong: each is one that once gave another answer, or was refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from fuzzing.case import Array, Case, model
from onnx import TensorProto, helper, numpy_helper
from test_fuzz import assert_agree

import webtensorc

X = np.asarray([[1.5, -2.0]], np.float32)


def node(
    operator: str,
    inputs: dict[str, Array],
    *,
    opset: int = 20,
    outputs: int = 1,
    known: tuple[str, ...] = (),
    **options: Any,
) -> Case:
    """One node; those of its inputs that are `known` are initialisers."""
    made = helper.make_node(operator, list(inputs), [f"y{index}" for index in range(outputs)], **options)
    given = {name: each for name, each in inputs.items() if name not in known}
    return Case(opset, (made,), given, {name: inputs[name] for name in known}, oracle="onnxruntime")


def loop(known: dict[str, Array], given: dict[str, Array], limit: float, *, collects: bool) -> Case:
    """Add x until the peak passes a limit; trips `n`, condition `c`."""
    nodes = [
        helper.make_node("Add", ["v", "x"], ["v_out"]),
        helper.make_node("ReduceMax", ["v_out"], ["peak"], keepdims=0),
        helper.make_node("Less", ["peak", "limit"], ["go_on"]),
        helper.make_node("Identity", ["v_out"], ["each"]),
    ]
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, X.shape) for name in ("v", "v_out", "each")]
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, ()) for name in ("before", "go_on")]
    index = helper.make_tensor_value_info("i", TensorProto.INT64, ())
    outputs = [flags[1], value[1], *([value[2]] if collects else [])]
    body = helper.make_graph(nodes, "body", [index, flags[0], value[0]], outputs)
    condition = "c" if {"c"} & {*known, *given} else ""
    made = helper.make_node("Loop", ["n", condition, "x"], ["y", *(["all"] if collects else [])], body=body)
    constants = {"limit": np.asarray(limit, np.float32), **known}
    return Case(16, (made,), {"x": X, **given}, constants, oracle="onnxruntime")


def lengths() -> Case:
    """An LSTM over sequences of several lengths."""
    rng = np.random.default_rng(0)
    known = {"w": (1, 24, 8), "r": (1, 24, 6), "b": (1, 48)}
    inputs = {
        "x": rng.standard_normal((7, 3, 8)),
        **{name: rng.standard_normal(shape) for name, shape in known.items()},
    }
    arrays: dict[str, Array] = {name: each.astype(np.float32) for name, each in inputs.items()}
    arrays["lens"] = np.asarray([7, 5, 2], np.int32)
    return node("LSTM", arrays, known=tuple(known), hidden_size=6)


def rounded() -> Case:
    """A product of floats that is quantised at once."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 24), (24, 10)))
    product = helper.make_node("MatMul", ["x", "w"], ["p"])
    quantised = helper.make_node("QuantizeLinear", ["p", "s", "z"], ["y0"])
    constants = {"w": w, "s": np.float32(0.1), "z": np.uint8(99)}
    return Case(20, (product, quantised), {"x": x}, constants, oracle="onnxruntime")


def parts(count: int) -> dict[str, Array]:
    """So many tensors of one shape."""
    rng = np.random.default_rng(0)
    return {f"x{index}": rng.integers(-9, 9, (2, 3)).astype(np.float32) for index in range(count)}


def some_activations() -> Case:
    """An LSTM with parameters for those of its activations that have some."""
    rng = np.random.default_rng(0)
    shapes = {"x": (3, 2, 4), "w": (1, 12, 4), "r": (1, 12, 3)}
    arrays: dict[str, Array] = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    functions = ["Sigmoid", "LeakyRelu", "HardSigmoid"]
    how = {"activations": functions, "activation_alpha": [0.5, 0.25], "activation_beta": [0.75]}
    return node("LSTM", arrays, opset=14, hidden_size=3, **how)


BYTES = np.asarray([[3, 200], [255, 128]], np.uint8)
WEIGHTS = np.asarray([[1, -2, 3], [4, 5, -6]], np.int8)
NONE = np.zeros(0, np.float32)
ZERO, FOUR, MANY = (np.asarray(each, np.int64) for each in (0, 4, 70))
FOUND = {
    "rows of a table of one row": node(
        "Gather", {"x": np.arange(16, dtype=np.float32)[None], "i": np.zeros((2, 2), np.int64)}, known=("x",)
    ),
    # A declared size of 0 was taken for one that is not known.
    "concat of nothing": node("Concat", {"a": np.zeros((0, 2), np.float32), "b": np.zeros((0, 1), np.float32)}, axis=1),
    # The native compiler died of a division by the size of what is summed.
    "product of nothing": node("MatMul", {"a": np.zeros((2, 0), np.float32), "b": np.zeros((0, 3), np.float32)}),
    # Constants were divided by XLA, which multiplies by the inverse: 127.5 instead of 127.49999.
    "quantised constant": node(
        "QuantizeLinear",
        {"x": np.asarray([1.5, 1.25, 2.5], np.float32), "s": np.float32(2.5) / np.float32(255), "z": np.uint8(0)},
        known=("x", "s", "z"),
    ),
    # NaN became any number.
    "quantised NaN": node(
        "QuantizeLinear",
        {"x": np.asarray([np.nan, np.inf, -np.inf, 0.25], np.float32), "s": np.float32(0.5), "z": np.int8(3)},
        known=("s", "z"),
    ),
    # A product of a widened uint8 and known weights extended the sign of the uint8.
    "product of unsigned and known": node("MatMulInteger", {"x": BYTES, "w": WEIGHTS, "z": np.uint8(50)}, known=("w",)),
    # A loop of no trips collected a tensor of shape [0], whatever the body gives.
    "loop without trips": loop({"n": ZERO}, {}, 9, collects=True),
    # A short loop ran to its end whatever its first condition was.
    "loop that must not start": loop({"n": FOUR}, {"c": np.asarray(False)}, 9, collects=False),
    # Coordinates of opset 11 alone were taken for `half_pixel`.
    "pixels as TensorFlow had them": node(
        "Resize",
        {"x": np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6), "r": NONE, "s": np.float32([1, 1, 0.5, 0.5])},
        opset=11,
        known=("r", "s"),
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="tf_half_pixel_for_nn",
    ),
    # Outputs behind a sequence's end were not zero, and those before it were wrong.
    "sequences of several lengths": lengths(),
    # The kernel for few rows kept float32 sums in the memory of a result of bytes.
    "quantised product of one row": rounded(),
    # Loops whose condition is computed were refused where the most trips are known, and long ones that collect.
    "loop that ends early": loop({"n": FOUR}, {}, 4, collects=False),
    "loop that collects and ends early": loop({"n": FOUR, "c": np.asarray(True)}, {}, 4, collects=True),
    # The first parameter was the first activation's, though it has none.
    "parameters of some activations": some_activations(),
    # A kernel was given more tensors than the engine binds to one.
    "sum of many": node("Sum", parts(45)),
    # The other bound of old operator sets is the largest float32.
    "clipped infinity": node("Clip", {"x": np.asarray([np.inf, -np.inf, 1], np.float32)}, opset=7, min=-1.0),
    # A product with a part of an image was taken for one with the whole: it wrote behind its result.
    "transform of a part": node(
        "DFT",
        {"x": np.arange(24, dtype=np.float32).reshape(1, 3, 8, 1), "n": np.asarray(3), "axis": np.asarray(-2)},
        known=("n", "axis"),
        onesided=1,
    ),
    # A pass compared a value with none.
    "norm of a constant": node(
        "RMSNormalization",
        {"x": np.asarray([3.25, 1.75], ml_dtypes.bfloat16), "s": np.asarray([1.25, -0.25], ml_dtypes.bfloat16)},
        opset=24,
        known=("x",),
        axis=0,
    ),
    # Operations were added before the compiler knew of any like them.
    "nothing but four bits": replace(
        node("Identity", {"x": np.asarray([-8, -1, 0, 7], ml_dtypes.int4)}, opset=24), oracle="onnx"
    ),
    # Large integers were averaged in float32.
    "mean of large integers": node(
        "ReduceMean", {"x": np.asarray([[2**31 - 1, 2**31 - 3, -7], [1, 1, 2]], np.int32)}, axes=[1], opset=17
    ),
    # NaN was equal to nothing, itself included: it had the first element's place, and was counted 0 times.
    "distinct NaN": replace(
        node("Unique", {"x": np.asarray([2, np.nan, 1, np.nan, np.inf], np.float32)}, outputs=4), oracle="onnx"
    ),
    "distinct elements of none": replace(node("Unique", {"x": NONE}, outputs=4), oracle="onnx"),
    "hardmax of none": replace(node("Hardmax", {"x": np.zeros((3, 0), np.float32)}), oracle="onnx"),
    # Three bytes hold four of these numbers.
    "floats of six bits": replace(
        node(
            "DequantizeLinear",
            {"x": np.asarray([0.25, 0, -1.5, 7.5, 1], ml_dtypes.float6_e2m3fn), "s": np.float32(0.5)},
            opset=28,
            known=("x",),
        ),
        oracle="onnx",
    ),
    # The native compiler made a gather of reads from a column, whose elements do not lie side by side.
    "rows of a column": node(
        "GatherElements",
        {"x": np.arange(30, dtype=np.float32).reshape(5, 2, 3), "i": np.asarray([[4, 0], [1, -1]])[..., None]},
        opset=13,
    ),
    # One tensor in two shapes, of which the native compiler dropped one.
    "loop of one trip that collects": loop({"n": np.asarray(1)}, {}, 1e6, collects=True),
    # ONNX leaves the mean of nothing undefined: ours was NaN, ONNX Runtime's is 0 (a bag without elements).
    "means of nothing": replace(
        Case(
            18,
            (
                helper.make_node("ReduceMean", ["x", "a"], ["y0"]),
                helper.make_node("Compress", ["z", "c"], ["some"], axis=0),
                helper.make_node("ReduceMean", ["some", "a"], ["y1"]),
            ),
            {"x": np.zeros((0, 2), np.float32), "z": np.ones((2, 3), np.float32), "c": np.asarray([False, False])},
            {"a": np.asarray([0])},
            oracle="onnxruntime",
        ),
        wanted=("y0", "y1"),
    ),
    # A window of one had a number where ONNX and ONNX Runtime divide 0 by 0.
    "symmetric window of one": node("HannWindow", {"n": np.asarray(1)}, opset=17, known=("n",), periodic=0),
    "long loop that collects": loop({"n": MANY}, {}, 1e6, collects=True),
    # A known tensor was not flattened.
    "known elements of a known tensor": node(
        "Compress", {"x": BYTES, "c": np.asarray([True, False, True])}, known=("x", "c")
    ),
    # The result was float32.
    "logarithm of a sum of integers": node(
        "ReduceLogSumExp", {"x": np.asarray([[3, -2, 7]], np.int32)}, axes=[1], opset=17
    ),
    # Half of one was the lowest integer.
    "integers to negative powers": node("Pow", {"x": np.asarray([2, 1, -1, 3]), "y": np.asarray([-1, -2, -3, 2])}),
    # A quarter of an integer was nothing.
    "integers moved by a quarter": node("Shrink", {"x": np.asarray([2, -3, 0, 7], np.int32)}, bias=0.25),
    "half a product of integers": replace(
        node(
            "Gemm",
            {"a": np.asarray([[3, -2]]), "b": np.asarray([[5], [4]]), "c": np.asarray([[1]])},
            alpha=0.5,
            beta=0.5,
        ),
        oracle="onnx",
    ),
    # Attributes are float32, and so are their defaults: a fifth of float64 is another number.
    "default of an attribute": replace(node("HardSigmoid", {"x": np.asarray([0.5, -0.5])}), oracle="onnx"),
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    assert_agree([FOUND[name]])


@pytest.mark.parametrize("open_dims", [(0,), (0, 1)])
def test_products_of_unsigned_integers_of_open_size(open_dims: tuple[int, ...]) -> None:
    x = np.stack([BYTES, BYTES // 2])
    proto = model([node("MatMulInteger", {"x": x, "w": WEIGHTS}, known=("w",))])
    for dim in open_dims:
        proto.graph.input[0].type.tensor_type.shape.dim[dim].dim_param = f"d{dim}"
    loaded = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    np.testing.assert_array_equal(loaded(x)[0], x.astype(np.int32) @ WEIGHTS.astype(np.int32))


@pytest.mark.parametrize("shape", [(1, 3, 3, 3), (2, 3, 5), (2, 3)])
def test_slopes_belonged_to_the_channels_before_opset_7(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    slope = np.asarray([0.5, 2.0, -3.0], np.float32)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    prelu = helper.make_node("PRelu", ["x", "slope"], ["y"])
    graph = helper.make_graph([prelu], "g", inputs, outputs, [numpy_helper.from_array(slope, "slope")])
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 6)], ir_version=4)
    (found,) = webtensorc_runtime.load(webtensorc.compile(old))(x)
    by_channel = slope.reshape(3, *(1,) * (len(shape) - 2))
    np.testing.assert_array_equal(found, np.where(x < 0, x * by_channel, x))
