"""Nodes of open sizes that once gave another answer at some sizes, or were compiled for one that is of no use."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import helper
from onnx.reference import ReferenceEvaluator

import webtensorc
from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load


def model(text: str, opset: int = 20, domain: str = "") -> onnx.ModelProto:
    more = f', "{domain}": 1' if domain else ""
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["": {opset}{more}]> {text}')


def test_a_slice_backwards_to_behind_the_last_element_is_empty() -> None:
    proto = model("""g (float[n] x) => (float[m] y)
        <int64[1] from = {0}, int64[1] to = {2147483647}, int64[1] axis = {0}, int64[1] by = {-2}>
        { y = Slice (x, from, to, axis, by) }""")
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for count in (1, 4):
        x = np.arange(count, dtype=np.float32)
        np.testing.assert_array_equal(module(x)[0], ReferenceEvaluator(proto).run(None, {"x": x})[0])


@pytest.mark.parametrize("operator", ["DFT", "STFT"])
def test_a_signal_of_open_parts_is_not_taken_for_a_real_one(operator: str) -> None:
    """Two parts are a complex signal, whose second one was left out."""
    body = "y = DFT (x, length, axis)" if operator == "DFT" else "y = STFT (x, step, , length)"
    constants = "int64 length = {4}, int64 axis = {1}, int64 step = {1}"
    proto = model(f"g (float[1, 8, parts] x) => (float[a, b, c] y) <{constants}> {{ {body} }}")
    del proto.graph.output[0].type.tensor_type.shape.dim[:]
    assert [each.shape for each in load(proto).inputs] == [(1, 8, 1)]
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 3
    with pytest.raises(Exception, match="its last axis has real parts, or real and imaginary ones, not 3"):
        load(proto)


def test_a_window_is_as_long_as_a_frame() -> None:
    """One of open length was taken for a single number, and what has the right length was refused."""
    text = """g (float[1, 12, 1] x, float[{}] w) => (float[a, b, c, d] y)
        <int64 step = {{2}}, int64 length = {{8}}> {{ y = STFT (x, step, w, length) }}"""
    assert [each.shape for each in load(model(text.format("n"))).inputs] == [(1, 12, 1), (8,)]
    with pytest.raises(InvalidFileError, match="STFT"):
        load(model(text.format("1")))


def test_a_map_has_as_many_numbers_as_it_needs() -> None:
    """A product with one of them would broadcast."""
    proto = model("""g (float[1, 2, n] x) => (float[a, b, c, d] y) <int64[4] size = {1, 1, 2, 4}>
        { y = AffineGrid (x, size) }""")
    assert_no_size_of_one(proto)


def test_rows_have_as_many_features_as_support_vectors() -> None:
    attributes = {
        "coefficients": [1.0, -1.0],
        "kernel_type": "RBF",
        "kernel_params": [0.5, 0.0, 3.0],
        "n_supports": 2,
        "support_vectors": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
    proto = model("g (float[m, n] x) => (float[a, b] y) { y = ai.onnx.ml.SVMRegressor (x) }", 20, "ai.onnx.ml")
    proto.graph.node[0].attribute.extend(helper.make_attribute(*each) for each in attributes.items())
    assert_no_size_of_one(proto)


def assert_no_size_of_one(proto: Any) -> None:
    try:
        shape = load(proto).inputs[0].shape
    except UnsupportedError:
        assert check(proto)
    else:
        assert shape[-1] == 3


def test_channels_of_open_number_are_refused_by_name() -> None:
    """Depthwise, each channel is a group, of which there are a number; JAX said so while lowering."""
    proto = model("g (float[1, c, t] x, float[c, 1, 2] w) => (float[a, b, d] y, float[e, f, h] s) "
                  "{ y, s = com.microsoft.CausalConvWithState (x, w) }", 20, "com.microsoft")  # fmt: skip
    assert [each.reason for each in check(proto)] == [
        "the number of its channels must be known when the model is compiled"
    ]
    with pytest.raises(UnsupportedError):
        load(proto)
