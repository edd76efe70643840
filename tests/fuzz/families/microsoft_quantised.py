"""What ONNX Runtime's quantisers write beyond ONNX's own operators, compared with itself."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import Drawer, array, family, flag, integer, pick

from families.convolutions import image, ints, window, within_kernel
from families.microsoft import FLOAT, fused, small


def scale(draw: Drawer, *sizes: int) -> Known:
    rng = np.random.default_rng(integer(draw, 0, 99))
    return Known(rng.uniform(0.002, 0.02, sizes).astype(FLOAT))


def zero(draw: Drawer, kind: Any) -> Known:
    return Known(array(draw, kind, (), wild=True))


@family(since=13)
def lstm(draw: Drawer, opset: int) -> Case:
    """One sequence: of several, ONNX Runtime quantises the states by thread."""
    direction = pick(draw, "forward", "reverse", "bidirectional")
    d = 2 if direction == "bidirectional" else 1
    time, width, hidden = integer(draw, 1, 4), integer(draw, 1, 4), integer(draw, 1, 4)
    columns = (d, 4 * hidden) if flag(draw) else (d,)
    states = [small(draw, d, 1, hidden) if flag(draw) else None for _ in range(2)]
    weights = [Known(array(draw, np.int8, (d, rows, 4 * hidden), wild=True)) for rows in (width, hidden)]
    inputs = [small(draw, time, 1, width), *weights, Known(small(draw, d, 8 * hidden)), None, *states, None]
    for _ in range(2):
        inputs += [scale(draw, *columns), Known(np.zeros(columns, np.int8))]
    options = {"direction": direction, "hidden_size": hidden, "outputs": 3}
    return fused(draw, opset, "DynamicQuantizeLSTM", inputs, **options)


@family(since=13)
def images(draw: Drawer, opset: int) -> Case:
    """QLinearConv and NhwcMaxPool."""
    kernel, is_pool = ints(draw, 2, 1, 3), flag(draw)
    options = window(draw, kernel, simple=True)
    if is_pool:
        options = within_kernel(kernel, options)
    channels, maps, last = integer(draw, 1, 3), integer(draw, 1, 3), is_pool or flag(draw)
    sizes = image(draw, kernel, options)
    x = array(draw, np.uint8, (1, *sizes, channels) if last else (1, channels, *sizes), wild=True)
    if is_pool:
        return fused(draw, opset, "NhwcMaxPool", [x], kernel_shape=kernel, **options)
    weights = Known(array(draw, np.int8, (maps, channels, *kernel), wild=True))
    scales = scale(draw, maps), Known(np.zeros(maps, np.int8))
    inputs = [x, scale(draw), zero(draw, np.uint8), weights, *scales, Known(FLOAT(0.25)), zero(draw, np.uint8)]
    return fused(draw, opset, "QLinearConv", inputs, channels_last=int(last), kernel_shape=kernel, **options)


@family(since=21)
def tables(draw: Drawer, opset: int) -> Case:
    """GatherBlockQuantized: packed bytes, or elements of four bits."""
    rows, blocks, block = integer(draw, 1, 4), integer(draw, 1, 3), pick(draw, 16, 32)
    kind, bits = pick(draw, (np.uint8, 4), (np.uint8, 8), (ml_dtypes.int4, 4), (ml_dtypes.uint4, 4))
    width = blocks * block // (8 // bits if kind is np.uint8 else 1)
    rng = np.random.default_rng(integer(draw, 0, 99))
    inputs = [
        Known(array(draw, kind, (rows, width), wild=True)),
        rng.integers(-rows, rows, (2, 2)),
        scale(draw, rows, blocks),
    ]
    return fused(draw, opset, "GatherBlockQuantized", inputs, bits=bits, block_size=block)
