"""Pooling: windows over the spatial axes of [N, C, ...] tensors."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import is_static
from webtensorc.frontends.onnx.operators.conv import AutoPad, Pads, window_pads
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, arange, is_known, known_ints, larger, smaller, xp


@dataclass(frozen=True)
class Windows:
    """Where the windows of one pooling lie. `pads` are ONNX's, `extra` what `ceil_mode` adds after them."""

    sizes: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: Pads
    extra: tuple[int, ...]

    @classmethod
    def of(
        cls,
        x: Value,
        kernel: tuple[int, ...],
        strides: tuple[int, ...] | None,
        dilations: tuple[int, ...] | None,
        pads: tuple[int, ...] | None,
        auto_pad: str,
        ceil_mode: int,
    ) -> Windows:
        """Windows over the spatial axes of `x`; with `ceil_mode` a last, partial window counts if it starts inside."""
        rank = len(kernel)
        steps, spread = tuple(strides or (1,) * rank), tuple(dilations or (1,) * rank)
        sizes = tuple(x.shape[2:])
        if len(sizes) != rank:
            raise ValueError(f"its kernel has {rank} dimensions, its input {len(sizes)} spatial ones")
        around = window_pads(auto_pad, pads, sizes, kernel, steps, spread)
        extra = []
        for size, k, s, d, (low, high) in zip(sizes, kernel, steps, spread, around, strict=True):
            if not ceil_mode:
                extra.append(0)
                continue
            span = (k - 1) * d + 1
            count = smaller(-(-(size + low + high - span) // s), -(-(size + low) // s) - 1) + 1
            extra.append(larger((count - 1) * s + span - (size + low + high), 0))
        return cls(sizes, tuple(kernel), steps, spread, around, tuple(extra))

    @property
    def all_pads(self) -> Pads:
        """Pads with what `ceil_mode` adds."""
        return [(low, high + more) for (low, high), more in zip(self.pads, self.extra, strict=True)]

    def reduce(self, x: Value, initial: Value, function: Value) -> Value:
        """Combine every window's elements; pads hold `initial`."""
        return lax.reduce_window(
            x,
            np.asarray(initial, x.dtype),
            function,
            (1, 1, *self.kernel),
            (1, 1, *self.strides),
            [(0, 0), (0, 0), *self.all_pads],
            window_dilation=(1, 1, *self.dilations),
        )

    def counts(self, *, include_pads: bool) -> list[Value]:
        """For each axis, how many elements each window has along it."""
        found: list[Value] = []
        for axis, (size, (low, high), more) in enumerate(zip(self.sizes, self.pads, self.extra, strict=True)):
            if not is_static((size, low, high, more)):
                found.append(self._open_count(axis, include_pads=include_pads))
                continue
            inside = np.full(low + size + high + more, int(include_pads))
            inside[low : low + size] = 1
            inside[low + size + high :] = 0
            offsets = np.arange(self.kernel[axis]) * self.dilations[axis]
            starts = np.arange(0, len(inside) - offsets[-1], self.strides[axis])
            found.append(inside[starts[:, None] + offsets].sum(1))
        return found

    def _open_count(self, axis: int, *, include_pads: bool) -> Value:
        """One axis of `counts`, whose size is open: a sum over the windows on ones."""
        size, (low, high), more = self.sizes[axis], self.pads[axis], self.extra[axis]
        ones = jnp.ones(size + low + high if include_pads else size, np.int32)
        around = (0, more) if include_pads else (low, high + more)
        window = (self.kernel[axis],), (self.strides[axis],), [around]
        return lax.reduce_window(ones, np.int32(0), lax.add, *window, window_dilation=(self.dilations[axis],))

    def gather(self, x: Value, fill: Value, *, columns_first: bool) -> tuple[Value, Value]:
        """Every window's elements [prod(kernel), N, C, ...] and their flat spatial positions [prod(kernel), ...]."""
        padded = lax.pad(
            x, np.asarray(fill, x.dtype), [(0, 0, 0), (0, 0, 0), *((lo, hi, 0) for lo, hi in self.all_pads)]
        )
        whole = [size + lo + hi for size, (lo, hi) in zip(self.sizes, self.all_pads, strict=True)]
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        lasts = [(w - span) // s * s for w, span, s in zip(whole, spans, self.strides, strict=True)]
        taken: list[Value] = []
        found: list[Value] = []
        for offset in itertools.product(*map(range, self.kernel)):
            shift = [o * d for o, d in zip(offset, self.dilations, strict=True)]
            index = tuple(slice(o, o + last + 1, s) for o, last, s in zip(shift, lasts, self.strides, strict=True))
            taken.append(padded[(slice(None), slice(None), *index)])
            found.append(self._positions(shift, lasts, columns_first=columns_first))
        return jnp.stack(taken), xp(*found).stack(found)

    def _positions(self, shift: list[int], lasts: list[int], *, columns_first: bool) -> Value:
        """Where in the flattened tensor the elements are that begin at `shift`, one of each window."""
        rank = len(shift)
        flat: Value = 0
        for axis in reversed(range(rank)) if columns_first else range(rank):
            steps = arange(lasts[axis] // self.strides[axis] + 1) * self.strides[axis]
            at = steps + (shift[axis] - self.pads[axis][0])
            flat = flat * self.sizes[axis] + at.reshape(*(-1 if axis == each else 1 for each in range(rank)))
        return flat


def _lowest(x: Value) -> Value:
    return jnp.iinfo(x.dtype).min if jnp.issubdtype(x.dtype, jnp.integer) else -np.inf


@op("MaxPool")
def max_pool(
    x: Value,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    storage_order: int = 0,
    strides: tuple[int, ...] | None = None,
    node: Value,
) -> Value:
    """Maximum of every window, and where it is in the flattened tensor (columns first if `storage_order`)."""
    windows = Windows.of(x, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)
    y = windows.reduce(x, _lowest(x), lax.max)
    if not node.wants(1):
        return y
    taken, positions = windows.gather(jnp.asarray(x), _lowest(x), columns_first=bool(storage_order))
    best = jnp.argmax(taken, 0)
    spread = jnp.asarray(positions)[:, None, None]
    local = jnp.take_along_axis(jnp.broadcast_to(spread, taken.shape), best[None], 0)[0].astype(jnp.int64)
    plane = math.prod(windows.sizes)
    start = arange(x.shape[0] * x.shape[1]) * plane
    return y, local + start.reshape(*x.shape[:2], *(1,) * len(windows.sizes))


_WHOLE = 1 << 14
"""Elements up to which the sizes of all windows are a constant; more are a constant for each axis."""


@op("AveragePool")
def average_pool(
    x: Value,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Mean of every window, over its elements inside the tensor or also over those in the pads; of none it is 0."""
    windows = Windows.of(x, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)
    total = windows.reduce(x, 0, lax.add)
    counts = [xp(each).maximum(each, 1) for each in windows.counts(include_pads=bool(count_include_pad))]
    if all(is_known(each) and (each == each[0]).all() for each in counts):
        return total / np.asarray(np.prod([each[0] for each in counts]), x.dtype)
    if all(map(is_known, counts)) and math.prod(map(len, counts)) <= _WHOLE:
        return total / functools.reduce(np.multiply.outer, counts).astype(x.dtype)
    for axis, each in enumerate(counts):
        shape = [total.shape[d] if d == axis + 2 else 1 for d in range(x.ndim)]
        total = total / each.astype(x.dtype).reshape(shape)
    return total


@op("LpPool")
def lp_pool(
    x: Value,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] | None = None,
    p: int = 2,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """The p-norm of every window."""
    windows = Windows.of(x, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)
    return windows.reduce(jnp.abs(x) ** p, 0, lax.add) ** np.asarray(1 / p, x.dtype)


@op("GlobalAveragePool")
def global_average_pool(x: Value) -> Value:
    """Mean over all spatial axes."""
    return jnp.mean(x, tuple(range(2, x.ndim)), keepdims=True)


@op("GlobalMaxPool")
def global_max_pool(x: Value) -> Value:
    """Maximum over all spatial axes."""
    return jnp.max(x, tuple(range(2, x.ndim)), keepdims=True)


@op("GlobalLpPool")
def global_lp_pool(x: Value, *, p: int = 2) -> Value:
    """The p-norm over all spatial axes."""
    total = jnp.sum(jnp.abs(x) ** p, tuple(range(2, x.ndim)), keepdims=True)
    return total ** np.asarray(1 / p, x.dtype)


@op("MaxUnpool", since=9)
def max_unpool(
    x: Value,
    indices: Value,
    output_shape: Value = None,
    *,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Put the maxima of a MaxPool back where its indices say, zeros elsewhere."""
    rank = len(kernel_shape)
    steps, around = strides or (1,) * rank, pads or (0,) * (2 * rank)
    inner = tuple(
        (size - 1) * s - around[axis] - around[axis + rank] + k
        for axis, (size, s, k) in enumerate(zip(x.shape[2:], steps, kernel_shape, strict=True))
    )
    shape = (*x.shape[:2], *inner)
    flat = jnp.zeros(math.prod(shape), x.dtype).at[indices.ravel()].set(x.ravel())
    wanted = shape if output_shape is None else known_ints(output_shape, "output_shape")
    return lax.pad(
        flat.reshape(shape), np.zeros((), x.dtype), [(0, w - n, 0) for w, n in zip(wanted, shape, strict=True)]
    )


@op("MaxRoiPool")
def max_roi_pool(x: Value, rois: Value, *, pooled_shape: tuple[int, ...], spatial_scale: float = 1.0) -> Value:
    """Maximum of every bin of every region: rows of (batch, x1, y1, x2, y2), ends included; 0 for an empty bin."""
    corners = rois[:, 1:] * np.float32(spatial_scale)
    corners = jnp.sign(corners) * jnp.floor(jnp.abs(corners) + np.float32(0.5))
    columns = _bins(corners[:, 0], corners[:, 2], pooled_shape[1], x.shape[3])
    rows = _bins(corners[:, 1], corners[:, 3], pooled_shape[0], x.shape[2])
    image = jnp.take(jnp.asarray(x), rois[:, 0].astype(np.int32), 0, mode="clip")
    lowest = np.asarray(-np.inf, x.dtype)
    across = jnp.max(jnp.where(columns[:, None, None], image[..., None, :], lowest), -1)
    found = jnp.max(jnp.where(rows[:, None, :, :, None], across[:, :, None], lowest), 3)
    return jnp.where(jnp.isneginf(found), np.zeros((), x.dtype), found)


def _bins(first: Value, last: Value, count: int, size: int) -> Value:
    """Which of `size` positions lie in which of `count` bins of each region: [regions, bins, size]."""
    width = jnp.maximum(last - first + 1, 1)[:, None] / np.float32(count)
    low = jnp.floor(np.arange(count, dtype=np.float32) * width) + first[:, None]
    high = jnp.ceil(np.arange(1, count + 1, dtype=np.float32) * width) + first[:, None]
    at = np.arange(size, dtype=np.float32)
    return (at >= low[..., None]) & (at < high[..., None])
