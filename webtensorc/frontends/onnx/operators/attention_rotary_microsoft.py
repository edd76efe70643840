"""Attention with rotated queries and keys, as ONNX Runtime has it in its domain `com.microsoft` for language models.

Inside, tensors are [batch, heads, length, size]. Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.attention_microsoft import attend, joined, split, sum_of
from webtensorc.frontends.onnx.operators.transformers import simplified_layer_normalization
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, arange, known_ints, larger

_DOMAIN = "com.microsoft"


@op("RotaryEmbedding", domain=_DOMAIN)
def rotary_embedding(
    x: Value,
    position_ids: Value,
    cos_cache: Value,
    sin_cache: Value,
    *,
    interleaved: int = 0,
    num_heads: int = 0,
    rotary_embedding_dim: int = 0,
    scale: float = 1.0,
    is_packed_batching: int = 0,
) -> Value:
    """Rotate pairs of features by angles that grow with the position; positions are [batch, length], or a first one."""
    if is_packed_batching:
        raise NotSupportedError("packed batches are not implemented")
    is_flat = x.ndim == 3
    size = rotary_embedding_dim or 2 * cos_cache.shape[-1]
    heads = num_heads or (x.shape[-1] // size if is_flat else x.shape[1])
    whole = split(x, heads) if is_flat else x
    length = whole.shape[2]
    places = position_ids if position_ids.ndim == 2 else position_ids.reshape(1, 1) + arange(length)[None]
    y = _rotated(whole, places, cos_cache, sin_cache, interleaved)
    return joined(y) if is_flat else y


def _rotated(x: Value, places: Value, cos_cache: Value, sin_cache: Value, interleaved: int) -> Value:
    """x [batch, heads, length, size] with its first 2 * (width of the caches) features rotated."""
    cos, sin = (jnp.take(jnp.asarray(each), places, 0, mode="clip")[:, None] for each in (cos_cache, sin_cache))
    half = cos_cache.shape[-1]
    turning, still = x[..., : 2 * half], x[..., 2 * half :]
    if interleaved:
        a, b = turning[..., 0::2], turning[..., 1::2]
    else:
        a, b = turning[..., :half], turning[..., half:]
    new = (a * cos - b * sin, a * sin + b * cos)
    mixed = jnp.stack(new, -1).reshape(turning.shape) if interleaved else jnp.concatenate(new, -1)
    return jnp.concatenate([mixed, still], -1)


@op("GroupQueryAttention", domain=_DOMAIN)
def group_query_attention(
    query: Value,
    key: Value,
    value: Value,
    past_key: Value,
    past_value: Value,
    seqlens_k: Value,
    total_sequence_length: Value,
    cos_cache: Value = None,
    sin_cache: Value = None,
    position_ids: Value = None,
    attention_bias: Value = None,
    head_sink: Value = None,
    k_scale: Value = None,
    v_scale: Value = None,
    q_norm_weight: Value = None,
    k_norm_weight: Value = None,
    *,
    num_heads: int,
    kv_num_heads: int,
    causal: int = 1,
    do_rotary: int = 0,
    k_quant_type: Literal["NONE"] = "NONE",
    kv_cache_bit_width: int = 0,
    local_window_size: int = -1,
    q_norm_epsilon: float | None = None,
    k_norm_epsilon: float | None = None,
    qk_norm_epsilon: float = 1e-6,
    qk_output: int = 0,
    rotary_interleaved: int = 0,
    scale: float = 0.0,
    sliding_window_cache: int = 0,
    smooth_softmax: int = 0,
    softcap: float = 0.0,
    v_quant_type: Literal["NONE"] = "NONE",
) -> Value:
    """Causal attention with a cache of keys and values: `seqlens_k` + 1 of them count in each batch entry.

    Without key and value, the query holds all three side by side. The cache is as long as `total_sequence_length`, or
    as the past one where that is a longer buffer. Queries and keys may be normalised by their root mean square first.
    `smooth_softmax` is a sink of score 0 for all heads.
    """
    if qk_output or sliding_window_cache:
        raise NotSupportedError("`qk_output` and `sliding_window_cache` are not implemented")
    if key is None:
        size = query.shape[-1] // (num_heads + 2 * kv_num_heads)
        query, key, value = jnp.split(query, [num_heads * size, (num_heads + kv_num_heads) * size], -1)
    q, k, v = split(query, num_heads), split(key, kv_num_heads), split(value, kv_num_heads)
    if q_norm_weight is not None:
        q = simplified_layer_normalization(q, q_norm_weight, epsilon=q_norm_epsilon or qk_norm_epsilon)[0]
        k = simplified_layer_normalization(k, k_norm_weight, epsilon=k_norm_epsilon or qk_norm_epsilon)[0]
    batch, _, new, _ = q.shape
    before = 0 if past_key is None else past_key.shape[2]
    length = larger(before, known_ints(total_sequence_length, "total_sequence_length")[0])
    old = jnp.maximum(jnp.reshape(seqlens_k, (batch, 1)).astype(np.int64) + 1 - new, 0)
    at = old + arange(new)
    if do_rotary:
        places = at if position_ids is None else position_ids
        q, k = (_rotated(each, places, cos_cache, sin_cache, rotary_interleaved) for each in (q, k))
    keys, values = (_appended(past, fresh, old, length) for past, fresh in ((past_key, k), (past_value, v)))
    slots = arange(length)
    hidden = slots > (at if causal else old + (new - 1) + jnp.zeros_like(at))[..., None]
    if local_window_size > 0:
        hidden = hidden | (slots <= at[..., None] - local_window_size)
    added = jnp.where(hidden, np.finfo(np.float32).min / 2, np.float32(0)).astype(np.float32)[:, None]
    sink = np.zeros(num_heads, np.float32) if smooth_softmax and head_sink is None else head_sink
    return joined(attend(q, keys, values, sum_of(added, attention_bias), scale, softcap, sink)), keys, values


def _appended(past: Value, fresh: Value, old: Value, length: int) -> Value:
    """A cache of `length` slots: in each batch entry the first `old` of the past, then the fresh ones."""
    whole = fresh if past is None else jnp.concatenate([past, fresh], 2)
    before = whole.shape[2] - fresh.shape[2]
    slots = arange(length)
    source = jnp.where(slots < old, slots, before + slots - old)
    return jnp.take_along_axis(whole, jnp.clip(source, 0, whole.shape[2] - 1)[:, None, :, None], 2)
