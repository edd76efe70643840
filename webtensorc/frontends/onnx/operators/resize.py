"""Resize and its ancestors: separable resampling, every axis a few weighted gathers with known positions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.extents import is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, known, known_ints

Kernel = Callable[[np.ndarray], np.ndarray]


_REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_ceil"),
}
"""Coordinates and roundings for which `nearest`, by a whole factor k, gives element i // k."""

_MOST_REPEATED = 64


@op("Upsample", until=8)
def upsample_7(x: Value, *, scales: tuple[float, ...], mode: str = "nearest") -> Value:
    """Scales are an attribute."""
    return resize_10(x, np.asarray(scales, np.float32), mode=mode)


def _whole_factors(lengths: Sequence[Value], scales: Value, sizes: Value) -> list[int] | None:
    """By how much every axis grows, if all do by whole factors."""
    if sizes is not None and sizes.size:
        found = []
        for length, size in zip(lengths, known_ints(sizes, "sizes"), strict=True):
            found += [k for k in range(1, _MOST_REPEATED + 1) if is_static([gap := size - length * k]) and gap == 0][:1]
        return found if len(found) == len(lengths) else None
    numbers = known(scales, "scales").ravel()
    return [int(each) for each in numbers] if all(each >= 1 and each == int(each) for each in numbers) else None


@op("Upsample", since=9)
def upsample_9(x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    """Scales are an input."""
    return resize_10(x, scales, mode=mode)


@op("Resize", since=10, until=10)
def resize_10(x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    """The origins of pixels coincide; `nearest` rounds down."""
    return resize_11(x, None, scales, mode=mode, coordinate_transformation_mode="asymmetric", nearest_mode="floor")


@op("Resize", since=11)
def resize_11(
    x: Value,
    roi: Value = None,
    scales: Value = None,
    sizes: Value = None,
    *,
    antialias: int = 0,
    axes: tuple[int, ...] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:
    """By scales or to sizes; `axes`, `antialias` and `keep_aspect_ratio_policy` since opset 18."""
    which = tuple(axis % x.ndim for axis in (axes if axes is not None else range(x.ndim)))
    lengths = [x.shape[axis] for axis in which]
    if not is_static(lengths):
        times = _whole_factors(lengths, scales, sizes)
        rounds_alike = (coordinate_transformation_mode, nearest_mode) in _REPEATING and mode == "nearest"
        if times is None or (set(times) != {1} and not rounds_alike):
            raise NotSupportedError("axes of open size are only repeated a whole number of times: give sizes (--dim)")
        return functools.reduce(lambda y, each: jnp.repeat(y, each[0], each[1]), zip(times, which, strict=True), x)
    factors, outputs = _extent(lengths, scales, sizes, keep_aspect_ratio_policy)
    window = None if roi is None or roi.size == 0 else known(roi, "roi")
    outside: Value = False
    y = jnp.asarray(x)
    for index, axis in enumerate(which):
        bounds = None if window is None else (float(window[index]), float(window[index + len(which)]))
        along = _Axis(lengths[index], outputs[index], factors[index], coordinate_transformation_mode, bounds)
        if along.is_identity() and mode != "cubic":
            continue
        if mode == "nearest":
            y = _take(y, along.nearest(nearest_mode), axis)
        else:
            kernel = _triangle if mode == "linear" else _cubic(cubic_coeff_a)
            reach = 1 if mode == "linear" else 2
            y = _blend(y, along, kernel, reach, bool(antialias), bool(exclude_outside), axis).astype(x.dtype)
        if coordinate_transformation_mode == "tf_crop_and_resize":
            shape = [-1 if d == axis else 1 for d in range(x.ndim)]
            outside = outside | along.outside().reshape(shape)
    if outside is False or not np.any(outside):
        return y
    return jnp.where(outside, np.asarray(extrapolation_value, x.dtype), y)


def _extent(lengths: Sequence[int], scales: Value, sizes: Value, policy: str) -> tuple[list[float], list[int]]:
    """Scale and output length for every axis."""
    if scales is not None and scales.size:
        factors = [float(each) for each in known(scales, "scales")]
        return factors, [int(np.floor(n * f)) for n, f in zip(lengths, factors, strict=True)]
    wanted = known_ints(sizes, "sizes")
    if policy == "stretch":
        return [w / n for w, n in zip(wanted, lengths, strict=True)], list(wanted)
    choose = min if policy == "not_larger" else max
    factor = choose(w / n for w, n in zip(wanted, lengths, strict=True))
    return [factor] * len(lengths), [int(np.floor(factor * n + 0.5)) for n in lengths]


@dataclass(frozen=True)
class _Axis:
    """One axis of a resize: `output` positions on `length` elements."""

    length: int
    output: int
    scale: float
    transform: str
    roi: tuple[float, float] | None

    def is_identity(self) -> bool:
        return self.scale == 1 and self.output == self.length and self.transform != "tf_crop_and_resize"

    def positions(self) -> np.ndarray:
        """Where each output element lies on the input, in input elements."""
        at = np.arange(self.output)
        whole = self.scale * self.length
        if self.transform == "align_corners":
            return at * ((self.length - 1) / (whole - 1)) if whole != 1 else at * 0.0
        if self.transform == "asymmetric":
            return at / self.scale
        if self.transform == "tf_crop_and_resize":
            return self._cropped(at)
        if self.transform == "pytorch_half_pixel" and whole == 1:
            return at - 0.5
        shift = self.length / 2 * (1 - self.output / whole) if self.transform == "half_pixel_symmetric" else 0.0
        return shift + (at + 0.5) / self.scale - 0.5

    def _cropped(self, at: np.ndarray) -> np.ndarray:
        if self.roi is None:
            raise ValueError("tf_crop_and_resize needs a region of interest")
        start, end = self.roi
        last = self.length - 1
        whole = self.scale * self.length
        if whole == 1:
            return at * 0.0 + (start + end) * last / 2
        return start * last + at * ((end - start) * last / (whole - 1))

    def outside(self) -> np.ndarray:
        """Which outputs lie outside of the input."""
        at = self.positions()
        return np.asarray((at < 0) | (at > self.length - 1))

    def nearest(self, rounding: str) -> np.ndarray:
        """The input element for every output."""
        at = self.positions()
        rounded = {
            "round_prefer_floor": np.ceil(at - 0.5),
            "round_prefer_ceil": np.floor(at + 0.5),
            "floor": np.floor(at),
            "ceil": np.ceil(at),
        }[rounding]
        return np.asarray(np.clip(rounded, 0, self.length - 1), np.int64)


def _take(x: Value, index: np.ndarray, axis: int) -> Value:
    """Elements of an axis; whole repetitions are a broadcast, which costs less than a gather."""
    count = x.shape[axis]
    times = len(index) // count
    if times * count == len(index) and (index == np.repeat(np.arange(count), times)).all():
        return jnp.repeat(x, times, axis)
    return jnp.take(x, index, axis, mode="clip")


def _triangle(d: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1 - np.abs(d), 0))


def _cubic(a: float) -> Kernel:
    """Keys' cubic convolution kernel."""

    def weigh(d: np.ndarray) -> np.ndarray:
        d = np.abs(d)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0))

    return weigh


def _blend(
    x: Value, along: _Axis, kernel: Kernel, reach: int, antialias: bool, exclude_outside: bool, axis: int
) -> Value:
    """A weighted sum of the elements near every position, the edge repeated outside."""
    squeeze = min(along.scale, 1.0) if antialias else 1.0
    at = along.positions()
    first = np.floor(at - reach / squeeze).astype(np.int64) + 1
    taps = first + np.arange(2 * int(np.ceil(reach / squeeze)))[:, None]
    weights = kernel((taps - at) * squeeze)
    if exclude_outside:
        weights = np.where((taps < 0) | (taps >= along.length), 0, weights)
    weights = weights / weights.sum(0)
    where = np.clip(taps, 0, along.length - 1)
    shape = [-1 if d == axis else 1 for d in range(x.ndim)]
    wide = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)
    total: Value = 0
    for tap, weight in zip(where, weights.astype(wide.dtype), strict=True):
        if weight.any():
            total = total + jnp.take(wide, tap, axis, mode="clip") * weight.reshape(shape)
    return total
