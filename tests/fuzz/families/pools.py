"""Pooling over one to three spatial axes."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, case, dtype, family, flag, integer, pick

from families.convolutions import image, ints, window, within_kernel

RIGHT = {"oracle": "onnxruntime"}
"""The evaluator has other ideas of `ceil_mode`, of SAME and of shapes that are not images."""


def pooled(draw: Drawer, opset: int, operator: str, dilated_since: int, ceil_since: int) -> tuple[object, dict]:
    """The input, and the attributes that all poolings have."""
    kind = dtype(draw, operator, opset)
    kernel = ints(draw, pick(draw, 2, 1, 3), 1, 3)
    options = within_kernel(kernel, window(draw, kernel, dilated=opset >= dilated_since, simple=True))
    if opset >= ceil_since and not (options["auto_pad"] or "").startswith("SAME") and flag(draw):
        options["ceil_mode"] = 1
    x = array(draw, kind, (integer(draw, 1, 2), integer(draw, 1, 3), *image(draw, kernel, options)))
    return x, {"kernel_shape": kernel, **options}


@family()
def max_pool(draw: Drawer, opset: int) -> Case:
    x, options = pooled(draw, opset, "MaxPool", 10, 10)
    both = opset >= 8 and flag(draw)
    order = pick(draw, None, 0, 1) if both else None
    return case(draw, opset, "MaxPool", [x], outputs=1 + both, storage_order=order, how=RIGHT, **options)


@family()
def average_pool(draw: Drawer, opset: int) -> Case:
    x, options = pooled(draw, opset, "AveragePool", 19, 10)
    return case(draw, opset, "AveragePool", [x], count_include_pad=pick(draw, None, 0, 1), how=RIGHT, **options)


@family()
def lp_pool(draw: Drawer, opset: int) -> Case:
    x, options = pooled(draw, opset, "LpPool", 18, 18)
    return case(draw, opset, "LpPool", [x], p=pick(draw, None, 1, 2, 3), how=RIGHT, **options)


@family(until=21)  # the same in opset 22, which ONNX Runtime lacks
def global_pool(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
    kind = dtype(draw, operator, opset)
    x = array(draw, kind, (integer(draw, 1, 2), integer(draw, 1, 3), *ints(draw, integer(draw, 1, 3), 1, 5)))
    return case(draw, opset, operator, [x], p=pick(draw, None, 1, 3) if operator == "GlobalLpPool" else None, how=RIGHT)


@family(since=9)
def max_unpool(draw: Drawer, opset: int) -> Case:
    kernel = ints(draw, 2, 1, 3)
    strides = ints(draw, 2, 1, 3)
    n, c, h, w = 1, integer(draw, 1, 2), integer(draw, 1, 3), integer(draw, 1, 3)
    whole = [(h - 1) * strides[0] + kernel[0], (w - 1) * strides[1] + kernel[1]]
    rng = np.random.default_rng(integer(draw, 0, 1000))
    indices = rng.permutation(n * c * whole[0] * whole[1])[: n * c * h * w].reshape(n, c, h, w).astype(np.int64)
    x = array(draw, np.float32, (n, c, h, w))
    return case(draw, opset, "MaxUnpool", [x, indices], kernel_shape=kernel, strides=strides)


@family(since=10, until=21)  # as above
def roi_align(draw: Drawer, opset: int) -> Case:
    n, c, boxes = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 3)
    x = array(draw, np.float32, (n, c, integer(draw, 2, 7), integer(draw, 2, 7)))
    rng = np.random.default_rng(integer(draw, 0, 1000))
    low = rng.uniform(-1, 5, (boxes, 2))
    rois = np.concatenate([low, low + rng.uniform(0.25, 6, (boxes, 2))], 1).astype(np.float32)
    where = rng.integers(0, n, boxes).astype(np.int64)
    return case(
        draw,
        opset,
        "RoiAlign",
        [x, rois, where],
        mode=pick(draw, None, "avg", "max"),
        output_height=pick(draw, None, 2, 3),
        output_width=pick(draw, None, 2, 3),
        sampling_ratio=pick(draw, 1, 2, 3),
        spatial_scale=pick(draw, None, 1.0, 0.5),
        coordinate_transformation_mode=pick(draw, None, "half_pixel", "output_half_pixel") if opset >= 16 else None,
        how=RIGHT,
    )


@family(until=21)  # ONNX Runtime has none newer
def max_roi_pool(draw: Drawer, opset: int) -> Case:
    n, c, boxes = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 3)
    x = array(draw, np.float32, (n, c, integer(draw, 2, 7), integer(draw, 2, 7)))
    rng = np.random.default_rng(integer(draw, 0, 1000))
    low = rng.integers(0, 4, (boxes, 2))
    rois = np.concatenate([rng.integers(0, n, (boxes, 1)), low, low + rng.integers(0, 5, (boxes, 2))], 1)
    scale = pick(draw, None, 0.5, 1.0)
    sizes = ints(draw, 2, 1, 3)
    inputs = [x, rois.astype(np.float32)]
    return case(
        draw, opset, "MaxRoiPool", inputs, pooled_shape=sizes, spatial_scale=scale, how={"oracle": "onnxruntime"}
    )
