"""Strings that are known become numbers, and these strings again."""

from __future__ import annotations

import numpy as np
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

import webtensorc


def test_names_become_numbers_and_names_again() -> None:
    categories = {"cats_strings": ["red", "green", "blue"], "cats_int64s": [7, 8, 9], "domain": "ai.onnx.ml"}
    nodes = [
        helper.make_node("CategoryMapper", ["names"], ["numbers"], default_int64=-3, **categories),
        helper.make_node("CategoryMapper", ["numbers"], ["again"], default_string="blue", **categories),
        helper.make_node("CategoryMapper", ["again"], ["last"], **categories),
        helper.make_node("Concat", ["numbers", "last", "x"], ["y"], axis=0),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in (("x", [2]), ("y", None)))
    names = numpy_helper.from_array(np.array(["green", "yellow", "red", "green"], object), "names")
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    proto = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [names]), opset_imports=opsets, ir_version=8)
    feeds = {"x": np.array([1, 2])}
    found = webtensorc_runtime.load(webtensorc.compile(proto, cache=False)).run(feeds)["y"]
    (wanted,) = InferenceSession(proto.SerializeToString()).run(None, feeds)
    np.testing.assert_array_equal(found, wanted)
    assert found.tolist() == [8, -3, 7, 8, 8, 9, 7, 8, 1, 2]
