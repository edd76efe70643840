"""What precedes a node that fails says which sizes there may be; quotients of sizes are rounded as ONNX does it."""

from __future__ import annotations

import numpy as np
import onnx.parser
import onnxruntime
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc

_PATCHES = """
<ir_version: 9, opset_import: ["" : 18]>
patches (float[1, 1, side, side] x, float[2, 1, 14, 14] w, float[1, 17, 2] table) => (float[1, 17, 2] y)
<int64[2] one_two = {1, 2}, int64[1] one = {1}, int64[1] window = {14}, int64[1] second = {2}> {
    shape = Shape (x)
    size = Gather (shape, second)
    quotient = Div (size, window)
    square = Mul (quotient, quotient)
    patches = Conv <strides = [14, 14]> (x, w)
    flat = Concat <axis = 0> (one_two, square)
    rows = Reshape (patches, flat)
    columns = Transpose <perm = [0, 2, 1]> (rows)
    token = Slice (table, one, window, one)
    one_row = ReduceSum (token, one)
    with_token = Concat <axis = 1> (one_row, columns)
    y = Add (with_token, table)
}
"""


def test_a_window_in_front_of_a_table_bounds_the_sizes_that_fit() -> None:
    """Of 13 pixels nothing is left, which would fit any table."""
    model = onnx.parser.parse_model(_PATCHES)
    random = np.random.default_rng(0)
    w = random.standard_normal((2, 1, 14, 14)).astype(np.float32)
    table = random.standard_normal((1, 17, 2)).astype(np.float32)
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for side in (56, 69):
        x = random.standard_normal((1, 1, side, side)).astype(np.float32)
        (wanted,) = session.run(None, {"x": x, "w": w, "table": table})
        np.testing.assert_allclose(module(x, w, table)[0], wanted, atol=1e-4)
    for side in (13, 55, 70):
        with pytest.raises(UsageError, match="side"):
            module(np.zeros((1, 1, side, side), np.float32), w, table)


_QUOTIENT = """
<ir_version: 9, opset_import: ["" : 18]>
quotient (float[steps] x) => (float[count] y, int64[1] rest)
<int64[1] seven = {7}, int64[1] eight = {8}, int64[1] two = {2}> {
    shape = Shape (x)
    less = Sub (shape, seven)
    quotient = Div (less, eight)
    rest = Mod <fmod = 1> (less, eight)
    wanted = Add (quotient, two)
    y = ConstantOfShape (wanted)
}
"""


def test_a_quotient_of_unknown_sign_is_a_size_rounded_towards_zero() -> None:
    model = onnx.parser.parse_model(_QUOTIENT)
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for steps in (1, 6, 7, 14, 15, 30):
        x = np.zeros(steps, np.float32)
        for found, wanted in zip(module(x), session.run(None, {"x": x}), strict=True):
            np.testing.assert_array_equal(found, wanted)
