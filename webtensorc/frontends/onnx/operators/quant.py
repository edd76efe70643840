"""Quantisation: affine maps between floats and small integers, and integer products."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.operators.cast import convert
from webtensorc.frontends.onnx.operators.conv import AutoPad, conv
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import NotSupportedError, Value, is_known, xp


def _spread(parameter: Value, x: Value, axis: int, block_size: int) -> Value:
    """A scale or zero point shaped to meet `x`: one for all, one per slice of an axis, or one per block of an axis."""
    np_ = xp(parameter)
    if parameter.ndim == 0 or (parameter.ndim == 1 and parameter.size == 1):
        return np_.reshape(parameter, ())
    along = axis % x.ndim
    if block_size:
        repeated = np_.repeat(parameter, block_size, along)
        return repeated[(*(slice(None),) * along, slice(x.shape[along]))]
    if parameter.ndim == 1:
        return np_.reshape(parameter, [-1 if d == along else 1 for d in range(x.ndim)])
    return parameter


@op("DequantizeLinear", domain="com.microsoft", folds=False)
@op("DequantizeLinear", since=10, folds=False)
def dequantize_linear(
    x: Value, scale: Value, zero_point: Value = None, *, axis: int = 1, block_size: int = 0, output_dtype: int = 0
) -> Value:
    """(x - zero_point) * scale (`axis` since opset 13, blocks since 21; com.microsoft has it for more types).

    Known integers stay what they are in the graph, so that they are stored as such and can be computed with.
    """
    dtype = dtype_of(output_dtype) if output_dtype else scale.dtype
    wide = _widened(x)
    if zero_point is not None:
        wide = wide - _widened(_spread(zero_point, x, axis, block_size))
    return (wide.astype(np.float32) * _spread(scale, x, axis, block_size).astype(np.float32)).astype(dtype)


def _widened(x: Value) -> Value:
    if is_known(x) and x.dtype.name.startswith("float6"):
        return x.astype(np.float32)  # no compiled code has floats of 6 bits
    return lax.convert_element_type(x, np.int32 if jnp.issubdtype(x.dtype, jnp.integer) else np.float32)


@op("QuantizeLinear", domain="com.microsoft")
@op("QuantizeLinear", since=10)
def quantize_linear(
    x: Value,
    scale: Value,
    zero_point: Value = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Value:
    """round(x / scale) + zero_point, ties to even, clipped to the type of the zero point (uint8 by default).

    NaN becomes the least value, as in ONNX Runtime; ONNX does not say. Scales that were calibrated on masks of -inf
    make NaN of what is masked.
    """
    dtype = zero_point.dtype if zero_point is not None else dtype_of(output_dtype or 2)
    wide = dtype_of(precision) if precision else np.dtype(np.float32)
    ratio = x.astype(wide) / _spread(scale, x, axis, block_size).astype(wide)
    offset = None if zero_point is None else _spread(zero_point, x, axis, block_size)
    if not jnp.issubdtype(dtype, jnp.integer):
        shifted = ratio if offset is None else ratio + offset.astype(np.float32)
        return convert(shifted.astype(np.float32), np.dtype(dtype), saturate=bool(saturate))
    whole = xp(ratio).rint(ratio)
    shifted = whole if offset is None else whole + offset.astype(np.int32).astype(wide)
    return clipped(shifted, dtype)


def clipped(x: Value, dtype: Any) -> Value:
    """Whole numbers as integers of a type, the nearest ones that it has, its least for NaN."""
    info = jnp.iinfo(dtype)
    low, high = (np.asarray(each, x.dtype) for each in (int(info.min), int(info.max)))
    found = xp(x).where(x >= low, x, low)  # NaN is not
    return xp(x).minimum(found, high).astype(np.int32).astype(dtype)


@op("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(x: Value) -> Value:
    """uint8 over the range of the tensor and zero; also the scale and the zero point chosen.

    Where everything is zero the range counts as 1, as in ONNX's reference evaluator.
    """
    np_ = xp(x)  # XLA, which would compute known values, multiplies by the inverse: other ties
    low = np_.minimum(np_.min(x), np.float32(0))
    high = np_.maximum(np_.max(x), np.float32(0))
    scale = np_.where(high == low, np.float32(1), high - low) / np.float32(255)
    zero_point = np_.clip(np_.rint(-low / scale), 0, 255)
    y = np_.rint(x / scale) + zero_point
    return np_.clip(y, 0, 255).astype(np.uint8), scale, zero_point.astype(np.uint8)


@op("MatMulInteger", since=10)
def matmul_integer(a: Value, b: Value, a_zero_point: Value = None, b_zero_point: Value = None) -> Value:
    """(a - a_zero_point) @ (b - b_zero_point) in int32; zero points may be one per row of a or column of b.

    The zero point of DynamicQuantizeLinear is taken out of the product, which then is one of 8-bit integers.
    """
    right = _centred_columns(b, b_zero_point)
    if is_known(a_zero_point) or a_zero_point.ndim or min(a.ndim, b.ndim) < 2:
        return jnp.matmul(_centred_rows(a, a_zero_point), right)
    shift = a_zero_point.astype(np.int32) * jnp.sum(right, -2, keepdims=True, dtype=np.int32)
    return jnp.matmul(a.astype(np.int32), right) - shift


def _centred_rows(a: Value, zero_point: Value) -> Value:
    wide = a.astype(np.int32)
    if zero_point is None:
        return wide
    z = zero_point.astype(np.int32)
    return wide - (jnp.expand_dims(z, -1) if z.ndim == 1 and z.size > 1 else z)


def _centred_columns(b: Value, zero_point: Value) -> Value:
    wide = b.astype(np.int32)
    return wide if zero_point is None else wide - zero_point.astype(np.int32)


@op("QLinearMatMul", since=10)
def qlinear_matmul(
    a: Value,
    a_scale: Value,
    a_zero_point: Value,
    b: Value,
    b_scale: Value,
    b_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
) -> Value:
    """The product of two quantised matrices, quantised again."""
    total = jnp.matmul(_centred_rows(a, a_zero_point), _centred_columns(b, b_zero_point))
    left = jnp.expand_dims(a_scale, -1) if a_scale.ndim == 1 and a_scale.size > 1 else a_scale
    ratio = (left.astype(np.float32) * b_scale.astype(np.float32)) / y_scale.astype(np.float32)
    return _requantised(total, ratio, y_zero_point)


def _requantised(total: Value, ratio: Value, zero_point: Value) -> Value:
    scaled = lax.round(total.astype(np.float32) * ratio, lax.RoundingMethod.TO_NEAREST_EVEN)
    return clipped(scaled + zero_point.astype(np.float32), zero_point.dtype)


@op("ConvInteger", since=10)
def conv_integer(
    x: Value,
    w: Value,
    x_zero_point: Value = None,
    w_zero_point: Value = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Convolution of centred integers in int32; pads count as the zero point."""
    weights = w.astype(np.int32)
    if w_zero_point is not None:
        weights = weights - jnp.reshape(w_zero_point.astype(np.int32), (-1, *(1,) * (w.ndim - 1)))
    data = x.astype(np.int32)
    if x_zero_point is not None:
        data = data - jnp.reshape(x_zero_point.astype(np.int32), ())
    return conv(data, weights, auto_pad=auto_pad, dilations=dilations, group=group, pads=pads, strides=strides)


@op("QLinearConv", since=10)
def qlinear_conv(
    x: Value,
    x_scale: Value,
    x_zero_point: Value,
    w: Value,
    w_scale: Value,
    w_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
    b: Value = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Convolution of quantised tensors, quantised again; the bias is int32 in units of x_scale * w_scale."""
    if y_zero_point is None:
        raise NotSupportedError("it has no output zero point")
    total = conv_integer(
        x,
        w,
        x_zero_point,
        w_zero_point,
        auto_pad=auto_pad,
        dilations=dilations,
        group=group,
        pads=pads,
        strides=strides,
    )
    if b is not None:
        total = total + jnp.reshape(b, (1, -1, *(1,) * (x.ndim - 2)))
    ratio = x_scale * jnp.reshape(w_scale, (1, -1, *(1,) * (x.ndim - 2))) / y_scale
    return _requantised(total, ratio, y_zero_point)
