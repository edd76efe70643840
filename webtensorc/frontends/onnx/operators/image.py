"""Resampling and geometry of [N, C, ...] images."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import check_equal, quotient
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, arange, known_ints, larger

Mode = Literal["linear", "bilinear", "nearest", "cubic", "bicubic"]
PaddingMode = Literal["zeros", "border", "reflection"]


@op("GridSample", domain="com.microsoft")
@op("GridSample", since=16)
def grid_sample(
    x: Value, grid: Value, *, align_corners: int = 0, mode: Mode = "linear", padding_mode: PaddingMode = "zeros"
) -> Value:
    """Samples of x [N, C, ...] at grid [N, ..., rank] positions in [-1, 1], the last coordinate first.

    Modes are `linear` (`bilinear` until opset 19), `nearest`, `cubic` (`bicubic`); padding `zeros`, `border`,
    `reflection`.
    """
    sizes = x.shape[2:]
    axes = []
    for axis, size in enumerate(sizes):
        at = grid[..., len(sizes) - 1 - axis]
        axes.append((at + 1) / 2 * (size - 1) if align_corners else ((at + 1) * size - 1) / 2)
    if mode == "nearest":
        points = [[(lax.round(at, lax.RoundingMethod.TO_NEAREST_EVEN), None)] for at in axes]
    elif mode in ("linear", "bilinear"):
        if padding_mode != "zeros":
            axes = [_inside(at, n, padding_mode, align_corners) for at, n in zip(axes, sizes, strict=True)]
        points = [[(jnp.floor(at) + k, abs(1 - k - (at - jnp.floor(at)))) for k in (0, 1)] for at in axes]
    else:
        points = [_cubic_points(at) for at in axes]
    total: Any = 0
    for corner in itertools.product(*points):
        value = _pick(x, [where for where, _ in corner], padding_mode, align_corners)
        for _, weight in corner:
            value = value if weight is None else value * weight[:, None].astype(x.dtype)
        total = total + value
    return total


def _cubic_points(at: Value) -> list[tuple[Value, Value]]:
    low = jnp.floor(at)
    weights = _cubic_weights(at - low, -0.75)
    return [(low + k - 1, weights[k]) for k in range(4)]


def _cubic_weights(t: Value, a: float) -> list[Value]:
    """Keys' cubic convolution weights of the four neighbours at -1, 0, 1, 2 for a fraction t."""

    def near(d: Value) -> Value:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Value) -> Value:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def _inside(at: Value, size: int, padding_mode: str, align_corners: int) -> Value:
    """Positions brought into the image by clamping or reflection."""
    if padding_mode == "border":
        return jnp.clip(at, 0, size - 1)
    low = 0.0 if align_corners else -0.5
    period = 2 * (size - 1 if align_corners else size)
    offset = jnp.mod(at - low, larger(period, 1))  # which is any number where there is one position
    return jnp.clip(low + jnp.minimum(offset, period - offset), 0, size - 1)


def _pick(x: Value, positions: list[Value], padding_mode: str, align_corners: int) -> Value:
    """x at whole positions [N, ...], zeros or the padding's choice outside: [N, C, ...]."""
    valid: Any = True
    index = []
    for at, size in zip(positions, x.shape[2:], strict=True):
        if padding_mode == "zeros":
            valid = valid & (at >= 0) & (at <= size - 1)
        else:
            at = _inside(at, size, padding_mode, align_corners)
        index.append(jnp.clip(at, 0, size - 1).astype(jnp.int64))
    batch = arange(x.shape[0]).reshape(x.shape[0], *(1,) * (index[0].ndim - 1))
    taken = jnp.moveaxis(jnp.moveaxis(jnp.asarray(x), 1, -1)[(batch, *index)], -1, 1)
    return taken if valid is True else jnp.where(valid[:, None], taken, np.zeros((), x.dtype))


@op("AffineGrid", since=20)
def affine_grid(theta: Value, size: Value, *, align_corners: int = 0) -> Value:
    """Sampling positions for GridSample from affine maps theta [N, rank, rank + 1]."""
    sizes = known_ints(size, "size")[2:]
    check_equal(theta.shape[-1], len(sizes) + 1)  # a product would broadcast
    axes = [np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in sizes]
    mesh = np.meshgrid(*axes, indexing="ij")
    points = np.stack([*mesh[::-1], np.ones(sizes)], -1).astype(theta.dtype)
    flat = points.reshape(-1, len(sizes) + 1)
    return jnp.einsum("pk,nrk->npr", flat, theta).reshape(theta.shape[0], *sizes, len(sizes))


@op("Col2Im", since=18)
def col2im(
    x: Value,
    image_shape: Value,
    block_shape: Value,
    *,
    dilations: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Sum blocks [N, C * prod(block), positions] back into an image; the transpose of taking patches."""
    sizes, block = known_ints(image_shape, "image_shape"), known_ints(block_shape, "block_shape")
    rank = len(sizes)
    spread, steps, around = dilations or (1,) * rank, strides or (1,) * rank, pads or (0,) * 2 * rank
    padded = [n + around[d] + around[d + rank] for d, n in enumerate(sizes)]
    counts = [(padded[d] - spread[d] * (block[d] - 1) - 1) // steps[d] + 1 for d in range(rank)]
    check_equal(x.shape[2], math.prod(counts))
    parts = x.reshape(x.shape[0], quotient(x.shape[1], math.prod(block)), *block, *counts)
    image = jnp.zeros((x.shape[0], parts.shape[1], *padded), x.dtype)
    for offset in itertools.product(*map(range, block)):
        where = tuple(
            slice(o * spread[d], o * spread[d] + (counts[d] - 1) * steps[d] + 1, steps[d]) for d, o in enumerate(offset)
        )
        image = image.at[(slice(None), slice(None), *where)].add(parts[(slice(None), slice(None), *offset)])
    inner = tuple(slice(around[d], around[d] + n) for d, n in enumerate(sizes))
    return image[(slice(None), slice(None), *inner)]


@op("DeformConv", since=19)
def deform_conv(
    x: Value,
    w: Value,
    offset: Value,
    b: Value = None,
    mask: Value = None,
    *,
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    offset_group: int = 1,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Convolution that samples its input at positions moved by computed offsets (bilinear, zeros outside)."""
    rank = w.ndim - 2
    kernel, spread, steps = w.shape[2:], dilations or (1,) * rank, strides or (1,) * rank
    around = pads or (0,) * 2 * rank
    n, c = x.shape[:2]
    outs = offset.shape[2:]
    moves = offset.reshape(n, offset_group, int(np.prod(kernel)), rank, *outs)
    scale = None if mask is None else mask.reshape(n, offset_group, int(np.prod(kernel)), *outs)
    grouped = x.reshape(n * offset_group, c // offset_group, *x.shape[2:])
    columns = []
    for index, tap in enumerate(itertools.product(*map(range, kernel))):
        axes = []
        for axis in range(rank):
            base = np.arange(outs[axis]) * steps[axis] - around[axis] + tap[axis] * spread[axis]
            shape = [-1 if d == axis else 1 for d in range(rank)]
            at = base.reshape(shape).astype(x.dtype) + moves[:, :, index, axis]
            axes.append(at.reshape(n * offset_group, *outs))
        points = [[(jnp.floor(at) + k, abs(1 - k - (at - jnp.floor(at)))) for k in (0, 1)] for at in axes]
        total: Any = 0
        for corner in itertools.product(*points):
            value = _pick(grouped, [where for where, _ in corner], "zeros", 0)
            for _, weight in corner:
                value = value * weight[:, None].astype(x.dtype)
            total = total + value
        if scale is not None:
            total = total * scale[:, :, index].reshape(n * offset_group, 1, *outs)
        columns.append(total.reshape(n, c, *outs))
    stacked = jnp.stack(columns, 2).reshape(n, group, c // group, len(columns), -1)
    weights = w.reshape(group, w.shape[0] // group, c // group, len(columns))
    y = jnp.einsum("ngckp,gmck->ngmp", stacked, weights).reshape(n, w.shape[0], *outs)
    return y if b is None else y + jnp.reshape(b, (1, -1, *(1,) * rank))
