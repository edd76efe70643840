"""Resize and its ancestors: separable resampling, every axis a few weighted gathers.

Their positions are known where the sizes are, else they are computed when the model runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import fixed_ratio, is_open, is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, is_known, known, known_ints

Kernel = Callable[[Value], Value]
Mode = Literal["nearest", "linear", "cubic"]
Rounding = Literal["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
Coordinates = Literal[
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
]

_REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("pytorch_half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_ceil"),
}
"""Coordinates and roundings for which `nearest`, by a whole factor k, gives element i // k."""

_LARGEST_DENOMINATOR = 256
"""Of the fraction that a scale of open sizes is taken for: lengths are whole numbers of any size."""


@op("Upsample", until=8)
def upsample_7(x: Value, *, scales: tuple[float, ...], mode: Mode = "nearest") -> Value:
    """Scales are an attribute."""
    return resize_10(x, np.asarray(scales, np.float32), mode=mode)


@op("Upsample", since=9)
def upsample_9(x: Value, scales: Value, *, mode: Mode = "nearest") -> Value:
    """Scales are an input."""
    return resize_10(x, scales, mode=mode)


@op("Resize", since=10, until=10)
def resize_10(x: Value, scales: Value, *, mode: Mode = "nearest") -> Value:
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
    coordinate_transformation_mode: Coordinates = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: Literal["stretch", "not_larger", "not_smaller"] = "stretch",
    mode: Mode = "nearest",
    nearest_mode: Rounding = "round_prefer_floor",
) -> Value:
    """By scales or to sizes; `axes`, `antialias` and `keep_aspect_ratio_policy` since opset 18."""
    which = tuple(axis % x.ndim for axis in (axes if axes is not None else range(x.ndim)))
    lengths = [x.shape[axis] for axis in which]
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
            y = _nearest(y, along, nearest_mode, axis)
        else:
            kernel = functools.partial(_triangle if mode == "linear" else _cubic, along.lib)
            kernel = kernel if mode == "linear" else functools.partial(kernel, cubic_coeff_a)
            reach = 1 if mode == "linear" else 2
            y = _blend(y, along, kernel, reach, bool(antialias), bool(exclude_outside), axis).astype(x.dtype)
        if coordinate_transformation_mode == "tf_crop_and_resize":
            outside = outside | along.outside().reshape([along.output if d == axis else 1 for d in range(x.ndim)])
    if outside is False or (is_known(outside) and not np.any(outside)):
        return y
    return jnp.where(outside, np.asarray(extrapolation_value, x.dtype), y)


def _extent(lengths: Sequence[Value], scales: Value, sizes: Value, policy: str) -> tuple[list[Value], list[Value]]:
    """Scale and output length for every axis; scales of open sizes may be computed when the model runs."""
    if scales is not None and scales.size:
        factors = [float(each) for each in known(scales, "scales")]
        return list(factors), [_scaled(n, f) for n, f in zip(lengths, factors, strict=True)]
    wanted = known_ints(sizes, "sizes")
    if policy == "stretch":
        return [_ratio(w, n) for w, n in zip(wanted, lengths, strict=True)], list(wanted)
    if not is_static((*lengths, *wanted)):
        raise NotSupportedError("its aspect ratio is kept for known sizes only: give sizes (--dim)")
    choose = min if policy == "not_larger" else max
    factor = choose(w / n for w, n in zip(wanted, lengths, strict=True))
    return [factor] * len(lengths), [int(np.floor(factor * n + 0.5)) for n in lengths]


def _scaled(length: Value, factor: float) -> Value:
    """floor(length * factor)."""
    if not is_open(length):
        return int(np.floor(length * factor))
    fraction = Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    if np.float32(fraction) != np.float32(factor):
        raise NotSupportedError(f"the scale {factor} of an open size is no simple fraction: give sizes (--dim)")
    return length * fraction.numerator // fraction.denominator


def _ratio(wanted: Value, length: Value) -> Value:
    """wanted / length: a number where it is one."""
    if is_static((wanted, length)):
        return wanted / length
    if (ratio := fixed_ratio(wanted, length)) is not None:
        return float(ratio)
    return jnp.asarray(wanted).astype(jnp.float32) / jnp.asarray(length).astype(jnp.float32)


@dataclass(frozen=True)
class _Axis:
    """One axis of a resize: `output` positions on `length` elements, in numpy's numbers or, if open, in the trace's."""

    length: Value
    output: Value
    scale: Value
    transform: str
    roi: tuple[float, float] | None

    @property
    def lib(self) -> Any:
        """numpy, or jax.numpy where a size is open."""
        return np if is_static((self.length, self.output)) else jnp

    def is_identity(self) -> bool:
        is_same = is_known(self.scale) and self.scale == 1 and self.output == self.length
        return is_same and self.transform != "tf_crop_and_resize"

    def number(self, size: Value) -> Value:
        """A size to compute with."""
        return jnp.asarray(size).astype(jnp.float32) if is_open(size) else size

    def positions(self) -> Value:
        """Where each output element lies on the input, in input elements."""
        at = self.lib.arange(self.output)
        at = at if self.lib is np else at.astype(jnp.float32)
        length = self.number(self.length)
        whole = self.scale * length
        if self.transform == "align_corners":
            return at * ((length - 1) / self.lib.where(whole == 1, np.inf, whole - 1))
        if self.transform == "asymmetric":
            return at / self.scale
        if self.transform == "tf_crop_and_resize":
            return self._cropped(at, length, whole)
        if self.transform == "tf_half_pixel_for_nn":  # opset 11 alone
            return (at + 0.5) / self.scale
        is_symmetric = self.transform == "half_pixel_symmetric"
        shift = length / 2 * (1 - self.number(self.output) / whole) if is_symmetric else 0.0
        found = shift + (at + 0.5) / self.scale - 0.5
        return self.lib.where(whole == 1, at - 0.5, found) if self.transform == "pytorch_half_pixel" else found

    def _cropped(self, at: Value, length: Value, whole: Value) -> Value:
        if self.roi is None:
            raise ValueError("tf_crop_and_resize needs a region of interest")
        start, end = self.roi
        last = length - 1
        spread = start * last + at * ((end - start) * last / self.lib.where(whole == 1, np.inf, whole - 1))
        return self.lib.where(whole == 1, at * 0.0 + (start + end) * last / 2, spread)

    def outside(self) -> Value:
        """Which outputs lie outside of the input."""
        at = self.positions()
        return (at < 0) | (at > self.number(self.length) - 1)

    def nearest(self, rounding: str) -> Value:
        """The input element for every output."""
        at = self.positions()
        rounded = {
            "round_prefer_floor": lambda: self.lib.ceil(at - 0.5),
            "round_prefer_ceil": lambda: self.lib.floor(at + 0.5),
            "floor": lambda: self.lib.floor(at),
            "ceil": lambda: self.lib.ceil(at),
        }[rounding]()
        return self.lib.clip(rounded, 0, self.number(self.length) - 1).astype(np.int64)


def _nearest(x: Value, along: _Axis, rounding: str, axis: int) -> Value:
    """The nearest elements of an axis; whole repetitions are a broadcast, which costs less than a gather."""
    if along.lib is np:
        return _take(x, along.nearest(rounding), axis)
    times = fixed_ratio(along.output, along.length)
    if times is not None and times.denominator == 1 and (along.transform, rounding) in _REPEATING:
        return jnp.repeat(x, times.numerator, axis)
    return jnp.take(x, along.nearest(rounding), axis, mode="clip")


def _take(x: Value, index: np.ndarray, axis: int) -> Value:
    """Elements of an axis; whole repetitions are a broadcast and equal steps a slice, which cost less than a gather."""
    count = x.shape[axis]
    step = int(index[1] - index[0]) if len(index) > 1 else 0
    if step > 0 and (np.diff(index) == step).all():
        return lax.slice_in_dim(x, int(index[0]), int(index[-1]) + 1, step, axis)
    times = len(index) // count
    if times * count == len(index) and (index == np.repeat(np.arange(count), times)).all():
        return jnp.repeat(x, times, axis)
    return jnp.take(x, index, axis, mode="clip")


def _triangle(lib: Any, d: Value) -> Value:
    return lib.maximum(1 - lib.abs(d), 0)


def _cubic(lib: Any, a: float, d: Value) -> Value:
    """Keys' cubic convolution kernel."""
    d = lib.abs(d)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return lib.where(d <= 1, near, lib.where(d < 2, far, 0))


def _blend(
    x: Value, along: _Axis, kernel: Kernel, reach: int, antialias: bool, exclude_outside: bool, axis: int
) -> Value:
    """A weighted sum of the elements near every position, the edge repeated outside."""
    if antialias and not is_known(along.scale):
        raise NotSupportedError("antialiasing needs known sizes, or a fixed ratio of them: give sizes (--dim)")
    lib = along.lib
    squeeze = min(along.scale, 1.0) if antialias else 1.0
    at = along.positions()
    first = lib.floor(at - reach / squeeze).astype(np.int64) + 1
    taps = first + np.arange(2 * int(np.ceil(reach / squeeze)))[:, None]
    weights = kernel((taps - at) * squeeze)
    last = along.number(along.length) - 1
    if exclude_outside:
        weights = lib.where((taps < 0) | (taps > last), 0, weights)
    weights = weights / weights.sum(0)
    where = lib.clip(taps, 0, last).astype(np.int64)
    wide = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)
    if lib is np and not along.output:
        return jnp.zeros([0 if d == axis else size for d, size in enumerate(x.shape)], wide.dtype)
    total: Value = 0
    for tap, weight in zip(where, weights.astype(wide.dtype), strict=True):
        if lib is jnp or weight.any():
            along_axis = weight.reshape([along.output if d == axis else 1 for d in range(x.ndim)])
            taken = _take(wide, tap, axis) if lib is np else jnp.take(wide, tap, axis, mode="clip")
            total = total + taken * along_axis
    return total
