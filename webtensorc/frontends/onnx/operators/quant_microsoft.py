"""Quantised operators of ONNX Runtime's domain `com.microsoft`: what its quantiser writes in the QOperator format.

Each is a float operator between a dequantisation and a quantisation; the scale and the zero point of a tensor follow it
in the list of inputs. Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.conv import AutoPad
from webtensorc.frontends.onnx.operators.linear import gemm
from webtensorc.frontends.onnx.operators.linear_microsoft import unpacked
from webtensorc.frontends.onnx.operators.pool import average_pool, max_pool
from webtensorc.frontends.onnx.operators.quant import clipped, dequantize_linear, qlinear_conv, quantize_linear
from webtensorc.frontends.onnx.operators.transformers import embed_layer_normalization
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value

_DOMAIN = "com.microsoft"


@op("QLinearAdd", domain=_DOMAIN)
def qlinear_add(
    a: Value, a_scale: Value, a_zero: Value, b: Value, b_scale: Value, b_zero: Value, scale: Value, zero: Value = None
) -> Value:
    """a + b; all that is known of it is put together first, the zero point of the sum included."""
    a_ratio, b_ratio = a_scale / scale, b_scale / scale
    offset = _number(zero) - (a_ratio * _number(a_zero) + b_ratio * _number(b_zero))
    return _rounded((offset + _number(a) * a_ratio) + _number(b) * b_ratio, a.dtype)


@op("QLinearMul", domain=_DOMAIN)
def qlinear_mul(
    a: Value, a_scale: Value, a_zero: Value, b: Value, b_scale: Value, b_zero: Value, scale: Value, zero: Value = None
) -> Value:
    """a * b."""
    product = (_number(a) - _number(a_zero)) * (_number(b) - _number(b_zero))
    return _rounded(product * (a_scale * b_scale / scale) + _number(zero), a.dtype)


def _number(x: Value) -> Value:
    """A quantised tensor as float32, 0 if there is none."""
    return np.float32(0) if x is None else x.astype(np.float32)


def _rounded(y: Value, dtype: Any) -> Value:
    """The nearest integers. A zero point has been added already: unlike in QuantizeLinear it moves ties."""
    return clipped(jnp.rint(y), dtype)


def _quantised(y: Value, like: Value, scale: Value, zero: Value) -> Value:
    """`y` quantised to the type of `like`, an absent zero point being 0."""
    return quantize_linear(y, scale, jnp.zeros((), like.dtype) if zero is None else zero)


@op("QLinearSigmoid", domain=_DOMAIN)
def qlinear_sigmoid(x: Value, x_scale: Value, x_zero: Value, scale: Value, zero: Value = None) -> Value:
    """1 / (1 + exp(-x))."""
    return _quantised(jax.nn.sigmoid(dequantize_linear(x, x_scale, x_zero)), x, scale, zero)


@op("QLinearLeakyRelu", domain=_DOMAIN)
def qlinear_leaky_relu(
    x: Value, x_scale: Value, x_zero: Value, scale: Value, zero: Value = None, *, alpha: float = 0.01
) -> Value:
    """x, or alpha * x where that is negative."""
    return _quantised(jax.nn.leaky_relu(dequantize_linear(x, x_scale, x_zero), alpha), x, scale, zero)


@op("QLinearSoftmax", domain=_DOMAIN)
def qlinear_softmax(
    x: Value, x_scale: Value, x_zero: Value, scale: Value, zero: Value = None, *, axis: int = -1, opset: int = 13
) -> Value:
    """Softmax along `axis`, or, with `opset` below 13, over all dimensions from it on."""
    axes = axis if opset >= 13 else tuple(range(axis % x.ndim, x.ndim))
    steps = jnp.floor(np.float32(1) / scale)  # of 1; ONNX Runtime takes whole ones
    return _quantised(jax.nn.softmax(dequantize_linear(x, x_scale, x_zero), axes), x, np.float32(1) / steps, zero)


@op("QLinearGlobalAveragePool", domain=_DOMAIN)
def qlinear_global_average_pool(
    x: Value, x_scale: Value, x_zero: Value, scale: Value, zero: Value, *, channels_last: int = 0
) -> Value:
    """Mean over all spatial axes."""
    axes = tuple(range(1, x.ndim - 1) if channels_last else range(2, x.ndim))
    return _quantised(jnp.mean(dequantize_linear(x, x_scale, x_zero), axes, keepdims=True), x, scale, zero)


@op("QLinearAveragePool", domain=_DOMAIN)
def qlinear_average_pool(
    x: Value,
    x_scale: Value,
    x_zero: Value,
    scale: Value,
    zero: Value = None,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    channels_last: int = 0,
    count_include_pad: int = 0,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """AveragePool."""
    image = dequantize_linear(x, x_scale, x_zero)
    y = average_pool(
        jnp.moveaxis(image, -1, 1) if channels_last else image,
        kernel_shape=kernel_shape,
        auto_pad=auto_pad,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        pads=pads,
        strides=strides,
    )
    return _quantised(jnp.moveaxis(y, 1, -1) if channels_last else y, x, scale, zero)


@op("QLinearConcat", domain=_DOMAIN)
def qlinear_concat(scale: Value, zero: Value, *parts: Value, axis: int) -> Value:
    """Concatenation of tensors with scales and zero points of their own."""
    each = [dequantize_linear(*parts[i : i + 3]) for i in range(0, len(parts), 3)]
    return quantize_linear(jnp.concatenate(each, axis), scale, zero)


@op("QLinearWhere", domain=_DOMAIN)
def qlinear_where(
    condition: Value,
    x: Value,
    x_scale: Value,
    x_zero: Value,
    y: Value,
    y_scale: Value,
    y_zero: Value,
    scale: Value,
    zero: Value,
) -> Value:
    """x where the condition holds, y elsewhere."""
    chosen = jnp.where(condition, dequantize_linear(x, x_scale, x_zero), dequantize_linear(y, y_scale, y_zero))
    return quantize_linear(chosen, scale, zero)


@op("QLinearConv", domain=_DOMAIN)
def qlinear_conv_microsoft(x: Value, *parameters: Value, channels_last: int = 0, **options: Any) -> Value:
    """QLinearConv of ONNX, for images whose channels are their last dimension if `channels_last`."""
    if not channels_last:
        return qlinear_conv(x, *parameters, **options)
    return jnp.moveaxis(qlinear_conv(jnp.moveaxis(x, -1, 1), *parameters, **options), 1, -1)


@op("NhwcMaxPool", domain=_DOMAIN)
def nhwc_max_pool(x: Value, *, node: Value, **options: Any) -> Value:
    """MaxPool of images whose channels are their last dimension."""
    return jnp.moveaxis(max_pool(jnp.moveaxis(x, -1, 1), node=node, **options), 1, -1)


@op("GatherBlockQuantized", domain=_DOMAIN)
def gather_block_quantized(
    data: Value,
    indices: Value,
    scales: Value,
    zero_points: Value = None,
    *,
    bits: int = 4,
    block_size: int = 128,
    gather_axis: int = 0,
    quantize_axis: int = 1,
) -> Value:
    """Slices of a table quantised in blocks of an axis; uint8 holds 8 / `bits` elements of the last axis, low first.

    Without zero points they are 0, for packed elements half of the range.
    """
    zero: Value = np.float32(0)
    if data.dtype == np.uint8:
        data, zero = unpacked(data, bits), np.float32(1 << (bits - 1))
        zero_points = None if zero_points is None else unpacked(zero_points, bits)
    rows = jnp.take(data.astype(np.float32), indices, gather_axis)
    along = quantize_axis % data.ndim

    def spread(parameter: Value) -> Value:
        whole = jnp.repeat(parameter.astype(np.float32), block_size, along)
        whole = jax.lax.slice_in_dim(whole, 0, data.shape[along], axis=along)
        return jnp.take(whole, indices, gather_axis)

    return ((rows - (zero if zero_points is None else spread(zero_points))) * spread(scales)).astype(scales.dtype)


@op("QEmbedLayerNormalization", domain=_DOMAIN)
def qembed_layer_normalization(
    input_ids: Value,
    segment_ids: Value,
    *parameters: Value,
    epsilon: float = 1e-12,
) -> Value:
    """EmbedLayerNormalization of quantised tables, gamma and beta; behind the mask are their scales and zero points."""
    tables, mask = parameters[:5], parameters[5]
    scales, zeros = parameters[6:11], parameters[11:16]
    word, position, segment, gamma, beta = (
        None if table is None else dequantize_linear(table, scale.reshape(()), zero.reshape(()))
        for table, scale, zero in zip(tables, scales, zeros, strict=True)
    )
    found = embed_layer_normalization(
        input_ids, segment_ids, word, position, segment, gamma, beta, mask, epsilon=epsilon
    )
    return found[:2]


@op("QGemm", domain=_DOMAIN)
def qgemm(
    a: Value,
    a_scale: Value,
    a_zero: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value,
    c: Value = None,
    scale: Value = None,
    zero: Value = None,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    """alpha * A @ B + C, C being int32 in units of alpha * a_scale * b_scale; float32 if no output scale is given."""
    columns = 0 if transB else 1
    bias = None if c is None else dequantize_linear(c, alpha * a_scale * b_scale, axis=c.ndim - 1)
    y = gemm(
        dequantize_linear(a, a_scale, a_zero),
        dequantize_linear(b, b_scale, b_zero, axis=columns),
        bias,
        alpha=alpha,
        transA=transA,
        transB=transB,
    )
    return y if scale is None else _quantised(y, a, scale, zero)
