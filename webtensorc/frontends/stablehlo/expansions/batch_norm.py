"""The gradient of a batch normalisation, which the native compiler (IREE 3.13) lacks beside that itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from webtensorc.frontends.stablehlo.expansion import Call, expands


@expands("stablehlo.batch_norm_grad")
def batch_norm_grad(
    call: Call, x: jax.Array, scale: jax.Array, mean: jax.Array, variance: jax.Array, gradient: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The gradients of operand, scale and offset (StableHLO specification, `batch_norm_grad`)."""
    feature = call.attributes["feature_index"]
    others = tuple(axis for axis in range(x.ndim) if axis != feature)
    scale, mean, variance = (jnp.expand_dims(each, others) for each in (scale, mean, variance))
    count = x.size // x.shape[feature]
    centred, spread = x - mean, variance + jnp.asarray(call.attributes["epsilon"], x.dtype)
    total = jnp.sum(gradient, others, keepdims=True)
    slope = jnp.sum(gradient * centred, others, keepdims=True)
    inverse = jax.lax.rsqrt(spread)
    given = scale * inverse / count * (count * gradient - total - slope * centred / spread)
    return given, jnp.squeeze(slope * inverse, others), jnp.squeeze(total, others)
