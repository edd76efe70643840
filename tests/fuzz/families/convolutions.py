"""Convolutions: strides, dilations, groups, every kind of padding, one to three spatial axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, case, dtype, family, flag, integer, pick


def ints(draw: Drawer, count: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(integer(draw, low, high) for _ in range(count))


def window(draw: Drawer, kernel: tuple[int, ...], *, dilated: bool = True, simple: bool = False) -> dict[str, Any]:
    """Strides, dilations and pads of a window, any of them left to their defaults; `simple` has not all at once."""
    rank = len(kernel)
    auto = pick(draw, None, None, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    same = auto is not None and auto.startswith("SAME")
    dilations = ints(draw, rank, 1, 3) if dilated and flag(draw) and not (same and simple) else None
    strides = ints(draw, rank, 1, 3) if flag(draw) else None
    if strides and same:  # windows with gaps between them would need pads below zero: nobody agrees on these
        strides = tuple(map(min, strides, kernel))
    return {
        "strides": strides,
        "dilations": dilations,
        "auto_pad": auto,
        "pads": ints(draw, 2 * rank, 0, 2) if auto in (None, "NOTSET") and flag(draw) else None,
    }


def within_kernel(kernel: tuple[int, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The same with pads that are smaller than the kernel, as pools must have them."""
    pads = options["pads"]
    return {**options, "pads": pads and tuple(min(pad, kernel[i % len(kernel)] - 1) for i, pad in enumerate(pads))}


def spans(kernel: tuple[int, ...], options: dict[str, Any]) -> list[int]:
    """How far the window reaches along each axis."""
    return [(k - 1) * d + 1 for k, d in zip(kernel, options.get("dilations") or [1] * len(kernel), strict=True)]


def image(draw: Drawer, kernel: tuple[int, ...], options: dict[str, Any], largest: int = 6) -> tuple[int, ...]:
    """Spatial sizes in which at least one window lies."""
    rank = len(kernel)
    pads = options.get("pads") or (0,) * (2 * rank)
    least = [max(span - pads[i] - pads[i + rank], 1) for i, span in enumerate(spans(kernel, options))]
    return tuple(integer(draw, size, size + largest) for size in least)


@family()
def conv(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "Conv", opset)
    rank = pick(draw, 2, 1, 3)
    kernel = ints(draw, rank, 1, 3)
    options = window(draw, kernel)
    group, each, maps = integer(draw, 1, 3), integer(draw, 1, 3), integer(draw, 1, 3)
    x = array(draw, kind, (integer(draw, 1, 2), group * each, *image(draw, kernel, options)))
    w = array(draw, kind, (group * maps, each, *kernel))
    b = array(draw, kind, (group * maps,)) if flag(draw) else None
    return case(
        draw,
        opset,
        "Conv",
        [x, w, b],
        group=group if group > 1 or flag(draw) else None,
        kernel_shape=kernel if flag(draw) else None,
        **options,
    )


@family()
def conv_transpose(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "ConvTranspose", opset)
    rank = pick(draw, 2, 1, 3)
    kernel = ints(draw, rank, 1, 3)
    options = window(draw, kernel)
    group, each, maps = integer(draw, 1, 3), integer(draw, 1, 2), integer(draw, 1, 2)
    strides = options["strides"] or (1,) * rank
    extra = tuple(integer(draw, 0, s - 1) for s in strides) if flag(draw) else None
    sizes = ints(draw, rank, 2, 5)
    full = [
        (n - 1) * s + span + e
        for n, s, span, e in zip(sizes, strides, spans(kernel, options), extra or (0,) * rank, strict=True)
    ]
    if any(n < size * s for n, size, s in zip(full, sizes, strides, strict=True)):
        options["auto_pad"] = None  # ONNX does not say what SAME is where the windows do not reach
    pads = options["pads"] or (0,) * (2 * rank)
    if any(n <= pads[i] + pads[i + rank] for i, n in enumerate(full)):
        options["pads"] = None
    shape = None
    if options["pads"] is None and integer(draw, 0, 3) == 3:
        shape = tuple(integer(draw, max(n - 3, 1), n) for n in full)
    x = array(draw, kind, (integer(draw, 1, 2), group * each, *sizes))
    w = array(draw, kind, (group * each, maps, *kernel))
    b = array(draw, kind, (group * maps,)) if flag(draw) else None
    return case(
        draw,
        opset,
        "ConvTranspose",
        [x, w, b],
        group=group if group > 1 or flag(draw) else None,
        kernel_shape=kernel if flag(draw) else None,
        output_padding=extra,
        output_shape=shape,
        how={"oracle": "onnxruntime"},  # the evaluator mixes up groups
        **options,
    )


@family(since=10)
def conv_integer(draw: Drawer, opset: int) -> Case:
    kernel = ints(draw, pick(draw, 2, 1), 1, 3)
    options = window(draw, kernel)
    group, each, maps = integer(draw, 1, 2), integer(draw, 1, 3), integer(draw, 1, 3)
    kinds = [pick(draw, np.uint8, np.int8) for _ in range(2)]
    x = array(draw, kinds[0], (1, group * each, *image(draw, kernel, options)), wild=True)
    w = array(draw, kinds[1], (group * maps, each, *kernel), wild=True)
    zero = array(draw, kinds[0], (), wild=True) if flag(draw) else None
    w_zero = array(draw, kinds[1], (), wild=True) if flag(draw) else None
    return case(draw, opset, "ConvInteger", [x, w, zero, w_zero], group=group, **options)


@family(since=10)
def qlinear_conv(draw: Drawer, opset: int) -> Case:
    kernel = ints(draw, 2, 1, 3)
    options = window(draw, kernel, simple=True)
    group, each, maps = integer(draw, 1, 2), integer(draw, 1, 3), integer(draw, 1, 3)
    kind, w_kind = pick(draw, np.uint8, np.int8), pick(draw, np.int8, np.uint8)
    sizes = pick(draw, (), (group * maps,))
    x = array(draw, kind, (1, group * each, *image(draw, kernel, options)), wild=True)
    w = array(draw, w_kind, (group * maps, each, *kernel), wild=True)
    scales = [np.float32(0.25), np.full(sizes, 0.125, np.float32), np.float32(pick(draw, 1.0, 8.0, 64.0))]
    zeros = [array(draw, kind, (), wild=True), np.zeros(sizes, w_kind), array(draw, kind, (), wild=True)]
    b = array(draw, np.int32, (group * maps,)) if flag(draw) else None
    inputs = [x, scales[0], zeros[0], w, scales[1], zeros[1], scales[2], zeros[2], b]
    oracle = "onnx" if (kind, w_kind) == (np.int8, np.uint8) else "onnxruntime"  # which lacks that pair
    return case(draw, opset, "QLinearConv", inputs, group=group, how={"oracle": oracle}, **options)


@family(since=19, slow=6)
def deform_conv(draw: Drawer, opset: int) -> Case:
    kernel = ints(draw, 2, 1, 3)
    options = window(draw, kernel)
    options.pop("auto_pad")
    group, each, maps, offsets = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 2), pick(draw, 1, 2)
    channels = group * each * offsets
    sizes = image(draw, kernel, options, 4)
    pads = options["pads"] or (0,) * 4
    strides = options["strides"] or (1, 1)
    out = [
        (n + pads[i] + pads[i + 2] - s) // strides[i] + 1
        for i, (n, s) in enumerate(zip(sizes, spans(kernel, options), strict=True))
    ]
    area = kernel[0] * kernel[1]
    batch = integer(draw, 1, 2)
    x = array(draw, np.float32, (batch, channels, *sizes))
    w = array(draw, np.float32, (group * maps, channels // group, *kernel))
    offset = array(draw, np.float32, (batch, offsets * area * 2, *out))
    b = array(draw, np.float32, (group * maps,)) if flag(draw) else None
    how = {"oracle": "onnxruntime"}  # the evaluator reads beyond the offsets of windows of one element
    mask = array(draw, np.float32, (batch, offsets * area, *out)) if flag(draw) else None
    return case(
        draw, opset, "DeformConv", [x, w, offset, b, mask], group=group, offset_group=offsets, how=how, **options
    )


@family(since=18)
def col2im(draw: Drawer, opset: int) -> Case:
    from fuzzing.case import Known

    rank = pick(draw, 2, 1, 3)
    kernel = ints(draw, rank, 1, 3)
    options = window(draw, kernel)
    options.pop("auto_pad")
    sizes = image(draw, kernel, options, 3)
    pads, strides = options["pads"] or (0,) * (2 * rank), options["strides"] or (1,) * rank
    reach = spans(kernel, options)
    blocks = [(n + pads[i] + pads[i + rank] - reach[i]) // strides[i] + 1 for i, n in enumerate(sizes)]
    x = array(draw, np.float32, (integer(draw, 1, 2), integer(draw, 1, 2) * int(np.prod(kernel)), int(np.prod(blocks))))
    inputs = [x, Known(np.asarray(sizes, np.int64)), Known(np.asarray(kernel, np.int64))]
    return case(draw, opset, "Col2Im", inputs, **options)
