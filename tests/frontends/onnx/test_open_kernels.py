"""Convolutions whose kernels have open sizes: weights that are inputs of the model."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.frontends.onnx import check
from webtensorc.reference import run_onnxruntime

_HEAD = '<ir_version: 7, opset_import: ["" : 11, "com.microsoft" : 1]> kernels '

CONVOLUTIONS = f"""{_HEAD}
(float[1, 4, 8, 9] x, float[m, 4, height, width] w, float[6, 2, height, width] v) =>
(float[?, ?, ?, ?] a, float[?, ?, ?, ?] b, float[?, ?, ?, ?] c, float[?, ?, ?, ?] d)
{{
    a = Conv <pads = [1, 0, 2, 1], strides = [2, 1]> (x, w)
    b = Conv <auto_pad = "SAME_UPPER", strides = [1, 2]> (x, w)
    c = com.microsoft.FusedConv <dilations = [1, 2], activation = "Relu"> (x, w)
    d = Conv <auto_pad = "SAME_LOWER", group = 2> (x, v)
}}
"""

TRANSPOSED = f"""{_HEAD}
(float[1, 4, 5, 6] x, float[4, m, height, width] w) =>
(float[?, ?, ?, ?] a, float[?, ?, ?, ?] b, float[?, ?, ?, ?] c, float[?, ?, ?, ?] d)
{{
    a = ConvTranspose <strides = [2, 1], pads = [0, 1, 1, 0]> (x, w)
    b = ConvTranspose <strides = [3, 2], output_padding = [1, 0], dilations = [1, 2]> (x, w)
    c = ConvTranspose <auto_pad = "SAME_UPPER", strides = [1, 2]> (x, w)
    d = ConvTranspose <group = 2, strides = [2, 2]> (x, w)
}}
"""


@pytest.mark.parametrize("text", [CONVOLUTIONS, TRANSPOSED], ids=["forwards", "transposed"])
def test_any_kernel(text: str) -> None:
    model = onnx.parser.parse_model(text)
    assert check(model) == ()
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    random = np.random.default_rng(0)
    for m, height, width in ((3, 3, 2), (6, 2, 4)):
        sizes = {"m": m, "height": height, "width": width}
        inputs = {
            each.name: random.standard_normal([sizes.get(size, size) for size in each.shape]).astype(np.float32)
            for each in module.inputs
        }
        found, expected = module.run(inputs), run_onnxruntime(model, inputs)
        for name, wanted in expected.items():
            np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_kernel_larger_than_the_image_is_refused() -> None:
    model = onnx.parser.parse_model(
        f"{_HEAD} (float[1, 1, 8] x, float[1, 1, width] w) => (float[?, ?, ?] y) {{ y = Conv <pads = [1, 1]> (x, w) }}"
    )
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    assert module(np.ones((1, 1, 8), np.float32), np.ones((1, 1, 10), np.float32))[0].shape == (1, 1, 1)
    with pytest.raises(UsageError, match="width"):
        module(np.ones((1, 1, 8), np.float32), np.ones((1, 1, 11), np.float32))
