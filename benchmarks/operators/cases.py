"""Models of one operator, or of a short chain of them, in ONNX's text syntax.

Inputs are normal numbers; those whose name begins with `w` are weights, of a tenth of that size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

__all__ = ["CASES", "Case", "one", "write"]

_OPSET = 23
_KINDS = {np.dtype(np.float32): "float", np.dtype(np.float16): "float16", np.dtype(np.int64): "int64"}


@dataclass(frozen=True)
class Case:
    """A model: the nodes' text, whose result is `y`, and what goes in.

    Attributes:
        nodes: `y = Softmax(x)`, one line a node.
        shapes: of inputs and weights, by name.
        constants: other initialisers.
        half: whether numbers are float16.
    """

    nodes: str
    shapes: dict[str, tuple[int, ...]]
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    half: bool = False


def one(nodes: str, *x: int, half: bool = False, **weights: tuple[int, ...]) -> Case:
    """Of one input `x`."""
    return Case(nodes, {"x": x, **weights}, half=half)


def _attention(rows: int, keys: int, heads: int, size: int, batch: int = 1, *, mask: bool = False) -> Case:
    """As exporters write it out: scaled scores, a mask that is added, softmax, mix."""
    q, k = (batch, heads, rows, size), (batch, heads, keys, size)
    shapes = {"q": q, "k": k, "v": k, **({"m": (batch, 1, rows, keys)} if mask else {})}
    last = "masked" if mask else "scaled"
    lines = ["kt = Transpose <perm = [0, 1, 3, 2]> (k)", "scores = MatMul(q, kt)", "scaled = Mul(scores, c)"]
    lines += ["masked = Add(scaled, m)"] if mask else []
    lines += [f"p = Softmax <axis = -1> ({last})", "y = MatMul(p, v)"]
    return Case("\n".join(lines), shapes, {"c": np.float32(size**-0.5)})


def _fused(rows: int, heads: int, shared: int, size: int, *, causal: bool) -> Case:
    """ONNX's own operator; `shared` heads of keys and values."""
    shapes = {"q": (1, heads, rows, size), "k": (1, shared, rows, size), "v": (1, shared, rows, size)}
    return Case(f"y = Attention <is_causal = {int(causal)}> (q, k, v)", shapes)


def _self_attention(rows: int, heads: int, size: int) -> Case:
    """The projection of a transformer's block included, heads split and joined."""
    width = heads * size
    perm = "<perm = [0, 2, 1, 3]>"
    lines = ["qkv = MatMul(x, w0)", "q0, k0, v0 = Split <axis = 2, num_outputs = 3> (qkv)"]
    for each in "qkv":
        lines.append(f"{each}1 = Reshape({each}0, split)")
        lines.append(f"{each} = Transpose {'<perm = [0, 2, 3, 1]>' if each == 'k' else perm} ({each}1)")
    lines += ["s = MatMul(q, k)", "t = Mul(s, c)", "p = Softmax(t)", "o = MatMul(p, v)"]
    lines += [f"o1 = Transpose {perm} (o)", "o2 = Reshape(o1, joined)", "y = MatMul(o2, w1)"]
    constants = {"c": np.float32(size**-0.5)}
    constants |= {"split": np.array([1, rows, heads, size]), "joined": np.array([1, rows, width])}
    return Case("\n".join(lines), {"x": (1, rows, width), "w0": (width, 3 * width), "w1": (width, width)}, constants)


_GELU_TANH = "y = Gelu <approximate = 'tanh'> (x)".replace("'", '"')
_PAIRS = "<kernel_shape = [{0}, {0}], strides = [{1}, {1}], pads = [{2}, {2}, {2}, {2}]>"

CASES: dict[str, Case] = {
    "attention_128x64": _attention(128, 128, 12, 64),
    "attention_384x64": _attention(384, 384, 12, 64),
    "attention_512x32": _attention(512, 512, 12, 32),
    "attention_512x80": _attention(512, 512, 8, 80),
    "attention_1024x64": _attention(1024, 1024, 8, 64),
    "attention_2048x128": _attention(2048, 2048, 2, 128),
    "attention_mask": _attention(256, 256, 8, 64, batch=2, mask=True),
    "attention_77x40": _attention(77, 77, 8, 40, mask=True),
    "attention_decode": _attention(1, 1024, 12, 64),
    "attention_decode_8": _attention(1, 512, 16, 128, batch=8),
    "attention_causal": _fused(512, 8, 8, 64, causal=True),
    "attention_grouped": _fused(256, 16, 4, 64, causal=True),
    "attention_block": _self_attention(128, 12, 64),
    "softmax_128": one("y = Softmax(x)", 1536, 128),
    "softmax_1000": one("y = Softmax(x)", 64, 1000),
    "softmax_30522": one("y = Softmax(x)", 16, 30522),
    "softmax_channels": one("y = Softmax <axis = 1> (x)", 1, 21, 65, 65),
    "log_softmax": one("y = LogSoftmax(x)", 256, 1000),
    "gelu": one("y = Gelu(x)", 256, 3072),
    "gelu_tanh": one(_GELU_TANH, 256, 3072),
    "silu": one("s = Sigmoid(x)\ny = Mul(x, s)", 256, 3072),
    "tanh": one("y = Tanh(x)", 256, 3072),
    "sigmoid": one("y = Sigmoid(x)", 256, 3072),
    "exp": one("y = Exp(x)", 256, 3072),
    "log": one("a = Abs(x)\ny = Log(a)", 256, 3072),
    "erf": one("y = Erf(x)", 256, 3072),
    "softplus": one("y = Softplus(x)", 256, 3072),
    "elu": one("y = Elu(x)", 256, 3072),
    "sin": one("y = Sin(x)", 256, 3072),
    "power": one("a = Abs(x)\ny = Pow(a, e)", 256, 3072, e=(1, 3072)),
    "layer_norm": one("y = LayerNormalization(x, w0, w1)", 256, 768, w0=(768,), w1=(768,)),
    "layer_norm_4096": one("y = LayerNormalization(x, w0, w1)", 16, 4096, w0=(4096,), w1=(4096,)),
    "rms_norm": one("y = RMSNormalization(x, w0)", 256, 768, w0=(768,)),
    "group_norm": one("y = GroupNormalization <num_groups = 32> (x, w0, w1)", 1, 256, 32, 32, w0=(256,), w1=(256,)),
    "instance_norm": one("y = InstanceNormalization(x, w0, w1)", 1, 64, 64, 64, w0=(64,), w1=(64,)),
    "batch_norm": one(
        "v = Abs(w2)\ny = BatchNormalization(x, w0, w1, w2, v)", 1, 64, 56, 56, w0=(64,), w1=(64,), w2=(64,)
    ),
    "l2_norm": one("y = LpNormalization <axis = 1, p = 2> (x)", 256, 512),
    "mean_last": one("y = ReduceMean <keepdims = 0> (x, last)", 512, 1024),
    "mean_first": one("y = ReduceMean <keepdims = 0> (x, first)", 512, 1024),
    "sum_middle": one("y = ReduceSum <keepdims = 0> (x, second)", 16, 128, 256),
    "max_last": one("y = ReduceMax <keepdims = 0> (x, last)", 512, 1000),
    "argmax": one("y = ArgMax <axis = -1, keepdims = 0> (x)", 256, 1000),
    "argmax_channels": one("y = ArgMax <axis = 1, keepdims = 0> (x)", 1, 21, 128, 128),
    "max_pool": one(f"y = MaxPool {_PAIRS.format(3, 2, 1)} (x)", 1, 64, 112, 112),
    "max_pool_2": one(f"y = MaxPool {_PAIRS.format(2, 2, 0)} (x)", 1, 128, 56, 56),
    "max_pool_3d": one(
        "y = MaxPool <kernel_shape = [3, 3, 3], strides = [2, 2, 2], pads = [1, 1, 1, 1, 1, 1]> (x)", 1, 64, 16, 56, 56
    ),
    "max_pool_1d": one("y = MaxPool <kernel_shape = [3], strides = [2]> (x)", 1, 128, 1000),
    "average_pool": one(f"y = AveragePool {_PAIRS.format(3, 1, 1)} (x)", 1, 64, 56, 56),
    "average_pool_2": one(f"y = AveragePool {_PAIRS.format(2, 2, 0)} (x)", 1, 128, 56, 56),
    "global_average": one("y = GlobalAveragePool(x)", 1, 2048, 7, 7),
    "lrn": one("y = LRN <size = 5> (x)", 1, 96, 55, 55),
    "resize_nearest": one('y = Resize <mode = "nearest"> (x, none, twice)', 1, 64, 64, 64),
    "resize_linear": one('y = Resize <mode = "linear"> (x, none, twice)', 1, 64, 64, 64),
    "transpose_last": one("y = Transpose <perm = [0, 2, 3, 1]> (x)", 1, 128, 64, 64),
    "transpose_first": one("y = Transpose <perm = [2, 0, 1]> (x)", 64, 128, 256),
    "transpose_heads": one("y = Transpose <perm = [0, 2, 1, 3]> (x)", 1, 384, 12, 64),
    "transpose_matrix": one("y = Transpose(x)", 1000, 777),
    "transpose_rows": one("y = Transpose <perm = [1, 0, 2]> (x)", 64, 100, 300),
    "concat": Case("y = Concat <axis = 1> (a, b)", {"a": (1, 64, 56, 56), "b": (1, 96, 56, 56)}),
    "concat_last": Case("y = Concat <axis = -1> (a, b)", {"a": (512, 300), "b": (512, 77)}),
    "slice": one("y = Slice(x, low, high, axes)", 1, 64, 128, 128),
    "pad": one("y = Pad(x, pads)", 1, 64, 56, 56),
    "gather": one("a = Abs(x)\nb = Mul(a, thousand)\ni = Cast <to = 7> (b)\ny = Gather(w0, i)", 512, w0=(8000, 384)),
    "embedding": Case(
        "a = Abs(x)\nb = Mul(a, thousand)\ni = Cast <to = 7> (b)\nc = Gather(w0, i)\nd = Add(c, w1)\n"
        "y = LayerNormalization(d, w2, w3)",
        {"x": (1, 128), "w0": (8000, 384), "w1": (1, 128, 384), "w2": (384,), "w3": (384,)},
    ),
    "top_k": one("y, i = TopK <axis = -1> (x, ten)", 64, 1000),
    "top_k_long": one("y, i = TopK <axis = -1> (x, fifty)", 1, 30522),
    "top_k_images": one("y, i = TopK <axis = 1> (x, ten)", 4, 1000, 20),
    "cumulative_sum": one("y = CumSum(x, last0)", 256, 1024),
    "add": Case("y = Add(a, b)", {"a": (1, 256, 56, 56), "b": (1, 256, 56, 56)}),
    "add_channels": Case("y = Add(a, b)", {"a": (4, 77, 33, 35), "b": (77, 1, 1)}),
    "where": Case("c = Less(a, b)\ny = Where(c, a, zero)", {"a": (256, 3072), "b": (1, 3072)}),
    "cast": one("i = Cast <to = 6> (x)\ny = Cast <to = 1> (i)", 256, 3072),
    "clip_scale": one("a = Mul(x, half)\nb = Add(a, half)\ny = Clip(b, zero, one)", 1, 64, 112, 112),
    "depth_to_space": one("y = DepthToSpace <blocksize = 2> (x)", 1, 64, 64, 64),
    "softmax_half": one("y = Softmax(x)", 1536, 128, half=True),
    "gelu_half": one("y = Gelu(x)", 256, 3072, half=True),
    "layer_norm_half": one("y = LayerNormalization(x, w0, w1)", 256, 768, half=True, w0=(768,), w1=(768,)),
}

_NUMBERS = {
    "first": np.array([0]),
    "second": np.array([1]),
    "last": np.array([-1]),
    "last0": np.array(-1),
    "axes": np.array([2, 3]),
    "low": np.array([5, 7]),
    "high": np.array([101, 119]),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "ten": np.array([10]),
    "fifty": np.array([50]),
    "thousand": np.float32(1000),
    "none": np.array([], np.float32),
    "twice": np.array([1, 1, 2, 2], np.float32),
    "zero": np.float32(0),
    "half": np.float32(0.5),
    "one": np.float32(1),
}
"""Initialisers that a case has where its nodes name them."""


def write(case: Case, path: Path) -> None:
    """The model as an ONNX file, the same bytes each time."""
    generator, kind = np.random.default_rng(0), "float16" if case.half else "float"
    dtype = np.float16 if case.half else np.float32
    weights = {
        name: (0.1 * generator.standard_normal(shape)).astype(dtype)
        for name, shape in case.shapes.items()
        if name.startswith("w")
    }
    words = set(case.nodes.replace("(", " ").replace(")", " ").replace(",", " ").split())
    given = {name: shape for name, shape in case.shapes.items() if name not in weights and name in words}
    inputs = ", ".join(f"{kind}[{','.join(map(str, shape))}] {name}" for name, shape in given.items())
    graph = onnx.parser.parse_graph(f"case ({inputs}) => ({kind}[] y) {{\n{case.nodes}\n}}")
    known = {**weights, **case.constants, **{name: value for name, value in _NUMBERS.items() if name in words}}
    graph.initializer.extend(onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in known.items())
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", _OPSET)], ir_version=10)
    inferred = onnx.shape_inference.infer_shapes(_typed(model), strict_mode=True, data_prop=True)
    onnx.save(inferred, path)


def _typed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without the type of its output, which follows from the nodes."""
    model.graph.output[0].ClearField("type")
    return model
