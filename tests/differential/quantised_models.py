"""Small float models, and what ONNX Runtime's quantiser makes of them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_dynamic, quantize_static

Nodes = Sequence[onnx.NodeProto]


def convolutions() -> onnx.ModelProto:
    """Padded, strided, depthwise and pointwise convolutions, a residual sum, pooling and a fully connected layer."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], strides=[2, 2], group=32),
        node("Clip", ["c2", "low", "high"], ["r2"]),
        node("Conv", ["r2", "w3", "b3"], ["c3"]),
        node("Conv", ["r1", "w4"], ["c4"], strides=[2, 2]),
        node("Add", ["c3", "c4"], ["s"]),
        node("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p", "w5", "b5"], ["c5"], pads=[1, 1, 1, 1]),
        node("Sigmoid", ["c5"], ["g"]),
        node("Mul", ["c5", "g"], ["m"]),
        node("GlobalAveragePool", ["m"], ["a"]),
        node("Flatten", ["a"], ["f"]),
        node("Gemm", ["f", "w6", "b6"], ["y"], transB=1),
    ]
    shapes = {
        "w1": (32, 3, 3, 3),
        "w2": (32, 1, 3, 3),
        "w3": (24, 32, 1, 1),
        "w4": (24, 32, 1, 1),
        "w5": (24, 24, 3, 3),
    }
    biases = {"b1": (32,), "b2": (32,), "b3": (24,), "b5": (24,), "b6": (10,)}
    bounds = {"low": np.float32(0), "high": np.float32(6)}
    return _model(nodes, {**_normal({**shapes, "w6": (10, 24), **biases}), **bounds}, (1, 3, 16, 16), (1, 10))


def attention() -> onnx.ModelProto:
    """A transformer block: products with weights and of two activations."""
    node, batch, steps, width, heads = helper.make_node, 2, 8, 32, 4
    nodes = []
    for part in "qkv":
        order = [0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]
        nodes += [
            node("MatMul", ["x", f"w{part}"], [f"m{part}"]),
            node("Add", [f"m{part}", f"b{part}"], [f"a{part}"]),
            node("Reshape", [f"a{part}", "apart"], [f"r{part}"]),
            node("Transpose", [f"r{part}"], [f"t{part}"], perm=order),
        ]
    nodes += [
        node("MatMul", ["tq", "tk"], ["products"]),
        node("Mul", ["products", "scale"], ["scaled"]),
        node("Softmax", ["scaled"], ["shares"], axis=-1),
        node("MatMul", ["shares", "tv"], ["mixed"]),
        node("Transpose", ["mixed"], ["back"], perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "together"], ["joined"]),
        node("MatMul", ["joined", "wo"], ["mo"]),
        node("Add", ["mo", "x"], ["sum"]),
        node("LayerNormalization", ["sum", "gain", "shift"], ["n"], axis=-1),
        node("MatMul", ["n", "w1"], ["m1"]),
        node("Add", ["m1", "b1"], ["a1"]),
        node("Relu", ["a1"], ["r1"]),
        node("MatMul", ["r1", "w2"], ["m2"]),
        node("Add", ["m2", "n"], ["y"]),
    ]
    matrices = {f"w{part}": (width, width) for part in "qkvo"} | {"w1": (width, 64), "w2": (64, width)}
    biases = {f"b{part}": (width,) for part in "qkv"} | {"b1": (64,)}
    others = {
        "apart": np.array([0, steps, heads, width // heads]),
        "together": np.array([0, steps, width]),
        "scale": np.float32((width // heads) ** -0.5),
        "gain": np.ones(width, np.float32),
        "shift": np.zeros(width, np.float32),
    }
    return _model(nodes, {**_normal(matrices | biases), **others}, (batch, steps, width), (batch, steps, width))


def _normal(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: (rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]) or 8)).astype(np.float32)
        for name, shape in shapes.items()
    }


def _model(nodes: Nodes, weights: dict[str, Any], given: Sequence[int], found: Sequence[int]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, found)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def sample(model: onnx.ModelProto, seed: int) -> np.ndarray:
    """A value for the model's input `x`."""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class _Samples(CalibrationDataReader):
    def __init__(self, model: onnx.ModelProto) -> None:
        self.left = iter([{"x": sample(model, seed)} for seed in range(4)])

    def get_next(self) -> Any:
        return next(self.left, None)


def statically(model: onnx.ModelProto, **options: Any) -> onnx.ModelProto:
    """The model quantised with scales from samples; `options` are those of `quantize_static`."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        quantize_static(before, after, _Samples(model), **options)
        return onnx.load(after)


def dynamically(model: onnx.ModelProto, **options: Any) -> onnx.ModelProto:
    """The model with integer weights whose activations are quantised while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        quantize_dynamic(before, after, **options)
        return onnx.load(after)


def output_step(model: onnx.ModelProto) -> float:
    """The quantisation step of the output `y`: the scale of the DequantizeLinear that makes it."""
    scale = next(n.input[1] for n in model.graph.node if n.op_type == "DequantizeLinear" and n.output[0] == "y")
    return float(next(numpy_helper.to_array(each) for each in model.graph.initializer if each.name == scale))
