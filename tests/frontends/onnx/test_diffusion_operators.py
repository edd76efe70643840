"""What ONNX Runtime's optimiser writes for diffusion models, and has no kernels for on processors: what it fused."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from webtensorc import onnx_backend
from webtensorc.reference import run_onnxruntime

node = helper.make_node
RNG = np.random.default_rng(0)
WEIGHTS = {
    "w": RNG.standard_normal((8, 4, 3, 3)),
    "gamma": RNG.standard_normal(8),
    "beta": RNG.standard_normal(8),
    "bias": RNG.standard_normal(8),
    "skip": RNG.standard_normal((2, 8)),
    "whole": RNG.standard_normal((2, 5, 5, 8)),
}
LAST = {"perm": [0, 2, 3, 1]}

FUSED = [
    node("Transpose", ["x"], ["x_last"], **LAST),
    node("Transpose", ["w"], ["w_last"], **LAST),
    node("NhwcConv", ["x_last", "w_last", "bias"], ["c"], domain="com.microsoft", pads=[1, 1, 1, 1]),
    node("GroupNorm", ["c", "gamma", "beta"], ["g"], domain="com.microsoft", groups=4, activation=1),
    node(
        "SkipGroupNorm",
        ["g", "gamma", "beta", "skip", "bias"],
        ["s", "sum"],
        domain="com.microsoft",
        groups=2,
        activation=0,
    ),
    node("BiasAdd", ["s", "bias", "whole"], ["a"], domain="com.microsoft"),
    node("BiasSplitGelu", ["a", "bias"], ["y"], domain="com.microsoft"),
]
PLAIN = [
    node("Conv", ["x", "w", "bias"], ["c"], pads=[1, 1, 1, 1]),
    node("GroupNormalization", ["c", "gamma", "beta"], ["n"], num_groups=4),
    node("Sigmoid", ["n"], ["gate"]),
    node("Mul", ["n", "gate"], ["g"]),
    node("Add", ["skip", "bias"], ["by_channel"]),
    node("Unsqueeze", ["by_channel", "places"], ["everywhere"]),
    node("Add", ["g", "everywhere"], ["total"]),
    node("GroupNormalization", ["total", "gamma", "beta"], ["s"], num_groups=2),
    node("Transpose", ["total"], ["sum"], **LAST),
    node("Transpose", ["s"], ["s_last"], **LAST),
    node("Add", ["s_last", "bias"], ["b"]),
    node("Add", ["b", "whole"], ["a"]),
    node("Add", ["a", "bias"], ["halves"]),
    node("Split", ["halves"], ["left", "right"], axis=-1, num_outputs=2),
    node("Gelu", ["right"], ["turned"]),
    node("Mul", ["left", "turned"], ["y"]),
]


def model(nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    arrays = {name: array.astype(np.float32) for name, array in WEIGHTS.items()} | {"places": np.array([2, 3])}
    weights = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4, 5, 5])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("sum", "y")]
    graph = helper.make_graph(nodes, "diffusion", [x], outputs, weights)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def test_fused_operators_are_what_they_were_fused_from() -> None:
    x = RNG.standard_normal((2, 4, 5, 5)).astype(np.float32)
    wanted = run_onnxruntime(model(PLAIN), {"x": x})
    for found, right in zip(onnx_backend.run_model(model(FUSED), [x]), wanted.values(), strict=True):
        np.testing.assert_allclose(found, right, rtol=0, atol=2e-5 * np.abs(right).max())
