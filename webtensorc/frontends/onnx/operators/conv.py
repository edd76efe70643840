"""Convolutions."""

from __future__ import annotations

import itertools
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, larger

Pads = list[tuple[int, int]]
AutoPad = Literal["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""]


def same_pads(sizes: tuple[int, ...], spans: tuple[int, ...], strides: tuple[int, ...], *, upper: bool) -> Pads:
    """Pads that give ceil(size / stride) windows of `span` elements each; an odd one goes to the end if `upper`."""
    pads = []
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        total = larger((-(-size // stride) - 1) * stride + span - size, 0)
        small, large = total // 2, total - total // 2
        pads.append((small, large) if upper else (large, small))
    return pads


def window_pads(
    auto_pad: str,
    pads: tuple[int, ...] | None,
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> Pads:
    """ONNX's `auto_pad` and `pads` as (before, after) for every spatial axis."""
    rank = len(kernel)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
        return same_pads(sizes, spans, strides, upper=auto_pad == "SAME_UPPER")
    if auto_pad == "VALID" or not pads:
        return [(0, 0)] * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


def _padded(x: Value, pads: Pads, apart: tuple[int, ...]) -> tuple[Value, Pads]:
    """What a convolution slides over, and its pads: those of open size are put around it, its elements `apart`."""
    if is_static([*itertools.chain(*pads)]):
        return x, pads
    widths = [(low, high, step - 1) for (low, high), step in zip(pads, apart, strict=True)]
    return lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), (0, 0, 0), *widths]), [(0, 0)] * len(pads)


@op("Conv")
def conv(
    x: Value,
    w: Value,
    b: Value = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Convolution of x [N, C, ...] with w [M, C / group, ...]; 16-bit floats are summed in 32 bits."""
    rank = w.ndim - 2
    steps, spread = strides or (1,) * rank, dilations or (1,) * rank
    is_half = x.dtype.itemsize == 2 and jnp.issubdtype(x.dtype, jnp.floating)
    padding: Pads | str
    if auto_pad.startswith("SAME") and not is_static(x.shape[2:]) and is_static(w.shape[2:]):
        padding = "SAME" if auto_pad == "SAME_UPPER" else auto_pad
    else:
        x, padding = _padded(x, window_pads(auto_pad, pads, x.shape[2:], w.shape[2:], steps, spread), (1,) * rank)
    y = lax.conv_general_dilated(
        x,
        w,
        steps,
        padding,
        rhs_dilation=spread,
        feature_group_count=group,
        preferred_element_type=np.float32 if is_half else None,
    ).astype(x.dtype)
    return y if b is None else y + jnp.reshape(b, (1, w.shape[0], *(1,) * rank))


@op("ConvTranspose")
def conv_transpose(
    x: Value,
    w: Value,
    b: Value = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    output_padding: tuple[int, ...] | None = None,
    output_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """The gradient of a convolution with respect to its input, for w [C, M / group, ...]."""
    rank = w.ndim - 2
    steps, spread = strides or (1,) * rank, dilations or (1,) * rank
    extra = output_padding or (0,) * rank
    spans = tuple((k - 1) * d + 1 for k, d in zip(w.shape[2:], spread, strict=True))
    full = [(size - 1) * s + e + span for size, s, e, span in zip(x.shape[2:], steps, extra, spans, strict=True)]
    cut = _transpose_pads(auto_pad, pads, output_shape, full, x.shape[2:], steps)
    around = [(span - 1 - lo, span - 1 - hi + e) for span, (lo, hi), e in zip(spans, cut, extra, strict=True)]
    c, m = w.shape[:2]
    kernel = jnp.flip(w, range(2, w.ndim)).reshape(group, c // group, m, *w.shape[2:])
    kernel = jnp.swapaxes(kernel, 1, 2).reshape(group * m, c // group, *w.shape[2:])
    wide, around = _padded(x, around, steps)
    apart = steps if wide is x else (1,) * rank
    y = lax.conv_general_dilated(
        wide, kernel, (1,) * rank, around, lhs_dilation=apart, rhs_dilation=spread, feature_group_count=group
    )
    return y if b is None else y + jnp.reshape(b, (1, group * m, *(1,) * rank))


def _transpose_pads(
    auto_pad: str,
    pads: tuple[int, ...] | None,
    output_shape: tuple[int, ...] | None,
    full: list[int],
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
) -> Pads:
    """How much of the full output is cut before and after every axis."""
    rank = len(full)
    wanted = output_shape[-rank:] if output_shape else None
    if wanted is None and auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(size * stride for size, stride in zip(sizes, strides, strict=True))
    if wanted is None:
        return list(zip(pads[:rank], pads[rank:], strict=True)) if pads else [(0, 0)] * rank
    cut = []
    for have, want in zip(full, wanted, strict=True):
        total = have - want
        small, large = total // 2, total - total // 2
        cut.append((small, large) if auto_pad == "SAME_UPPER" else (large, small))
    return cut
