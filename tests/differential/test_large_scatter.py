"""Scatters of more elements than fit on a kernel's stack, whose row numbers are computed, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import webtensorc_runtime

import webtensorc
from webtensorc.reference import run_onnxruntime


def test_regions_are_put_back_in_their_order() -> None:
    """As PyTorch's older exporter writes the pooling of regions from several levels of a pyramid."""
    proto = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        g (int64[100] order, float[100, 64, 5, 5] regions) => (float[100, 64, 5, 5] y)
            <int64[4] column = {100, 1, 1, 1}> {
            sizes = Shape(regions)
            empty = ConstantOfShape(sizes)
            rows = Reshape(order, column)
            everywhere = Expand(rows, sizes)
            turned = Neg(regions)
            y = ScatterElements <axis = 0> (empty, everywhere, turned)
        }""")
    rng = np.random.default_rng(0)
    inputs = {"order": rng.permutation(100), "regions": rng.standard_normal((100, 64, 5, 5), np.float32)}
    found = webtensorc_runtime.load(webtensorc.compile(proto, cache=False)).run(inputs)
    np.testing.assert_array_equal(found["y"], run_onnxruntime(proto, inputs)["y"])
