"""Running sums along what convolutions leave of an open size, which may be nothing for all that JAX knows."""

from __future__ import annotations

import numpy as np
import onnx.parser
import onnxruntime
import pytest
import webtensorc_runtime

import webtensorc

_SUMS = """
<ir_version: 9, opset_import: ["" : 17]>
positions (float[1, 1, frames] x, float[2, 1, 10] first, float[3, 2, 3] second) => (float[1, 3, left] y)
{
    long = Conv <strides = [5]> (x, first)
    short = Conv <strides = [2]> (long, second)
    axis = Constant <value_int: int = -1> ()
    y = CumSum <ATTRIBUTES> (short, axis)
}
"""


@pytest.mark.parametrize("attributes", ["reverse = 0", "reverse = 1", "exclusive = 1", "exclusive = 1, reverse = 1"])
def test_sums_along_what_convolutions_leave(attributes: str) -> None:
    model = onnx.parser.parse_model(_SUMS.replace("ATTRIBUTES", attributes))
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    random = np.random.default_rng(0)
    for frames in (20, 57, 100):
        shapes = {"x": (1, 1, frames), "first": (2, 1, 10), "second": (3, 2, 3)}
        inputs = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        np.testing.assert_allclose(module.run(inputs)["y"], session.run(None, inputs)[0], rtol=1e-5, atol=1e-5)
