"""Pooling of regions of [N, C, H, W] images."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, is_known


@op("RoiAlign", since=10, until=15)
def roi_align_10(
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    mode: Literal["avg", "max"] = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    """Pool regions without the half-pixel shift."""
    return roi_align_16(
        x,
        rois,
        batch_indices,
        coordinate_transformation_mode="output_half_pixel",
        mode=mode,
        output_height=output_height,
        output_width=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )


@op("RoiAlign", since=16)
def roi_align_16(
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    coordinate_transformation_mode: Literal["half_pixel", "output_half_pixel"] = "half_pixel",
    mode: Literal["avg", "max"] = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    """Pool regions [x1, y1, x2, y2] to a fixed size from bilinear samples.

    With `sampling_ratio` 0 the number of samples depends on the regions: a loop, unless these are known.
    """
    half = coordinate_transformation_mode == "half_pixel"
    scaled = rois * np.asarray(spatial_scale, rois.dtype) - (np.asarray(0.5, rois.dtype) if half else 0)
    start = scaled[:, 1::-1]
    extent = scaled[:, :1:-1] - start
    if not half:
        extent = jnp.maximum(extent, 1)
    sizes = (output_height, output_width)
    if sampling_ratio:
        return _pooled(x, batch_indices, start, extent, sizes, (sampling_ratio, sampling_ratio), mode)
    if not is_known(rois):
        return _pooled_adaptively(x, batch_indices, start, extent, sizes, mode)
    ratios = np.ceil(np.asarray(rois[:, [3, 2]] - rois[:, [1, 0]]) * spatial_scale)
    pieces = []
    for index in range(rois.shape[0]):
        high, wide = (
            max(int(np.ceil(max(r, 0 if half else 1) / n)), 1) for r, n in zip(ratios[index], sizes, strict=True)
        )
        one = slice(index, index + 1)
        pieces.append(_pooled(x, batch_indices[one], start[one], extent[one], sizes, (high, wide), mode))
    return jnp.concatenate(pieces)


def _pooled(
    x: Value,
    batch: Value,
    start: Value,
    extent: Value,
    output: tuple[int, int],
    samples: tuple[int, int],
    mode: str,
) -> Value:
    axes = []
    for axis in range(2):
        count = output[axis] * samples[axis]
        steps = ((np.arange(count) + 0.5) / count).astype(x.dtype)
        axes.append(start[:, axis : axis + 1] + extent[:, axis : axis + 1] * steps)
    parts = _corners(x, batch, axes)
    shape = (start.shape[0], output[0], samples[0], output[1], samples[1], x.shape[1])
    if mode == "max":
        largest = jnp.max(jnp.stack([each.reshape(shape) for each in parts]), 0)
        pooled = jnp.max(largest, (2, 4))
    else:
        pooled = jnp.mean(functools.reduce(operator.add, parts).reshape(shape), (2, 4))
    return jnp.moveaxis(pooled, -1, 1)


def _pooled_adaptively(
    x: Value, batch: Value, start: Value, extent: Value, output: tuple[int, int], mode: str
) -> Value:
    """`ceil(extent / output)` samples along each axis of a region, one of each bin at a time for all regions."""
    counts = jnp.maximum(jnp.ceil(extent / np.asarray(output, x.dtype)), 1)
    most = jnp.max(counts, 0).astype(jnp.int64)

    def sample(number: Value, sofar: Value) -> Value:
        turn = jnp.stack([number // most[1], number % most[1]]).astype(x.dtype)
        axes = []
        for axis, size in enumerate(output):
            place = (np.arange(size) + (turn[axis] + 0.5) / counts[:, axis, None]) / size
            axes.append((start[:, axis, None] + extent[:, axis, None] * place).astype(x.dtype))
        parts = _corners(x, batch, axes)
        found = functools.reduce(jnp.maximum if mode == "max" else operator.add, parts)
        is_one = jnp.all(turn < counts, 1)[:, None, None, None]
        return jnp.where(is_one, jnp.maximum(sofar, found) if mode == "max" else sofar + found, sofar)

    shape = (start.shape[0], *output, x.shape[1])
    with jax.disable_jit(False):
        first = jnp.full(shape, -np.inf if mode == "max" else 0, x.dtype)
        total = lax.fori_loop(0, most[0] * most[1], sample, first)
    pooled = total if mode == "max" else total / (counts[:, 0] * counts[:, 1])[:, None, None, None]
    return jnp.moveaxis(pooled, -1, 1)


def _corners(x: Value, batch: Value, axes: Sequence[Value]) -> list[Value]:
    """The four weighted neighbours of positions [region, y] and [region, x], as [region, y, x, channel] each."""
    planes = jnp.moveaxis(jnp.asarray(x), 1, -1)
    images = jnp.clip(batch, 0, x.shape[0] - 1)[:, None, None]
    corners = []
    for axis, size in enumerate(x.shape[2:]):
        at = axes[axis]
        outside = (at < -1) | (at > size)
        low = jnp.minimum(jnp.floor(jnp.clip(at, 0, None)), size - 1)
        high = jnp.minimum(low + 1, size - 1)
        fraction = jnp.where(low >= size - 1, 0, jnp.clip(at, 0, None) - low)
        zero = jnp.where(outside, 0, 1).astype(x.dtype)
        corners.append([(low.astype(jnp.int64), (1 - fraction) * zero), (high.astype(jnp.int64), fraction * zero)])
    parts: list[Value] = []
    for (row, row_weight), (column, column_weight) in itertools.product(*corners):
        taken = planes[images, row[:, :, None], column[:, None, :]]
        parts.append(taken * (row_weight[:, :, None] * column_weight[:, None, :])[..., None])
    return parts
