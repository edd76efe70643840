"""float16 and bfloat16 models keep their weights in that type and agree with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from quantised_models import attention, convolutions, sample

import webtensorc
from webtensorc.compare import default_tolerance

MODELS = pytest.mark.parametrize("build", [convolutions, attention])


def in_type(model: onnx.ModelProto, element: int, dtype: Any) -> onnx.ModelProto:
    """The model with every float32 initialiser, input and output in another floating-point type."""
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(dtype), tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = element
    return model


def reference(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def check(model: onnx.ModelProto, expected: np.ndarray, dtype: Any) -> None:
    bundle = webtensorc.compile(model, cache=False)
    assert {each.dtype for each in bundle.model.weights.values()} == {np.dtype(dtype)}
    (found,) = webtensorc_runtime.load(bundle)(sample(model, 9).astype(dtype))
    assert found.dtype == dtype
    error = np.abs(found.astype(np.float64) - expected.astype(np.float64)).max()
    assert error <= default_tolerance(str(np.dtype(dtype))).rtol * np.abs(expected.astype(np.float64)).max()


@MODELS
def test_float16(build: Callable[[], onnx.ModelProto]) -> None:
    model = in_type(build(), TensorProto.FLOAT16, np.float16)
    check(model, reference(model, sample(model, 9).astype(np.float16)), np.float16)


@pytest.mark.slow
@MODELS
def test_bfloat16(build: Callable[[], onnx.ModelProto]) -> None:
    """Judged by the float32 model: ONNX Runtime has no bfloat16 convolution for CPUs."""
    expected = reference(build(), sample(build(), 9).astype(ml_dtypes.bfloat16).astype(np.float32))
    model = in_type(build(), TensorProto.BFLOAT16, ml_dtypes.bfloat16)
    model.opset_import[0].version = 22  # the first in which Conv takes bfloat16
    check(model, expected, ml_dtypes.bfloat16)


@pytest.mark.parametrize(
    ("element", "dtype"), [(TensorProto.FLOAT16, np.float16), (TensorProto.BFLOAT16, ml_dtypes.bfloat16)]
)
@pytest.mark.parametrize("target", ["x86-64-v3", "host"])
@pytest.mark.parametrize("rows", [1, 3, 40])
def test_each_step_between_products_is_rounded(rows: int, element: int, dtype: Any, target: str) -> None:
    """To the last bit: products of small whole numbers are exact, what follows is rounded as numpy does."""
    random = np.random.default_rng(0)
    x, w, v = (random.integers(-3, 4, shape).astype(dtype) for shape in ((rows, 24), (24, 24), (24, 48)))
    third = np.full((), 1 / 3, dtype)
    steps = [("MatMul", "x w", "a"), ("Mul", "a third", "b"), ("Add", "b x", "c"), ("Mul", "c b", "d")]
    steps += [("Relu", "d", "e"), ("Sub", "e b", "f"), ("Div", "f third", "g"), ("MatMul", "e v", "y")]
    graph = helper.make_graph(
        [helper.make_node(name, inputs.split(), [output]) for name, inputs, output in steps],
        "steps",
        [helper.make_tensor_value_info("x", element, x.shape)],
        [helper.make_tensor_value_info(name, element, None) for name in ("g", "e", "y")],
        [numpy_helper.from_array(each, name) for each, name in ((w, "w"), (v, "v"), (third, "third"))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return (left.astype(np.float32) @ right.astype(np.float32)).astype(dtype)

    b = product(x, w) * third
    e = np.maximum((b + x) * b, np.zeros((), dtype))
    expected = (e - b) / third, e, product(e, v)
    found = webtensorc_runtime.load(webtensorc.compile(model, targets=[target], cache=False))(x)
    for ours, theirs in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    error = np.abs(found[2].astype(np.float64) - expected[2].astype(np.float64))
    assert error.max() <= float(ml_dtypes.finfo(dtype).eps) * np.abs(expected[2].astype(np.float64)).max()
