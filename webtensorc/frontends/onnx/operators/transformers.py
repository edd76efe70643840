"""Operators of ONNX Runtime's domain `com.microsoft` that its transformer optimiser fuses subgraphs into.

Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.operators import activation as act
from webtensorc.frontends.onnx.operators.conv import conv
from webtensorc.frontends.onnx.operators.linear import gemm, matmul
from webtensorc.frontends.onnx.operators.norm import layer_normalization
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, arange

_DOMAIN = "com.microsoft"


@op("Gelu", domain=_DOMAIN)
def gelu(x: Value) -> Value:
    """x times the normal distribution function of x."""
    return act.gelu(x)


@op("BiasGelu", domain=_DOMAIN)
def bias_gelu(x: Value, bias: Value) -> Value:
    """gelu(x + bias)."""
    return gelu(x + bias)


@op("FastGelu", domain=_DOMAIN)
def fast_gelu(x: Value, bias: Value = None) -> Value:
    """gelu(x + bias) by tanh."""
    return jax.nn.gelu(x if bias is None else x + bias, approximate=True)


@op("QuickGelu", domain=_DOMAIN)
def quick_gelu(x: Value, *, alpha: float = 1.702) -> Value:
    """x * sigmoid(alpha * x)."""
    return act.swish(x, alpha=alpha)


@op("TransposeMatMul", domain=_DOMAIN)
@op("FusedMatMul", domain=_DOMAIN)
def fused_matmul(
    a: Value,
    b: Value,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    transBatchA: int = 0,
    transBatchB: int = 0,
) -> Value:
    """alpha * A @ B; `transBatch` moves the first axis of a batch behind the others, `trans` swaps the last two."""
    y = matmul(_turned(a, transA, transBatchA), _turned(b, transB, transBatchB))
    return y * np.asarray(alpha, y.dtype)


def _turned(x: Value, swaps: int, rotates: int) -> Value:
    if rotates:
        x = jnp.moveaxis(x, 0, -2)
    return jnp.swapaxes(x, -1, -2) if swaps and x.ndim > 1 else x


_ACTIVATIONS: dict[str, Any] = {
    "Relu": act.relu,
    "Tanh": jnp.tanh,
    "Sigmoid": jax.nn.sigmoid,
    "LeakyRelu": lambda x, alpha: act.leaky_relu(x, alpha=alpha),
    "Clip": lambda x, low, high: jnp.clip(x, low, high),
    "HardSigmoid": lambda x, alpha, beta: act.hard_sigmoid(x, alpha=alpha, beta=beta),
}


@op("FusedConv", domain=_DOMAIN)
def fused_conv(
    x: Value,
    w: Value,
    b: Value = None,
    z: Value = None,
    *,
    activation: str = "",
    activation_params: tuple[float, ...] = (),
    **options: Any,
) -> Value:
    """activation(Conv(x, w, b) + z)."""
    y = conv(x, w, b, **options)
    y = y if z is None else y + z
    if activation and activation not in _ACTIVATIONS:
        raise NotSupportedError(f"its activation {activation} is not implemented")
    return _ACTIVATIONS[activation](y, *activation_params) if activation else y


@op("FusedGemm", domain=_DOMAIN)
def fused_gemm(
    a: Value,
    b: Value,
    c: Value = None,
    *,
    activation: str = "",
    activation_alpha: float | None = None,
    activation_beta: float | None = None,
    activation_gamma: float | None = None,
    **options: Any,
) -> Value:
    """activation(Gemm(a, b, c))."""
    y = gemm(a, b, c, **options)
    if activation and activation not in _ACTIVATIONS:
        raise NotSupportedError(f"its activation {activation} is not implemented")
    numbers = [each for each in (activation_alpha, activation_beta, activation_gamma) if each is not None]
    return _ACTIVATIONS[activation](y, *numbers) if activation else y


@op("SkipLayerNormalization", domain=_DOMAIN)
def skip_layer_normalization(
    x: Value, skip: Value, gamma: Value, beta: Value = None, bias: Value = None, *, epsilon: float = 1e-12
) -> Value:
    """LayerNormalization of x + skip + bias over the last axis, its statistics, and that sum."""
    total = x + skip if bias is None else x + skip + bias
    return (*layer_normalization(total, gamma, beta, epsilon=epsilon), total)


@op("SimplifiedLayerNormalization", domain=_DOMAIN)
@op("SimplifiedLayerNormalization")
def simplified_layer_normalization(
    x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    """x divided by the root of its mean square over the axes from `axis` on, and the inverse of that root."""
    wide = x.astype(np.float32)
    axes = tuple(range(axis % x.ndim, x.ndim))
    inverse = lax.rsqrt(jnp.mean(wide * wide, axes, keepdims=True) + np.float32(epsilon))
    return (wide * inverse).astype(scale.dtype) * scale, inverse


@op("SkipSimplifiedLayerNormalization", domain=_DOMAIN)
def skip_simplified_layer_normalization(
    x: Value, skip: Value, gamma: Value, bias: Value = None, *, epsilon: float = 1e-12
) -> Value:
    """SimplifiedLayerNormalization of x + skip + bias, an unused mean, its statistics, and that sum."""
    total = x + skip if bias is None else x + skip + bias
    y, inverse = simplified_layer_normalization(total, gamma, epsilon=epsilon)
    return y, None, inverse, total


@op("EmbedLayerNormalization", domain=_DOMAIN)
def embed_layer_normalization(
    input_ids: Value,
    segment_ids: Value,
    word_embedding: Value,
    position_embedding: Value,
    segment_embedding: Value,
    gamma: Value,
    beta: Value,
    mask: Value = None,
    position_ids: Value = None,
    *,
    epsilon: float = 1e-12,
    mask_index_type: int = 0,
) -> Value:
    """LayerNormalization of the sum of word, position and segment embeddings; the count of the mask; that sum."""
    places = arange(input_ids.shape[1])[None] if position_ids is None else position_ids
    total = jnp.take(word_embedding, input_ids, 0) + jnp.take(position_embedding, places, 0)
    if segment_ids is not None:
        total = total + jnp.take(segment_embedding, segment_ids, 0)
    counts = jnp.zeros(input_ids.shape[0], np.int32) if mask is None else jnp.sum(mask, 1).astype(np.int32)
    return layer_normalization(total, gamma, beta, epsilon=epsilon)[0], counts, total
