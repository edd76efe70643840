"""Attention as ONNX Runtime has it in its domain `com.microsoft`: one node for projections, caches, masks and heads.

Inside, tensors are [batch, heads, length, size]. Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.linear_microsoft import matmul_integer_to_float
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, arange, xp

_DOMAIN = "com.microsoft"


def split(x: Value, heads: int) -> Value:
    """[batch, length, heads * size] as [batch, heads, length, size]."""
    return jnp.swapaxes(x.reshape(*x.shape[:2], heads, -1), 1, 2)


def joined(x: Value) -> Value:
    """The inverse of `split`."""
    return jnp.swapaxes(x, 1, 2).reshape(x.shape[0], x.shape[2], -1)


def attend(q: Value, k: Value, v: Value, added: Value, scale: float, softcap: float = 0.0, sink: Value = None) -> Value:
    """softmax(q k^T * scale, limited by softcap, + added) v, each head of k and v serving as many of q as there are.

    A head's `sink` is the score of one more key that has no value.
    """
    times = q.shape[1] // k.shape[1]
    k, v = (each if times == 1 else jnp.repeat(each, times, 1) for each in (k, v))
    scores = jnp.einsum("bhid,bhjd->bhij", q, k).astype(np.float32) * np.float32(scale or q.shape[-1] ** -0.5)
    if softcap:
        scores = np.float32(softcap) * jnp.tanh(scores / np.float32(softcap))
    scores = scores if added is None else scores + added
    if sink is None:
        weights = jax.nn.softmax(scores, -1)
    else:
        level = jnp.broadcast_to(sink.astype(np.float32).reshape(1, -1, 1, 1), (*scores.shape[:-1], 1))
        weights = jax.nn.softmax(jnp.concatenate([scores, level], -1), -1)[..., : scores.shape[-1]]
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


def sum_of(*parts: Value) -> Value:
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
        q, (k, v) = split(query, num_heads), (jnp.swapaxes(key[..., part, :], 1, 2) for part in range(2))
    else:
        q = split(query, num_heads)
        k, v = (each if each.ndim == 4 else split(each, num_heads) for each in (key, value))
    if bias is not None:
        width = num_heads * q.shape[-1]
        shares = (bias[:width], bias[width : 2 * width], bias[2 * width :])
        q = q + split(shares[0][None, None], num_heads)
        if not is_cached:
            k, v = (each + split(share[None, None], num_heads) for each, share in zip((k, v), shares[1:], strict=True))
    if past_key is not None:
        k, v = jnp.concatenate([past_key, k], 2), jnp.concatenate([past_value, v], 2)
    total = k.shape[2]
    hidden = _padding(key_padding_mask, q.shape[0], total, mask_filter_value)
    later = _causal(q.shape[2], total) if unidirectional else None
    return joined(attend(q, k, v, sum_of(hidden, attention_bias, later), scale)), k, v


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
    q, k, v = (split(part, heads) for part in jnp.split(projected, np.cumsum(widths)[:2].tolist(), -1))
    if past is not None:
        k, v = jnp.concatenate([past[0], k], 2), jnp.concatenate([past[1], v], 2)
    total = k.shape[2]
    later = _causal(q.shape[2], total) if unidirectional else None
    added = sum_of(_padding(mask, q.shape[0], total, filtered), attention_bias, later)
    present = jnp.stack([k, v]) if k.shape == v.shape else None
    return joined(attend(q, k, v, added, scale)), present


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
