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
    "pooled": "boxes = Abs(some)  b0 = ReduceSum <keepdims = 0> (columns, one)  zeros0 = Sub(b0, b0)"
    "  image = Unsqueeze(x, front)"
    "  front = Constant <value_ints = [0, 1]> ()"
    "  pooled = RoiAlign <output_height = 2, output_width = 2, sampling_ratio = 2> (image, boxes, zeros0)",
    "looked_up": "k1 = ReduceSum <keepdims = 0> (columns, one)  looked_up = Gather(w4, k1)"
    "  w4 = Concat <axis = 0> (w, w)",
    "spread": "v6 = ReduceSum <keepdims = 1> (some, one)  s6 = Shape(some)"
    "  o6 = ConstantOfShape <value = int64[1] {1}> (r6)"
    "  r6 = Shape(s6)  minus = Constant <value_int = -1> ()  m6 = Mul(o6, minus)  q6 = Equal(s6, m6)"
    "  t6 = Where(q6, o6, s6)  spread = Expand(v6, t6)",
    "filled": "low7 = Constant <value_ints = [-1, 0]> ()  two7 = Gather(x, low7)  at7 = Unsqueeze(low7, one)"
    "  filled = ScatterND(some, at7, two7)",
    "put": "z7 = Sub(some, some)  s7 = ReduceSum <keepdims = 0> (some, one)  g7 = Greater(s7, f7)"
    "  f7 = Sub(s7, s7)  n7 = NonZero(g7)  c7 = Transpose(n7)  h7 = GatherND(some, c7)  e7 = Shape(h7)"
    "  i7 = Expand(c7, e7)  put = ScatterElements <axis = 0> (z7, i7, h7)",
    "whole": "d8 = Shape <start = 0, end = 1> (some)  n8 = Add(zero, d8)  whole = Slice(some, zero, n8, zero)",
    "times": "d9 = Shape(some)  p9 = ReduceProd <keepdims = 0> (d9)  times = Cast <to = 1> (p9)",
    "pieces": "flat9 = Constant <value_ints = [-1, 2]> ()  left9 = Reshape(some, flat9)  neg9 = Neg(some)"
    "  right9 = Reshape(neg9, flat9)  diff9 = Sub(left9, right9)  all9 = Constant <value_ints = [-1]> ()"
    "  pieces = Reshape(diff9, all9)",
    "flattened": "v10 = Constant <value_ints = [-1, 2, 1, 2]> ()  u10 = Reshape(some, v10)"
    "  flattened = Flatten <axis = 2> (u10)",
    "rows": "v11 = Constant <value_ints = [-1, 2, 1, 2]> ()  u11 = Reshape(some, v11)  rows = Flatten(u11)",
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
