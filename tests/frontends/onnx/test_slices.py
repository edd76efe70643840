"""Operators on tensors whose size depends on data, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import webtensorc_runtime

import webtensorc
from webtensorc import onnx_backend
from webtensorc.reference import run_onnxruntime

FOUND = """
    <ir_version: 10, opset_import: ["" : 20]>
    g (float[7, 4] x, float[4, 3] w, bool[7] keep) => (OUTPUTS) <int64[1] last = {-1}, int64[1] zero = {0},
        int64[1] two = {2}, int64[1] three = {3},
        float[1] half = {0.5}, int64[1] one = {1}> {
        at = NonZero(keep)
        columns = Transpose(at)
        some = GatherND(x, columns)
"""
"""`some` are the rows of x that are kept."""

PROGRAMS = {
    "computed": "h = MatMul(some, w)  b = Add(h, half)  computed = Softmax(b)",
    "normal": "normal = LayerNormalization <axis = -1> (some, unit)  unit = ConstantOfShape(four)"
    "  four = Constant <value_ints = [4]> ()",
    "chosen": "zeros = Sub(some, some)  p = Greater(some, zeros)  chosen = Where(p, some, half)",
    "reshaped": "e = Unsqueeze(some, two)  r = Reshape(e, flat4)  flat4 = Constant <value_ints = [-1, 2, 2]> ()"
    "  reshaped = ReduceMax(r, last)",
    "best": "best = ReduceMax <keepdims = 0> (some, zero)",
    "mean": "mean = ReduceMean <keepdims = 0> (some)",
    "squares": "squares = ReduceSumSquare(some, zero)",
    "cut": "cut = Slice(some, one, three, zero)",
    "others": "others = Slice(some, one, three, one)",
    "again": "s = ReduceSum <keepdims = 0> (some, one)  z0 = Sub(s, s)  q = Greater(s, z0)  i = NonZero(q)"
    "  j = Transpose(i)  again = GatherND(some, j)",
    "picked": "first = Constant <value_ints = [0, -1]> ()  picked = Gather(some, first)",
    "turned": "turned = Gather <axis = 1> (some, order)  order = Constant <value_ints = [3, 0]> ()",
    "joined": "low = Constant <value_ints = [0, 1]> ()  top = Gather(x, low)"
    "  joined = Concat <axis = 0> (some, top, some)",
    "twice": "at2 = NonZero(keep)  columns2 = Transpose(at2)  some2 = GatherND(x, columns2)  twice = Mul(some, some2)",
    "viewed": "d = Shape(some)  r0 = Gather(d, zero)  r1 = Concat <axis = 0> (r0, two, two)"
    "  viewed = Reshape(some, r1)",
    "indexed": "m1 = NonZero(keep)  c1 = Transpose(m1)  d1 = Shape(some)  e1 = Expand(c1, d1)  base1 = Sub(x, x)"
    '  indexed = ScatterElements <axis = 0, reduction = "add"> (base1, e1, some)',
    "ones": "d2 = Shape(some)  ones = ConstantOfShape(d2)",
    "counted": "d3 = Shape <start = 0, end = 1> (some)  n3 = Squeeze(d3)  start3 = Constant <value_int = 0> ()"
    "  step3 = Constant <value_int = 1> ()  counted = Range(start3, n3, step3)",
    "scaled": "d4 = Size(some)  f4 = Cast <to = 1> (d4)  scaled = Div(some, f4)",
    "least": "d5 = Shape <start = 0, end = 1> (some)  p5 = Concat <axis = 0> (two, d5)"
    "  least = ReduceMin <keepdims = 0> (p5, zero)",
    "sizes": "sizes = Shape(some)",
    "number": "number = Size(some)",
    "largest": "t = ReduceSum <keepdims = 0> (some, one)  n = Shape(t)  k = Min(n, three)  largest, where = TopK(t, k)",
    "written": 'written = ScatterND <reduction = "add"> (x, columns, some)',
    "summed": "summed = CumSum(some, axis)  axis = Constant <value_int = 0> ()",
    "placed": "base = Sub(x, x)  c = Expand(columns, widths)  widths = Constant <value_ints = [1, 4]> ()"
    "  placed = ScatterElements <axis = 0> (base, c, some)",
}


def model(names: list[str]) -> onnx.ModelProto:
    text = FOUND.replace("OUTPUTS", ", ".join(f"float {name}" for name in names))
    made = onnx.parser.parse_model(text + "\n".join(PROGRAMS[name] for name in names) + "}")
    for each in made.graph.output:
        each.ClearField("type")
    return made


def test_slices_that_mean_nothing_change_nothing() -> None:
    rng = np.random.default_rng(0)
    proto = model(list(PROGRAMS))
    module = webtensorc_runtime.load(webtensorc.compile(proto, cache=False))
    for kept in ([1, 0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 0, 1, 1], [1] * 7):
        inputs = {
            "x": rng.standard_normal((7, 4), np.float32),
            "w": rng.standard_normal((4, 3), np.float32),
            "keep": np.array(kept, bool),
        }
        results = module.run(inputs)
        for name, wanted in run_onnxruntime(proto, inputs).items():
            np.testing.assert_allclose(
                onnx_backend.cut_to_size(results, name), wanted, rtol=1e-5, atol=1e-6, err_msg=name
            )
