"""Attention as ONNX Runtime has it in its domain `com.microsoft`: one node for projections, caches, masks and heads.

Inside, tensors are [batch, heads, length, size]. Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.linear_microsoft import matmul_integer_to_float
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, arange, known_ints, larger, xp

_DOMAIN = "com.microsoft"


def _split(x: Value, heads: int) -> Value:
    """[batch, length, heads * size] as [batch, heads, length, size]."""
    return jnp.swapaxes(x.reshape(*x.shape[:2], heads, -1), 1, 2)


def _joined(x: Value) -> Value:
    """The inverse of `_split`."""
    return jnp.swapaxes(x, 1, 2).reshape(x.shape[0], x.shape[2], -1)


def _attend(q: Value, k: Value, v: Value, added: Value, scale: float, softcap: float = 0.0) -> Value:
    """softmax(q k^T * scale, limited by softcap, + added) v, each head of k and v serving as many of q as there are."""
    times = q.shape[1] // k.shape[1]
    k, v = (each if times == 1 else jnp.repeat(each, times, 1) for each in (k, v))
    scores = jnp.einsum("bhid,bhjd->bhij", q, k).astype(np.float32) * np.float32(scale or q.shape[-1] ** -0.5)
    if softcap:
        scores = np.float32(softcap) * jnp.tanh(scores / np.float32(softcap))
    weights = jax.nn.softmax(scores if added is None else scores + added, -1)
    return jnp.einsum("bhij,bhjd->bhid", weights.astype(v.dtype), v)


def _padding(mask: Value, batch: int, total: int, filtered: float) -> Value:
    """What a key mask adds to the scores: 0 where a key counts, `filtered` elsewhere, [batch, 1, 1 or queries, keys].

    The mask is [batch] lengths, [2 batch] ends and starts, [batch, keys] or [batch, queries, keys] flags.
    """
    if mask is None:
        return None
    if mask.ndim == 1 and mask.shape[0] in (batch, 2 * batch):
        at = arange(total)
        counts = at < mask[:batch, None]
        if mask.shape[0] == 2 * batch:
            counts = counts & (at >= mask[batch:, None])
        counts = counts[:, None, None]
    elif mask.ndim in (2, 3) and mask.shape[-1] == total:
        counts = (mask != 0).reshape(batch, 1, -1, total)
    else:
        raise NotSupportedError(f"a mask of shape {list(mask.shape)} is not implemented")
    return jnp.where(counts, np.float32(0), np.float32(filtered))


def _causal(queries: int, total: int) -> Value:
    """What keeps query i, at position total - queries + i, from later keys."""
    later = arange(total) > (arange(queries) + (total - queries))[:, None]
    return xp(later).where(later, np.finfo(np.float32).min / 2, 0).astype(np.float32)


def _sum(*parts: Value) -> Value:
    """The sum of those that are there, or None."""
    found = [each for each in parts if each is not None]
    return sum(found[1:], found[0]) if found else None


@op("MultiHeadAttention", domain=_DOMAIN)
def multi_head_attention(
    query: Value,
    key: Value = None,
    value: Value = None,
    bias: Value = None,
    key_padding_mask: Value = None,
    attention_bias: Value = None,
    past_key: Value = None,
    past_value: Value = None,
    *,
    num_heads: int,
    scale: float = 0.0,
    mask_filter_value: float = -10000.0,
    unidirectional: int = 0,
) -> Value:
    """Attention of query, key and value, and the longer caches; key and value may be split into heads already.

    Without key, the query is [batch, length, heads, 3, size], all three side by side; without value, the key is
    [batch, length, heads, 2, size].
    """
    is_cached = key is not None and key.ndim == 4
    if key is None:
        q, k, v = (jnp.swapaxes(query[..., part, :], 1, 2) for part in range(3))
    elif value is None:
        q, (k, v) = _split(query, num_heads), (jnp.swapaxes(key[..., part, :], 1, 2) for part in range(2))
    else:
        q = _split(query, num_heads)
        k, v = (each if each.ndim == 4 else _split(each, num_heads) for each in (key, value))
    if bias is not None:
        width = num_heads * q.shape[-1]
        shares = (bias[:width], bias[width : 2 * width], bias[2 * width :])
        q = q + _split(shares[0][None, None], num_heads)
        if not is_cached:
            k, v = (each + _split(share[None, None], num_heads) for each, share in zip((k, v), shares[1:], strict=True))
    if past_key is not None:
        k, v = jnp.concatenate([past_key, k], 2), jnp.concatenate([past_value, v], 2)
    total = k.shape[2]
    hidden = _padding(key_padding_mask, q.shape[0], total, mask_filter_value)
    later = _causal(q.shape[2], total) if unidirectional else None
    return _joined(_attend(q, k, v, _sum(hidden, attention_bias, later), scale)), k, v


@op("Attention", domain=_DOMAIN)
def attention(
    x: Value,
    weights: Value,
    bias: Value = None,
    mask_index: Value = None,
    past: Value = None,
    attention_bias: Value = None,
    *,
    num_heads: int,
    qkv_hidden_sizes: tuple[int, ...] | None = None,
    scale: float = 0.0,
    mask_filter_value: float = -10000.0,
    unidirectional: int = 0,
) -> Value:
    """Self-attention of x [batch, length, width] projected by `weights` to queries, keys and values beside each other.

    `past` and the second output are keys and values stacked, [2, batch, heads, length, size].
    """
    projected = jnp.matmul(x, weights)
    if bias is not None:
        projected = projected + bias
    return _self_attention(
        projected,
        mask_index,
        past,
        attention_bias,
        num_heads,
        qkv_hidden_sizes,
        scale,
        mask_filter_value,
        unidirectional,
    )


def _self_attention(
    projected: Value,
    mask: Value,
    past: Value,
    attention_bias: Value,
    heads: int,
    sizes: tuple[int, ...] | None,
    scale: float,
    filtered: float,
    unidirectional: int,
) -> Value:
    widths = sizes or (projected.shape[-1] // 3,) * 3
    q, k, v = (_split(part, heads) for part in jnp.split(projected, np.cumsum(widths)[:2].tolist(), -1))
    if past is not None:
        k, v = jnp.concatenate([past[0], k], 2), jnp.concatenate([past[1], v], 2)
    total = k.shape[2]
    later = _causal(q.shape[2], total) if unidirectional else None
    added = _sum(_padding(mask, q.shape[0], total, filtered), attention_bias, later)
    present = jnp.stack([k, v]) if k.shape == v.shape else None
    return _joined(_attend(q, k, v, added, scale)), present


@op("QAttention", domain=_DOMAIN)
def qattention(
    x: Value,
    weight: Value,
    bias: Value,
    x_scale: Value,
    weight_scale: Value,
    mask_index: Value = None,
    x_zero: Value = None,
    weight_zero: Value = None,
    past: Value = None,
    *,
    num_heads: int,
    scale: float = 0.0,
    mask_filter_value: float = -10000.0,
    unidirectional: int = 0,
) -> Value:
    """Attention whose projection is an integer product."""
    projected = matmul_integer_to_float(x, weight, x_scale, weight_scale, x_zero, weight_zero, bias)
    return _self_attention(projected, mask_index, past, None, num_heads, None, scale, mask_filter_value, unidirectional)


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
    whole = _split(x, heads) if is_flat else x
    length = whole.shape[2]
    places = position_ids if position_ids.ndim == 2 else position_ids.reshape(1, 1) + arange(length)[None]
    y = _rotated(whole, places, cos_cache, sin_cache, interleaved)
    return _joined(y) if is_flat else y


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
    *,
    num_heads: int,
    kv_num_heads: int,
    do_rotary: int = 0,
    local_window_size: int = -1,
    rotary_interleaved: int = 0,
    scale: float = 0.0,
    softcap: float = 0.0,
) -> Value:
    """Causal attention with a cache of keys and values: `seqlens_k` + 1 of them count in each batch entry.

    Without key and value, the query holds all three side by side. The cache is as long as `total_sequence_length`, or
    as the past one where that is a longer buffer.
    """
    if key is None:
        size = query.shape[-1] // (num_heads + 2 * kv_num_heads)
        query, key, value = jnp.split(query, [num_heads * size, (num_heads + kv_num_heads) * size], -1)
    q, k, v = _split(query, num_heads), _split(key, kv_num_heads), _split(value, kv_num_heads)
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
    hidden = slots > at[..., None]
    if local_window_size > 0:
        hidden = hidden | (slots <= at[..., None] - local_window_size)
    added = jnp.where(hidden, np.finfo(np.float32).min / 2, np.float32(0)).astype(np.float32)[:, None]
    return _joined(_attend(q, keys, values, _sum(added, attention_bias), scale, softcap)), keys, values


def _appended(past: Value, fresh: Value, old: Value, length: int) -> Value:
    """A cache of `length` slots: in each batch entry the first `old` of the past, then the fresh ones."""
    whole = fresh if past is None else jnp.concatenate([past, fresh], 2)
    before = whole.shape[2] - fresh.shape[2]
    slots = arange(length)
    source = jnp.where(slots < old, slots, before + slots - old)
    return jnp.take_along_axis(whole, jnp.clip(source, 0, whole.shape[2] - 1)[:, None, :, None], 2)
