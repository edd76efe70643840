"""Normalisations."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, axes, axis, case, dtype, family, flag, integer, pick, shape
from onnx import TensorProto

LOOSE = {"rtol": 5e-5}


@family()
def batch_normalization(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "BatchNormalization", opset)
    sizes = shape(draw, 2, 4, smallest=1)
    parts = [array(draw, kind, (sizes[1],)) for _ in range(3)]
    variance = np.abs(array(draw, kind, (sizes[1],))) + np.asarray(0.5, kind)
    inputs = [array(draw, kind, sizes), *parts, variance]
    training = opset >= 14 and flag(draw)
    return case(
        draw,
        opset,
        "BatchNormalization",
        inputs,
        outputs=3 if training else 1,
        epsilon=pick(draw, None, 1e-2),
        momentum=pick(draw, None, 0.5),
        training_mode=1 if training else None,
        how={**LOOSE, "oracle": "onnx" if opset >= 14 else "onnxruntime"},  # the evaluator takes opset 9 for training
    )


@family()
def instance_normalization(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "InstanceNormalization", opset)
    sizes = shape(draw, 3, 4, smallest=2)
    inputs = [array(draw, kind, sizes), *(array(draw, kind, (sizes[1],)) for _ in range(2))]
    return case(draw, opset, "InstanceNormalization", inputs, epsilon=pick(draw, None, 1e-2), how=LOOSE)


@family(since=17)
def layer_normalization(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "LayerNormalization", *(("RMSNormalization",) if opset >= 23 else ()))
    kind = dtype(draw, operator, opset)
    sizes = shape(draw, 1, 4, smallest=1)
    along = axis(draw, len(sizes))
    rest = sizes[along % len(sizes) :]
    scale = array(draw, kind, rest)
    bias = array(draw, kind, rest) if operator == "LayerNormalization" and flag(draw) else None
    outputs = (
        integer(draw, 1, 3) if operator == "LayerNormalization" and kind == np.float32 else 1
    )  # the evaluator gives statistics in the type of x
    x = array(draw, kind, sizes)
    options = {"epsilon": pick(draw, None, 1e-1), "stash_type": pick(draw, None, 1)}
    return case(draw, opset, operator, [x, scale, bias], outputs=outputs, axis=along, how=LOOSE, **options)


@family(since=18)
def group_normalization(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "GroupNormalization", opset)
    groups, each = integer(draw, 1, 3), integer(draw, 1, 3)
    sizes = (integer(draw, 1, 2), groups * each, *shape(draw, 1, 2, smallest=2))
    count = groups if opset < 21 else groups * each
    inputs = [array(draw, kind, sizes), array(draw, kind, (count,)), array(draw, kind, (count,))]
    options = {"num_groups": groups, "epsilon": pick(draw, None, 1e-2)}
    if opset >= 21 and kind == np.float64:
        options["stash_type"] = TensorProto.DOUBLE  # else statistics have digits of float32 there, and of float64 here
    return case(draw, opset, "GroupNormalization", inputs, how=LOOSE, **options)


@family()
def lrn(draw: Drawer, opset: int) -> Case:
    x = array(draw, dtype(draw, "LRN", opset), shape(draw, 4, 4, smallest=1, largest=6))
    options = {"alpha": pick(draw, None, 0.5), "beta": pick(draw, None, 0.5), "bias": pick(draw, None, 2.0)}
    return case(
        draw, opset, "LRN", [x], size=pick(draw, 1, 3, 5), how={**LOOSE, "oracle": "onnxruntime"}, **options
    )  # the evaluator mixes up axes


@family()
def lp_normalization(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    x = array(draw, dtype(draw, "LpNormalization", opset), sizes)
    return case(
        draw,
        opset,
        "LpNormalization",
        [x],
        axis=pick(draw, None, axis(draw, len(sizes))),
        p=pick(draw, None, 1, 2),
        how={"oracle": "onnxruntime"},
    )  # the evaluator sums without magnitudes


@family(since=9)
def mean_variance_normalization(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "MeanVarianceNormalization", opset)
    sizes = shape(draw, 4, 4, smallest=2)
    # Of equal numbers ONNX Runtime's variance, a difference of squares, may be negative; neighbours are different here.
    x = array(draw, kind, sizes) + (np.indices(sizes).sum(0) % 2 * 8).astype(kind)
    along = axes(draw, 4, 1) if flag(draw) else None
    return case(draw, opset, "MeanVarianceNormalization", [x], axes=along, how={"oracle": "onnxruntime", "rtol": 1e-3})
