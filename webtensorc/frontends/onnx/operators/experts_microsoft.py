"""Mixtures of experts of ONNX Runtime's domain `com.microsoft`, with floats for weights and with quantised ones.

Tokens are [tokens, width] inside, weights [experts, made, given] as in the files. Source: ONNX Runtime,
docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.linear_microsoft import unpacked
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "com.microsoft"
Activation = Literal["relu", "gelu", "silu", "swiglu", "identity"]
Layer = tuple[Value, Value]
"""Weights [experts, made, given] and bias [experts, made], either None where there is none."""

_PLAIN: dict[str, Callable[[Value], Value]] = {
    "relu": jax.nn.relu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=True),  # in all providers of ONNX Runtime
    "silu": jax.nn.silu,
    "identity": lambda x: x,
}


@dataclass(frozen=True)
class _Gate:
    """The activation between the layers of an expert: SwiGLU's has two halves, together in the first layer if `fusion`.

    swiglu(g, l) = g' sigmoid(alpha g') (l' + beta), with g' = min(g, limit) and l' within the limit on both sides.
    """

    name: str
    fusion: int
    alpha: float
    beta: float
    limit: float | None

    def __call__(self, first: Value, third: Value) -> Value:
        if self.name != "swiglu":
            y = _PLAIN[self.name](first)
            return y if third is None else y * third
        if self.fusion == 1:
            gate, line = first[..., 0::2], first[..., 1::2]
        elif self.fusion == 2:
            gate, line = jnp.split(first, 2, -1)
        else:
            gate, line = first, third
        if self.limit is not None:
            gate, line = jnp.minimum(gate, self.limit), jnp.clip(line, -self.limit, self.limit)
        return gate * jax.nn.sigmoid(self.alpha * gate) * (line + self.beta)


@op("MoE", domain=_DOMAIN)
def moe(
    x: Value,
    router_probs: Value,
    fc1: Value,
    fc1_bias: Value,
    fc2: Value,
    fc2_bias: Value = None,
    fc3: Value = None,
    fc3_bias: Value = None,
    *,
    activation_type: Activation = "relu",
    activation_alpha: float = 1.0,
    activation_beta: float = 0.0,
    k: int = 1,
    normalize_routing_weights: int = 0,
    swiglu_fusion: int = 0,
    swiglu_limit: float | None = None,
    use_sparse_mixer: int = 0,
) -> Value:
    """What the `k` experts with the largest shares make of each token, weighted by these shares: softmax(router_probs).

    An expert is fc2(activation(fc1(x))), times fc3(x) before fc2 if there is one.
    """
    if use_sparse_mixer:
        raise NotSupportedError("`use_sparse_mixer` is not implemented")
    gate = _Gate(activation_type, swiglu_fusion, activation_alpha, activation_beta, swiglu_limit)
    shares = jax.nn.softmax(router_probs.astype(np.float32), -1)
    chosen = _chosen(shares, shares, k, normalize_routing_weights)
    return _mixed(x, *chosen, gate, (fc1, fc1_bias), (fc2, fc2_bias), (fc3, fc3_bias))


def _chosen(ranked: Value, shares: Value, k: int, is_normalised: int) -> tuple[Value, Value]:
    """The experts [tokens, k] that rank highest, and their shares."""
    _, experts = jax.lax.top_k(ranked, k)
    chosen = jnp.take_along_axis(shares, experts, -1)
    return experts, chosen / jnp.sum(chosen, -1, keepdims=True) if is_normalised else chosen


def _mixed(x: Value, experts: Value, shares: Value, gate: _Gate, first: Layer, second: Layer, third: Layer) -> Value:
    """The experts' results for each token, summed by their shares.

    All experts see all tokens, which are masked afterwards, unless there are fewer choices than experts: then the
    weights of the chosen ones are picked.
    """
    count = first[0].shape[0]
    tokens = x.reshape(-1, x.shape[-1])
    choices = tokens.shape[0] * experts.shape[1]
    is_picked = isinstance(choices, int) and choices < count
    if is_picked:
        place = experts.ravel()
        first, second, third = (_picked(each, place) for each in (first, second, third))
        given, weights = jnp.repeat(tokens, experts.shape[1], 0)[:, None], shares.reshape(-1, 1)
    else:
        given = jnp.broadcast_to(tokens, (count, *tokens.shape))
        is_chosen = experts[..., None] == np.arange(count, dtype=experts.dtype)
        weights = jnp.sum(jnp.where(is_chosen, shares[..., None], np.float32(0)), 1).T
    hidden = gate(_layer(given, first), None if third[0] is None else _layer(given, third))
    made = _layer(hidden, second) * weights[..., None].astype(x.dtype)
    y = made.reshape(*experts.shape, -1).sum(1) if is_picked else made.sum(0)
    return y.astype(x.dtype).reshape(x.shape)


def _picked(layer: Layer, place: Value) -> Layer:
    weights, bias = (None if each is None else jnp.take(each, place, 0) for each in layer)
    return weights, bias


def _layer(x: Value, layer: Layer) -> Value:
    """x [experts, tokens, given] through each expert's own layer."""
    weights, bias = layer
    y = jnp.einsum("etg,emg->etm", x, weights.astype(x.dtype))
    return y if bias is None else y + bias[:, None].astype(x.dtype)


@op("QMoE", domain=_DOMAIN)
def qmoe(
    x: Value,
    router_probs: Value,
    fc1: Value,
    fc1_scales: Value,
    fc1_bias: Value,
    fc2: Value,
    fc2_scales: Value,
    fc2_bias: Value = None,
    fc3: Value = None,
    fc3_scales: Value = None,
    fc3_bias: Value = None,
    fc1_zeros: Value = None,
    fc2_zeros: Value = None,
    fc3_zeros: Value = None,
    router_weights: Value = None,
    *,
    accuracy_level: int = 0,
    activation_type: Activation = "relu",
    activation_alpha: float = 1.0,
    activation_beta: float = 0.0,
    block_size: int = 0,
    expert_weight_bits: int = 4,
    fc1_expert_weight_bits: int = 0,
    fc2_expert_weight_bits: int = 0,
    fc3_expert_weight_bits: int = 0,
    k: int = 1,
    normalize_routing_weights: int = 0,
    quant_type: Literal["int"] = "int",
    swiglu_fusion: int = 0,
    swiglu_limit: float | None = None,
    use_sparse_mixer: int = 0,
    weights_prepacked: int = -1,
) -> Value:
    """MoE with weights of a few bits, the low ones first in a byte, and scales for each row or for blocks of rows.

    With `router_weights` the shares are theirs, as they are, and `router_probs` only rank the experts.
    """
    if use_sparse_mixer or weights_prepacked == 1:
        raise NotSupportedError("`use_sparse_mixer` and prepacked weights are not implemented")
    gate = _Gate(activation_type, swiglu_fusion, activation_alpha, activation_beta, swiglu_limit)
    shares = jax.nn.softmax(router_probs.astype(np.float32), -1) if router_weights is None else router_weights
    bits = [each or expert_weight_bits for each in (fc1_expert_weight_bits, fc2_expert_weight_bits)]
    bits.append(fc3_expert_weight_bits or expert_weight_bits)
    stored = ((fc1, fc1_scales, fc1_zeros), (fc2, fc2_scales, fc2_zeros), (fc3, fc3_scales, fc3_zeros))
    first, second, third = (
        (None if each[0] is None else _dequantised(*each, width, block_size, x.dtype), bias)
        for each, width, bias in zip(stored, bits, (fc1_bias, fc2_bias, fc3_bias), strict=True)
    )
    chosen = _chosen(router_probs, shares.astype(np.float32), k, normalize_routing_weights)
    return _mixed(x, *chosen, gate, first, second, third)


def _dequantised(packed: Value, scales: Value, zeros: Value, bits: int, block_size: int, dtype: Any) -> Value:
    """(weights - zero point) * scale, [experts, made, given]; zero points are half of the range by default."""
    if bits not in (2, 4, 8):
        raise NotSupportedError(f"weights of {bits} bits are not implemented")
    whole = unpacked(packed, bits)
    experts, made, given = whole.shape
    blocks = whole.reshape(experts, made, -1, block_size or given)
    if zeros is None:
        zero: Value = np.float32(1 << (bits - 1))
    else:
        zero = unpacked(zeros, bits)[..., : blocks.shape[2] if block_size else made].reshape(experts, made, -1, 1)
    scale = scales.reshape(experts, made, -1, 1).astype(np.float32)
    return ((blocks - zero) * scale).reshape(whole.shape).astype(dtype)
