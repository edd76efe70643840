"""Resampling of images."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import Drawer, array, case, dtype, family, flag, integer, pick, shape

TRANSFORMS = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
SCALES = (1.0, 2.0, 0.5, 1.5, 0.75, 3.0, 0.4, 2.5)


@family(since=9)
def upsample(draw: Drawer, opset: int) -> Case:
    operator = "Upsample" if opset < 10 else "Resize"
    opset = min(opset, 10)
    sizes = (1, integer(draw, 1, 2), integer(draw, 1, 5), integer(draw, 1, 5))
    scales = [1.0, 1.0, pick(draw, 2.0, 3.0, 1.5), pick(draw, 2.0, 1.0, 2.5)]
    inputs = [array(draw, np.float32, sizes), Known(np.asarray(scales, np.float32))]
    return case(
        draw, opset, operator, inputs, mode=pick(draw, None, "nearest", "linear"), how={"oracle": "onnxruntime"}
    )


@family(since=11)
def resize(draw: Drawer, opset: int) -> Case:
    mode = pick(draw, "nearest", "linear", "cubic")
    kind = dtype(draw, "Resize", opset, constraint="T1")
    if kind == np.bool_ or (mode != "nearest" and kind.kind in "iu"):
        kind = np.dtype(np.float32)
    sizes = (1, integer(draw, 1, 2), integer(draw, 1, 6), integer(draw, 1, 6))
    transform = pick(draw, *TRANSFORMS, *(("half_pixel_symmetric",) if opset >= 19 else ()))
    which = (2, 3) if opset >= 18 and flag(draw) else None
    own = [sizes[2], sizes[3]]
    lead = [] if which else [1, 1]
    by_scale = flag(draw)
    scales = Known(np.asarray([*lead, pick(draw, *SCALES), pick(draw, *SCALES)], np.float32)) if by_scale else None
    wanted = None
    policy = None
    if not by_scale:
        wanted = Known(np.asarray([*(sizes[:2] if lead else []), integer(draw, 1, 8), integer(draw, 1, 8)], np.int64))
        if opset >= 18 and which:
            policy = pick(draw, None, "stretch", "not_larger", "not_smaller")
    elif any(int(np.floor(n * s)) == 0 for n, s in zip(own, scales.array[-2:], strict=True)):
        scales = Known(np.asarray([*lead, 2.0, 1.0], np.float32))
    roi = None
    if transform == "tf_crop_and_resize":
        starts, ends = [0.0, 0.25], [pick(draw, 1.0, 1.25), 0.75]
        roi = Known(np.asarray([*([0.0] * len(lead)), *starts, *([1.0] * len(lead)), *ends], np.float32))
    if opset < 13:
        roi = roi or Known(np.zeros(0, np.float32))
        scales = scales or Known(np.zeros(0, np.float32))
    return case(
        draw,
        opset,
        "Resize",
        [array(draw, kind, sizes), roi, scales, wanted],
        mode=mode,
        axes=which,
        coordinate_transformation_mode=transform,
        nearest_mode=pick(draw, None, *ROUNDINGS) if mode == "nearest" else None,
        cubic_coeff_a=pick(draw, None, -0.5) if mode == "cubic" else None,
        exclude_outside=pick(draw, None, 1) if mode == "cubic" else None,
        extrapolation_value=pick(draw, None, 10.0) if transform == "tf_crop_and_resize" else None,
        antialias=1 if opset >= 18 and mode != "nearest" and flag(draw) else None,
        keep_aspect_ratio_policy=policy,
    )


@family(since=16, slow=4)
def grid_sample(draw: Drawer, opset: int) -> Case:
    rank = 2 if opset < 20 else pick(draw, 2, 3)
    n, c = integer(draw, 1, 2), integer(draw, 1, 2)
    x = array(draw, np.float32, (n, c, *shape(draw, rank, rank, smallest=1)))
    rng = np.random.default_rng(integer(draw, 0, 99))
    grid = np.round(rng.uniform(-1.4, 1.4, (n, *shape(draw, rank, rank, smallest=1, largest=3), rank)) * 16) / 16 + 0.01
    names = ("bilinear", "nearest", "bicubic") if opset < 20 else ("linear", "nearest", "cubic")
    return case(
        draw,
        opset,
        "GridSample",
        [x, grid.astype(np.float32)],
        mode=pick(draw, None, *names[: 3 if rank == 2 else 2]),
        padding_mode=pick(draw, None, "zeros", "border", "reflection"),
        align_corners=pick(draw, None, 0, 1),
        how={
            "rtol": 1e-4,
            "oracle": "onnxruntime",
        },  # the evaluator lacks the older names of modes, and borders of `cubic`
    )


@family(since=20)
def affine_grid(draw: Drawer, opset: int) -> Case:
    rank = pick(draw, 2, 3)
    n = integer(draw, 1, 2)
    theta = array(draw, np.float32, (n, rank, rank + 1))
    size = Known(np.asarray([n, 1, *shape(draw, rank, rank, smallest=2)], np.int64))
    return case(draw, opset, "AffineGrid", [theta, size], align_corners=pick(draw, None, 0, 1))
