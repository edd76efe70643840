"""What is read at counted positions must be long enough; ONNX makes anything else an error."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.reference import run_onnxruntime

_GRAPH = """
<ir_version: 9, opset_import: ["" : 17]>
mask (float[batch, steps] x, float[batch, total] mask, int64[batch, steps] given) => (float[batch, steps] y)
<int64 zero = {0}, int64 one = {1}, int64 two = {2}, int64[1] front = {0}, int64[1] back = {1}, int64[1] last = {2}> {
    shape = Shape(x)
    size = Gather<axis = 0>(shape, one)
    positions = Range(zero, size, one)
    BODY
    y = Add(x, read)
}
"""
_PAIRS = """
    batch = Gather<axis = 0>(shape, zero)
    rows = Range(zero, batch, one)
    a = Unsqueeze(rows, back)
    b = Expand(a, shape)
    c = Unsqueeze(positions, front)
    d = Expand(c, shape)
    e = Unsqueeze(b, last)
    f = Unsqueeze(d, last)
    pairs = Concat<axis = -1>(e, f)
    read = GatherND(mask, pairs)
"""
_FLAT = """
    batch = Gather<axis = 0>(shape, zero)
    rows = Range(zero, batch, one)
    a = Unsqueeze(rows, back)
    sizes = Shape(mask)
    width = Gather<axis = 0>(sizes, back)
    starts = Mul(a, width)
    places = Add(starts, positions)
    row = Flatten<axis = 0>(mask)
    all = Squeeze(row, front)
    read = Gather<axis = 0>(all, places)
"""
_SHIFTED = "later = Add(positions, two)\n read = Gather<axis = 1>(mask, later)"


@pytest.mark.parametrize(
    ("body", "demand"),
    [
        ("read = Gather<axis = 1>(mask, positions)", ["total - steps >= 0"]),
        (_SHIFTED, ["total - steps - 2 >= 0"]),
        (_PAIRS, ["total - steps >= 0"]),
        (_FLAT, ["total - steps >= 0"]),
        ("read = GatherElements<axis = 1>(mask, given)", []),
    ],
    ids=["counted", "shifted", "pairs", "flat", "given"],
)
def test_what_subscripts_demand(body: str, demand: list[str]) -> None:
    model = onnx.parser.parse_model(_GRAPH.replace("BODY", body))
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    assert [str(each) for each in module.constraints] == demand
    if demand:
        x, mask, given = np.zeros((2, 3), np.float32), np.zeros((2, 2), np.float32), np.zeros((2, 3), np.int64)
        with pytest.raises(UsageError, match=demand[0]) as raised:
            module(x, mask, given)
        assert "`total` is 2" in str(raised.value)


def test_positions_that_are_long_enough_are_read() -> None:
    model = onnx.parser.parse_model(_GRAPH.replace("BODY", _SHIFTED))
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    mask = np.arange(10, dtype=np.float32).reshape(2, 5)
    (found,) = module(np.zeros((2, 3), np.float32), mask, np.zeros((2, 3), np.int64))
    np.testing.assert_array_equal(found, mask[:, 2:])


_KNOWN = """
<ir_version: 9, opset_import: ["" : 17]>
known (float[n, 2] x) => (float[m, k] y) <
    int64[2] ends = {-3, 3}, int64[1, 2] rows = {-3, 3}, int64[1, 2] pair = {-3, 1}, int64[1] front = {0},
    float[1] seven = {7}, bool[5] mask = {1, 0, 0, 1, 0}
> {
    first = Gather<axis = 0>(x, front)
    y = BODY
}
"""


@pytest.mark.parametrize(
    ("body", "least"),
    [
        ("Gather<axis = 0>(x, ends)", 4),
        ("GatherElements<axis = 0>(x, rows)", 4),
        ("ScatterElements<axis = 0>(x, rows, first)", 4),
        ("ScatterND(x, pair, seven)", 3),
        ("Compress<axis = 0>(x, mask)", 4),
    ],
)
def test_an_axis_is_as_long_as_known_subscripts_need(body: str, least: int) -> None:
    model = onnx.parser.parse_model(_KNOWN.replace("BODY", body))
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    (wanted,) = run_onnxruntime(model, {"x": x}).values()
    np.testing.assert_array_equal(module(x)[0], wanted)
    with pytest.raises(UsageError, match=rf"n - {least} >= 0"):
        module(x[: least - 1])
