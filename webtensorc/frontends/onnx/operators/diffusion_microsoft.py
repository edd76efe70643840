"""What ONNX Runtime's optimiser makes of diffusion models, in its domain `com.microsoft`.

Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from webtensorc.frontends.onnx.operators.conv import conv
from webtensorc.frontends.onnx.operators.norm import group_normalization_21
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value

_DOMAIN = "com.microsoft"


@op("GroupNorm", domain=_DOMAIN)
def group_norm(
    x: Value, gamma: Value, beta: Value, *, activation: int, groups: int, channels_last: int = 1, epsilon: float = 1e-5
) -> Value:
    """GroupNormalization with scale and bias of each channel, then SiLU if `activation` is 1."""
    image = jnp.moveaxis(x, -1, 1) if channels_last else x
    scale, bias = (each.astype(x.dtype) for each in (gamma, beta))
    y = group_normalization_21(image, scale, bias, num_groups=groups, epsilon=epsilon)
    y = jnp.moveaxis(y, 1, -1) if channels_last else y
    return jax.nn.silu(y) if activation else y


@op("SkipGroupNorm", domain=_DOMAIN)
def skip_group_norm(
    x: Value, gamma: Value, beta: Value, skip: Value, bias: Value = None, *, channels_last: int = 1, **options: Any
) -> Value:
    """GroupNorm of x + skip + bias, and that sum; a skip [batch, channels] is the same at every place."""

    def by_channel(vector: Value) -> Value:
        return vector if channels_last else vector[..., None, None]

    whole = by_channel(skip[:, None, None] if channels_last else skip) if skip.ndim == 2 else skip
    total = x + whole if bias is None else x + whole + by_channel(bias)
    return group_norm(total, gamma, beta, channels_last=channels_last, **options), total


@op("BiasAdd", domain=_DOMAIN)
def bias_add(x: Value, bias: Value, skip: Value) -> Value:
    """x + bias + skip, the bias along the last axis."""
    return x + bias + skip


@op("BiasSplitGelu", domain=_DOMAIN)
def bias_split_gelu(x: Value, bias: Value) -> Value:
    """The left half of x + bias along the last axis, times gelu of the right one."""
    left, right = jnp.split(x + bias, 2, -1)
    return left * jax.nn.gelu(right, approximate=False)


@op("NhwcConv", domain=_DOMAIN)
def nhwc_conv(x: Value, w: Value, b: Value = None, **options: Any) -> Value:
    """Conv of images whose channels are their last dimension, of the weights too: [maps, height, width, channels]."""
    return jnp.moveaxis(conv(jnp.moveaxis(x, -1, 1), jnp.moveaxis(w, -1, 1), b, **options), 1, -1)
