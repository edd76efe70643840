"""Linear attention and what surrounds it in state-space models, in ONNX Runtime's domain `com.microsoft`.

Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain; ONNX, operators LinearAttention and
CausalConvWithState of opset 27.
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import is_open
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "com.microsoft"
_GATES = {"sigmoid": jax.nn.sigmoid, "silu": jax.nn.silu, "swish": jax.nn.silu}


@op("LinearAttention", domain=_DOMAIN)
def linear_attention(
    query: Value,
    key: Value,
    value: Value,
    past_state: Value = None,
    decay: Value = None,
    beta: Value = None,
    *,
    q_num_heads: int,
    kv_num_heads: int,
    chunk_size: int = 64,
    scale: float = 0.0,
    state_window: int = 0,
    update_rule: Literal["linear", "gated", "delta", "gated_delta"] = "gated_delta",
) -> Value:
    """A state S [batch, heads, d_k, d_v] that each step changes and each query reads: o = scale S^T q.

    S becomes e^g S + k (beta (v - e^g S^T k))^T: without `gated` e^g is 1, without `delta` what is added is k v^T. The
    fewer of query and state heads serve the others in groups. Computed in float32.
    """
    if state_window:
        raise NotSupportedError("windows of states are not implemented")
    batch, steps = query.shape[:2]

    def by_step(x: Value, heads: int) -> Value:
        """[batch, steps, heads * size] as [steps, batch, heads, size]."""
        return jnp.moveaxis(x.astype(np.float32).reshape(batch, steps, heads, -1), 1, 0)

    q, k, v = by_step(query, q_num_heads), by_step(key, kv_num_heads), by_step(value, kv_num_heads)
    factor = np.float32(scale or q.shape[-1] ** -0.5)
    q = jnp.repeat(q, max(kv_num_heads // q_num_heads, 1), 2)
    gates = jnp.exp(by_step(decay, kv_num_heads)) if "gated" in update_rule else jnp.ones((steps, 1, 1, 1), np.float32)
    rates = by_step(beta, beta.shape[-1]) if "delta" in update_rule else jnp.ones((steps, 1, 1, 1), np.float32)
    shape = (batch, kv_num_heads, k.shape[-1], v.shape[-1])
    start = jnp.zeros(shape, np.float32) if past_state is None else past_state.astype(np.float32)

    def step(state: Value, each: tuple[Value, ...]) -> tuple[Value, Value]:
        q, k, v, gate, rate = each
        state = gate[..., None] * state
        known = jnp.einsum("bhkv,bhk->bhv", state, k) if "delta" in update_rule else np.float32(0)
        state = state + k[..., None] * (rate * (v - known))[..., None, :]
        read = jnp.repeat(state, max(q_num_heads // kv_num_heads, 1), 1)
        return state, factor * jnp.einsum("bhkv,bhk->bhv", read, q)

    with jax.disable_jit(False):
        last, found = lax.scan(step, start, (q, k, v, gates, rates))
    output = jnp.moveaxis(found, 0, 1).reshape(batch, steps, -1).astype(query.dtype)
    return output, last.astype(query.dtype if past_state is None else past_state.dtype)


@op("CausalConvWithState", domain=_DOMAIN)
def causal_conv_with_state(
    x: Value,
    weight: Value,
    bias: Value = None,
    past_state: Value = None,
    *,
    activation: Literal["none", "silu", "swish"] = "none",
    channels_last: int = 0,
    dilation: int = 1,
    ndim: int = 1,
    state_window: int = 0,
) -> Value:
    """Depthwise convolution of [batch, channels, steps] over earlier steps, and the steps that the next call needs."""
    if ndim != 1 or channels_last or state_window:
        raise NotSupportedError("only one dimension, channels first and a single state are implemented")
    if is_open(x.shape[1]):
        raise NotSupportedError("the number of its channels must be known when the model is compiled")
    channels, before = x.shape[1], (weight.shape[-1] - 1) * dilation
    past = jnp.zeros((x.shape[0], channels, before), x.dtype) if past_state is None else past_state.astype(x.dtype)
    whole = jnp.concatenate([past, x], 2)
    y = lax.conv_general_dilated(whole, weight, (1,), [(0, 0)], rhs_dilation=(dilation,), feature_group_count=channels)
    y = y if bias is None else y + bias[:, None]
    return y if activation == "none" else jax.nn.silu(y), whole[:, :, whole.shape[2] - before :]


@op("LinearAttentionGate", domain=_DOMAIN)
def linear_attention_gate(a: Value, dt_bias: Value, decay_scale: Value, b: Value = None) -> Value:
    """decay_scale * softplus(a + dt_bias), and sigmoid(b), in float32."""
    decay = decay_scale * jax.nn.softplus(a.astype(np.float32) + dt_bias)
    rate = None if b is None else jax.nn.sigmoid(b.astype(np.float32)).astype(b.dtype)
    return decay.astype(a.dtype), rate


@op("GatedRMSNorm", domain=_DOMAIN)
def gated_rms_norm(
    x: Value,
    scale: Value,
    gate: Value,
    *,
    activation: Literal["silu", "swish", "sigmoid"] = "silu",
    epsilon: float = 1e-5,
) -> Value:
    """Groups of as many elements as `scale` has, over their root mean square, times scale and activation(gate)."""
    wide = x.astype(np.float32).reshape(*x.shape[:-1], -1, scale.shape[0])
    inverse = lax.rsqrt(jnp.mean(wide * wide, -1, keepdims=True) + np.float32(epsilon))
    y = (wide * inverse * scale.astype(np.float32)).reshape(x.shape)
    return (y * _GATES[activation](gate.astype(np.float32))).astype(x.dtype)
