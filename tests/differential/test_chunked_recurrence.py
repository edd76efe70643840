"""The products of one chunk of an xLSTM: queries are transposed, and scaled by what is computed of running sums."""

from __future__ import annotations

import numpy as np
import onnx
import webtensorc_runtime

import webtensorc
from webtensorc.reference import run_onnxruntime

CHUNK = """
<ir_version: 8, opset_import: ["": 18]>
chunk (float[1,16,2,8] x, float[1,2,2,8,8] keys, float[1,2,2,8,1] start, float[1,2,2,8,16] state,
       float[1,2,2,8,16] values, float[1,2,2,8] most, float[1,2,2,8] gates, float[1,2,2,1] before,
       float[1,2,2,8,8] decay) => (float[1,2,16,16] y)
<int64[5] chunks = {1,2,2,8,8}, int64[4] whole = {1,2,16,16}, float scale = {0.5}, int64[1] last = {4},
 int64 axis = {-1}> {
  turned = Transpose <perm = [0, 2, 1, 3]> (x)
  queries = Reshape (turned, chunks)
  sums = CumSum (gates, axis)
  all_sums = Add (sums, before)
  largest = Max (all_sums, most)
  top = Unsqueeze (largest, last)
  below = Sub (decay, top)
  weight = Exp (below)
  product = MatMul (queries, keys)
  scores = Mul (product, weight)
  below_start = Sub (start, top)
  start_weight = Exp (below_start)
  weighted = Mul (queries, start_weight)
  scaled = Mul (weighted, scale)
  old = MatMul (scaled, state)
  new = MatMul (scores, values)
  both = Add (old, new)
  y = Reshape (both, whole)
}
"""


def test_a_tensor_stored_transposed_and_read_as_it_was_compiles() -> None:
    proto = onnx.parser.parse_model(CHUNK)
    rng = np.random.default_rng(0)
    shapes = {each.name: [dim.dim_value for dim in each.type.tensor_type.shape.dim] for each in proto.graph.input}
    inputs = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    found = webtensorc_runtime.load(webtensorc.compile(proto, cache=False)).run(inputs)
    np.testing.assert_allclose(found["y"], run_onnxruntime(proto, inputs)["y"], rtol=1e-5, atol=1e-4)
