"""A table that is resized unless it is as long as it must be: the branches' sizes agree whatever the open one is."""

from __future__ import annotations

import numpy as np
import onnx.parser
import onnxruntime
import pytest
import webtensorc_runtime

import webtensorc

_BRANCHES = {
    "differs": (
        "is_equal = Equal (wanted, seven)\n    holds = Not (is_equal)",
        'then_branch = resized () => (float[a, 1, c] t) { t = Resize <mode = "linear"> (table, , , sizes) }, '
        "else_branch = kept () => (float[p, q, r] k) { k = Identity (table) }",
    ),
    "equals": (
        "holds = Equal (wanted, seven)",
        "then_branch = kept () => (float[p, q, r] k) { k = Identity (table) }, "
        'else_branch = resized () => (float[a, 1, c] t) { t = Resize <mode = "linear"> (table, , , sizes) }',
    ),
}


@pytest.mark.parametrize("condition", _BRANCHES)
def test_any_size_fits(condition: str) -> None:
    holds, branches = _BRANCHES[condition]
    text = f"""
<ir_version: 9, opset_import: ["" : 18]>
relative (float[1, 1, n] x, float[1, 1, 7] table) => (float[1, 1, m] y)
<int64[1] two = {{2}}, int64[1] one = {{1}}, int64[1] seven = {{7}}, int64[2] ones = {{1, 1}}, int64[1] end = {{3}}> {{
    shape = Shape (x)
    length = Slice (shape, two, end)
    twice = Mul (length, two)
    wanted = Sub (twice, one)
    sizes = Concat <axis = 0> (ones, wanted)
    {holds}
    y = If <{branches}> (holds)
}}
"""
    model = onnx.parser.parse_model(text)
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for size in (1, 3, 4, 5, 10):
        inputs = {"x": np.zeros((1, 1, size), np.float32), "table": np.arange(7, dtype=np.float32).reshape(1, 1, 7)}
        np.testing.assert_allclose(module.run(inputs)["y"], session.run(None, inputs)[0], atol=1e-5)
