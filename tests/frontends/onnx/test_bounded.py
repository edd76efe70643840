"""Outputs whose size depends on data: the right elements, and the right number of them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import webtensorc
from webtensorc import onnx_backend
from webtensorc.errors import UnsupportedError


def model(node: onnx.NodeProto, shape: tuple[int, ...], *more: onnx.NodeProto) -> onnx.ModelProto:
    last = (more or (node,))[-1]
    outputs = [onnx.ValueInfoProto(name=name) for name in last.output]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    graph = helper.make_graph([node, *more], "bounded", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


CASES = {
    "non_zero": (helper.make_node("NonZero", ["x"], ["y"]), ()),
    "positions": (helper.make_node("NonZero", ["x"], ["t"]), (helper.make_node("Transpose", ["t"], ["y"]),)),
    "unique": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"]), ()),
    "unique_rows": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"], axis=0), ()),
    "in_order": (helper.make_node("Unique", ["x"], ["y", "first", "back", "counts"], sorted=0), ()),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_the_reference(case: str) -> None:
    node, more = CASES[case]
    for seed, density in ((0, 0.5), (1, 0.0), (2, 1.0)):
        rng = np.random.default_rng(seed)
        x = (rng.integers(1, 4, (5, 3)) * (rng.random((5, 3)) < density)).astype(np.float32)
        if case == "in_order":
            x = x.ravel()  # the reference evaluator fails for more dimensions
        proto = model(node, x.shape, *more)
        wanted = ReferenceEvaluator(proto).run(None, {"x": x})
        for got, right in zip(onnx_backend.run_model(proto, [x]), wanted, strict=True):
            np.testing.assert_array_equal(got, right)


def test_the_compiled_model_reports_the_size() -> None:
    x = np.array([[0, 2], [3, 0]], np.float32)
    bundle = webtensorc.compile(model(CASES["non_zero"][0], x.shape), cache=False)
    outputs = webtensorc_runtime.load(bundle).run({"x": x})
    assert {name: array.shape for name, array in outputs.items()} == {"y": (2, 4), "y.size1": ()}
    assert outputs["y.size1"] == 2
    np.testing.assert_array_equal(outputs["y"][:, :2], [[0, 1], [1, 0]])


def test_an_operator_that_needs_the_size_is_refused() -> None:
    node = helper.make_node("NonZero", ["x"], ["t"])
    to_float = helper.make_node("Cast", ["t"], ["f"], to=TensorProto.FLOAT)
    with pytest.raises(UnsupportedError, match="has a size that depends on the model's inputs"):
        webtensorc.compile(model(node, (2, 2), to_float, helper.make_node("Softmax", ["f"], ["y"])), cache=False)
