"""Sizes of many quotients: JAX's search for their bounds ends."""

from __future__ import annotations

import time

import jax
import numpy as np
import onnx
import pytest
import webtensorc_runtime
from jax import export
from onnx.reference import ReferenceEvaluator

import webtensorc
from webtensorc.frontends.onnx import search
from webtensorc.frontends.onnx.load import load

PADDED = """<ir_version: 9, opset_import: ["" : 19]>
  windows (float[b, 2, n] x) => (float[b, 2, m] y)
  <int64[1] from = {0}, int64[1] to = {9223372036854775807}, int64[1] axis = {2}, int64[1] by = {2},
   int64[1] four = {4}, int64[5] nothing = {0, 0, 0, 0, 0}, int64[1] back = {-4}> {
    patches = AveragePool <kernel_shape = [4], strides = [4]> (x)
    merged = Slice (patches, from, to, axis, by)
    size = Shape <start = 2> (merged)
    over = Mod (size, four)
    under = Sub (four, over)
    missing = Mod (under, four)
    pads = Concat <axis = 0> (nothing, missing)
    whole = Pad (merged, pads)
    y = Slice (whole, from, back, axis)
}"""
"""What is in front of the last window, as a Swin transformer's mask is cut, after merging patches once."""


SHIFTED = """<ir_version: 9, opset_import: ["" : 19]>
  windows (float[b, 2, n] x) => (float[b, c, m, k] y)
  <int64[1] from = {0}, int64[1] to = {9223372036854775807}, int64[1] axis = {2}, int64[1] two = {2},
   int64[1] four = {4}, int64[5] nothing = {0, 0, 0, 0, 0}, int64[2] kept = {0, 0}> {
    patches = AveragePool <kernel_shape = [4], strides = [4]> (x)
    length = Shape <start = 2> (x)
    count = Div (length, four)
    odd = Mod (count, two)
    fill = Concat <axis = 0> (nothing, odd)
    even = Pad (patches, fill)
    merged = Slice (even, from, to, axis, two)
    padded = Add (count, odd)
    size = Div (padded, two)
    over = Mod (size, four)
    under = Sub (four, over)
    missing = Mod (under, four)
    pads = Concat <axis = 0> (nothing, missing)
    whole = Pad (merged, pads)
    total = Add (size, missing)
    shift = Mod (two, total)
    back = Slice (whole, shift, to, axis)
    front = Slice (whole, from, shift, axis)
    turned = Concat <axis = 2> (back, front)
    windows = Div (total, four)
    shape = Concat <axis = 0> (kept, windows, four)
    y = Reshape (turned, shape)
}"""
"""Patches merged, and windows of them shifted, with the sizes as torch's exporter computes them."""


def test_windows_of_merged_patches_are_as_many_as_the_graph_says() -> None:
    """A size was another in strides' words than in the graph's, and two modulo it was not known to be two."""
    model = onnx.parser.parse_model(SHIFTED)
    began = time.process_time()
    loaded = load(model)
    assert time.process_time() - began < 20
    assert [(each.name, each.least, each.step) for each in loaded.dims] == [("b", 1, 1), ("n", 4, 1)]
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    for batch, size in ((1, 4), (2, 37), (3, 64), (1, 67)):
        x = np.random.default_rng(0).standard_normal((batch, 2, size)).astype(np.float32)
        (wanted,) = ReferenceEvaluator(model).run(None, {"x": x})
        np.testing.assert_allclose(module(x)[0], wanted, rtol=1e-6)


def test_a_slice_of_what_is_padded_to_windows() -> None:
    """Whether the slice is longer than its axis, and whether it can have one size only, took a minute."""
    model = onnx.parser.parse_model(PADDED)
    began = time.process_time()
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    assert time.process_time() - began < 20
    for batch, size in ((1, 40), (2, 37), (3, 67)):
        x = np.random.default_rng(0).standard_normal((batch, 2, size)).astype(np.float32)
        (wanted,) = ReferenceEvaluator(model).run(None, {"x": x})
        np.testing.assert_allclose(module(x)[0], wanted, rtol=1e-6)


def test_a_search_that_is_given_up_says_that_there_are_no_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_STEPS", 2)
    (n,) = export.symbolic_shape("n")
    with search.limited(), pytest.raises(jax.errors.InconclusiveDimensionOperation):
        assert n >= 2 * (n // 4)
    (n,) = export.symbolic_shape("n")
    assert n >= 2 * (n // 4)  # what JAX decides by itself is as it was
