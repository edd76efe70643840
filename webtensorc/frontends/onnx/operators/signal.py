"""Fourier transforms, as products with matrices of roots of unity: sizes in models are mostly small."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.extents import check_equal, is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Value, arange, known_ints, smaller, xp


@op("DFT", since=17, until=19)
def dft_17(x: Value, length: Value = None, *, axis: int = 1, inverse: int = 0, onesided: int = 0) -> Value:
    """Discrete Fourier transform along an axis given as an attribute."""
    return _dft(x, length, axis, inverse, onesided)


@op("DFT", since=20)
def dft_20(x: Value, length: Value = None, axis: Value = None, *, inverse: int = 0, onesided: int = 0) -> Value:
    """Discrete Fourier transform along an axis given as an input; the last axis holds real (and imaginary) parts."""
    return _dft(x, length, -2 if axis is None else known_ints(axis, "axis")[0], inverse, onesided)


def _dft(x: Value, length: Value, axis: int, inverse: int, onesided: int) -> Value:
    if x.shape[-1] not in (1, 2):
        raise ValueError(f"its last axis has real parts, or real and imaginary ones, not {x.shape[-1]}")
    along = axis % x.ndim
    given = 2 * (x.shape[along] - 1) if inverse and onesided else x.shape[along]
    size = given if length is None else known_ints(length, "dft_length")[0]
    moved = jnp.moveaxis(jnp.asarray(x), along, -2)
    if inverse and onesided:
        return jnp.moveaxis(_inverse_real(moved, size), -2, along)
    used = smaller(moved.shape[-2], size)
    real = moved[..., :used, 0]
    imaginary = moved[..., :used, 1] if moved.shape[-1] == 2 else None
    bins = size // 2 + 1 if onesided else size
    cosine, sine = _waves(used, bins, size, x.dtype)
    parts = _complex_product(real, imaginary, cosine, sine if inverse else -sine)
    if inverse:
        parts = [each / jnp.asarray(size, x.dtype) for each in parts]
    return jnp.moveaxis(jnp.stack(parts, -1), -2, along)


def _waves(rows: Any, columns: Any, size: Any, dtype: Any) -> tuple[Value, Value]:
    """Cosine and sine of 2 pi i j / size, [rows, columns]: known if the sizes are."""
    steps = arange(rows)[:, None] * arange(columns)
    if is_static((rows, columns, size)):
        turns = steps % size * (2 * np.pi / size)
        return np.cos(turns).astype(dtype), np.sin(turns).astype(dtype)
    wide = jnp.promote_types(dtype, np.float32)
    turns = (steps % jnp.asarray(size)).astype(wide) * (2 * np.pi / jnp.asarray(size, wide))
    return jnp.cos(turns).astype(dtype), jnp.sin(turns).astype(dtype)


def _complex_product(real: Value, imaginary: Value, cosine: Value, sine: Value) -> list[Value]:
    if imaginary is None:
        return [real @ cosine, real @ sine]
    return [real @ cosine - imaginary @ sine, real @ sine + imaginary @ cosine]


def _inverse_real(spectrum: Value, size: Any) -> Value:
    """The real signal of `size` samples from the first half of its spectrum (irfft)."""
    bins = smaller(size // 2 + 1, spectrum.shape[-2])
    at, last = arange(bins), size // 2 if size % 2 == 0 else -1
    times = xp(at).where((at == 0) | (at == last), 1, 2).astype(spectrum.dtype) / jnp.asarray(size, spectrum.dtype)
    cosine, sine = _waves(bins, size, size, spectrum.dtype)
    real, imaginary = spectrum[..., :bins, 0] * times, spectrum[..., :bins, 1] * times
    return (real @ cosine - imaginary @ sine)[..., None]


@op("STFT", since=17)
def stft(
    signal: Value, frame_step: Value, window: Value = None, frame_length: Value = None, *, onesided: int = 1
) -> Value:
    """Fourier transforms of overlapping frames, the window as long as each: [batch, frames, bins, 2]."""
    step = known_ints(frame_step, "frame_step")[0]
    length = known_ints(frame_length, "frame_length")[0] if frame_length is not None else window.shape[0]
    if signal.shape[1] < length:
        raise ValueError(f"its frames are {length} long, its signal {signal.shape[1]}")
    count = (signal.shape[1] - length) // step + 1
    where = arange(count)[:, None] * step + np.arange(length)
    whole = signal if signal.ndim == 3 else signal[..., None]
    frames = jnp.take(whole, where, 1)
    if window is not None:
        check_equal(window.shape[0], length)  # one element would be multiplied with all of a frame
        frames = frames * jnp.reshape(window, (-1, 1))
    return _dft(frames, None, 2, 0, onesided)


@op("HannWindow", since=17)
def hann_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    """Half a cosine period, raised."""
    return _cosine_window(size, (0.5, -0.5), output_datatype, periodic)


@op("HammingWindow", since=17)
def hamming_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    """A Hann window on a pedestal, with ONNX's coefficients 25/46 and 21/46."""
    return _cosine_window(size, (25 / 46, -21 / 46), output_datatype, periodic)


@op("BlackmanWindow", since=17)
def blackman_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    """Three cosine terms: 0.42, -0.5, 0.08."""
    return _cosine_window(size, (0.42, -0.5, 0.08), output_datatype, periodic)


def _cosine_window(size: Value, terms: tuple[float, ...], output_datatype: int, periodic: int) -> Value:
    count = known_ints(size, "size")[0]
    with np.errstate(invalid="ignore"):  # a symmetric window of one is 0 / 0, as ONNX defines it
        turn = 2 * np.pi * np.arange(count) / (count if periodic else count - 1)
    window = sum(term * np.cos(order * turn) for order, term in enumerate(terms))
    return np.asarray(window).astype(dtype_of(output_datatype))
