"""What windows demand of sizes: what a convolution or a pool slides over must be as long as its window.

JAX makes anything shorter an output without elements, and a compiled one would have a negative size; ONNX Runtime and
PyTorch make it an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from webtensorc.frontends.onnx import extents

_POOLS = ("reduce_window", "reduce_window_max", "reduce_window_min", "reduce_window_sum")


def rooms(equation: Any) -> Iterator[Any]:
    """How much longer each padded axis of a jaxpr's equation is than the window over it."""
    name, params = equation.primitive.name, equation.params
    if name in _POOLS:
        sizes, windows = equation.invars[0].aval.shape, params["window_dimensions"]
        spread, apart = params["base_dilation"], params["window_dilation"]
    elif name == "conv_general_dilated":
        numbers = params["dimension_numbers"]
        sizes, windows = (
            [value.aval.shape[axis] for axis in axes[2:]]
            for value, axes in zip(equation.invars, (numbers.lhs_spec, numbers.rhs_spec), strict=True)
        )
        spread, apart = params["lhs_dilation"], params["rhs_dilation"]
    else:
        return
    for size, window, gap, step, (low, high) in zip(sizes, windows, spread, apart, params["padding"], strict=True):
        if not extents.is_open(low + high):  # else they are what makes the window fit (`SAME`)
            yield (size - 1) * gap + low + high - (window - 1) * step
