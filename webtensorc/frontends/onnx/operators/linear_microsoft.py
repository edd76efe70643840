"""Matrix products of ONNX Runtime's domain `com.microsoft` with quantised weights.

Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.linear import matmul
from webtensorc.frontends.onnx.operators.quant import dynamic_quantize_linear, matmul_integer
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "com.microsoft"


@op("MatMulIntegerToFloat", domain=_DOMAIN)
def matmul_integer_to_float(
    a: Value, b: Value, a_scale: Value, b_scale: Value, a_zero: Value = None, b_zero: Value = None, bias: Value = None
) -> Value:
    """The product of dequantised matrices + bias; scales and zero points of b may be one a column."""
    y = matmul_integer(a, b, a_zero, b_zero).astype(np.float32) * (a_scale * b_scale)
    return y if bias is None else y + bias


@op("DynamicQuantizeMatMul", domain=_DOMAIN)
def dynamic_quantize_matmul(a: Value, b: Value, b_scale: Value, b_zero: Value = None, bias: Value = None) -> Value:
    """a, quantised to 8 bits over its range, times a quantised b, + bias."""
    quantised, scale, zero = dynamic_quantize_linear(a)
    return matmul_integer_to_float(quantised, b, scale, b_scale, zero, b_zero, bias)


@op("MatMulNBits", domain=_DOMAIN)
def matmul_nbits(
    a: Value,
    b: Value,
    scales: Value,
    zero_points: Value = None,
    g_idx: Value = None,
    bias: Value = None,
    *,
    K: int,
    N: int,
    bits: int = 4,
    block_size: int,
    accuracy_level: int = 0,
    weight_prepacked: int = 0,
) -> Value:
    """A @ W^T + bias for W [N, K] quantised in blocks of a row: b is [N, blocks, bytes], the low bits first.

    Zero points are packed as the weights are, floats of the scales' type, or by default half of the range.
    """
    if g_idx is not None or weight_prepacked:
        raise NotSupportedError("reordered groups and prepacked weights are not implemented")
    if bits not in (2, 4, 8):
        raise NotSupportedError(f"weights of {bits} bits are not implemented")
    blocks = -(-K // block_size)
    whole = _unpacked(b.reshape(N, blocks, -1), bits)[..., :block_size]
    if zero_points is None:
        zero: Value = np.float32(1 << (bits - 1))
    elif jnp.issubdtype(zero_points.dtype, jnp.floating):
        zero = zero_points.reshape(N, blocks, 1)
    else:
        zero = _unpacked(zero_points.reshape(N, -1), bits)[:, :blocks, None]
    weights = (whole - zero).astype(a.dtype) * scales.reshape(N, blocks, 1).astype(a.dtype)
    y = matmul(a, weights.reshape(N, -1)[:, :K].T)
    return y if bias is None else y + bias


def _unpacked(packed: Value, bits: int) -> Value:
    """The last axis of bytes as so many more float32 of `bits` bits each."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parts = (packed[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return parts.reshape(*packed.shape[:-1], -1).astype(np.float32)
