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
from onnx import TensorProto, numpy_helper
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
