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


@op("MatMulInteger16", domain=_DOMAIN)
def matmul_integer16(a: Value, b: Value) -> Value:
    """The product of matrices of 16-bit integers in int32, or uint32 if both have no sign."""
    dtype = np.uint32 if a.dtype == b.dtype == np.uint16 else np.int32
    return jnp.matmul(a.astype(dtype), b.astype(dtype))


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

    Zero points are packed as the weights are, floats of the scales' type, or by default half of the range. `g_idx` says
    for each of the K which block's scale and zero point it has.
    """
    if weight_prepacked:
        raise NotSupportedError("prepacked weights are not implemented")
    if bits not in (2, 4, 8):
        raise NotSupportedError(f"weights of {bits} bits are not implemented")
    blocks = -(-K // block_size)
    whole = unpacked(b.reshape(N, blocks, -1), bits)[..., :block_size]
    if zero_points is None:
        zero: Value = np.float32(1 << (bits - 1))
    elif jnp.issubdtype(zero_points.dtype, jnp.floating):
        zero = zero_points.reshape(N, blocks, 1)
    else:
        zero = unpacked(zero_points.reshape(N, -1), bits)[:, :blocks, None]
    factors = scales.reshape(N, blocks, 1)
    if g_idx is not None:
        whole = whole.reshape(N, -1)[:, :K]
        zero, factors = (
            each if each.ndim == 0 else jnp.take(each.reshape(N, -1), g_idx[:K], 1) for each in (zero, factors)
        )
    weights = (whole - zero).astype(a.dtype) * factors.astype(a.dtype)
    y = matmul(a, weights.reshape(N, -1)[:, :K].T)
    return y if bias is None else y + bias


_FP4 = np.asarray([0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4], np.float32)
_NF4 = np.asarray(
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ],
    np.float32,
)


@op("MatMulBnb4", domain=_DOMAIN)
def matmul_bnb4(
    a: Value,
    b: Value,
    absmax: Value,
    *,
    K: int,
    N: int,
    block_size: int,
    quant_type: int,
    training_mode: int = 0,
    transB: int = 1,
) -> Value:
    """A @ W^T for W [N, K] in blocks of its flattened form: 4 bits an element, the high ones first, that pick a number.

    The numbers are those of FP4 (`quant_type` 0) or NF4 (1), times the block's largest magnitude. Source: Dettmers et
    al., "QLoRA: Efficient Finetuning of Quantized LLMs" (NeurIPS 2023), appendix E.
    """
    numbers = _NF4 if quant_type else np.concatenate([_FP4, -_FP4])
    codes = jnp.stack([b.ravel() >> np.uint8(4), b.ravel() & np.uint8(15)], -1).reshape(-1)
    whole = jnp.take(numbers, codes.astype(np.int32)).astype(a.dtype)
    scales = jnp.repeat(absmax, block_size)[: whole.shape[0]]
    weights = (whole * scales.astype(a.dtype))[: N * K].reshape(N, K)
    return matmul(a, weights.T if transB else weights)


def unpacked(packed: Value, bits: int) -> Value:
    """The last axis of bytes as so many more float32 of `bits` bits each."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parts = (packed[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return parts.reshape(*packed.shape[:-1], -1).astype(np.float32)
