"""A convolution or a pool of an open size that is shorter than its window is an error that names the size."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc

_GRAPH = """
<ir_version: 9, opset_import: ["" : 17]>
windows (float[1, 1, steps] x) => (float[1, 1, count] y)
<float[1, 1, 5] w = {1, 1, 1, 1, 1}> { y = NODE }
"""


@pytest.mark.parametrize(
    ("node", "least"),
    [
        ("Conv <strides = [3]> (x, w)", 5),
        ("Conv <strides = [3], pads = [1, 0], dilations = [2]> (x, w)", 8),
        ("MaxPool <strides = [2], kernel_shape = [4]> (x)", 4),
    ],
    ids=["convolution", "padded", "pool"],
)
def test_sizes_below_the_window_are_refused(node: str, least: int) -> None:
    module = webtensorc_runtime.load(
        webtensorc.compile(onnx.parser.parse_model(_GRAPH.replace("NODE", node)), cache=False)
    )
    (found,) = module(np.ones((1, 1, least), np.float32))
    assert found.shape == (1, 1, 1)
    for size in (1, least - 1):
        with pytest.raises(UsageError, match=f"steps - {least} >= 0") as raised:
            module(np.ones((1, 1, size), np.float32))
        assert f"`steps` is {size}" in str(raised.value)


def test_windows_that_always_fit_demand_nothing() -> None:
    model = onnx.parser.parse_model(_GRAPH.replace("NODE", 'Conv <strides = [3], auto_pad = "SAME_UPPER"> (x, w)'))
    assert not webtensorc_runtime.load(webtensorc.compile(model, cache=False)).constraints
