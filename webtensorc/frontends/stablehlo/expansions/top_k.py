"""Top-k of an open number, and approximate top-k, computed exactly (a recall of 1 is allowed for every target)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import export, lax

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.frontends.stablehlo.expansion import Call, expands


@expands("ApproxTopK", fixed=1)
def approx_top_k(
    call: Call, operand: jax.Array, indices: jax.Array, start: jax.Array, index_start: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """XLA's ApproxTopK on one operand: the largest or smallest elements along a dimension, and their indices.

    Without aggregation the result has room for more than `k`: further elements follow in order.

    Raises:
        UnsupportedError: the size of that dimension is open.
    """
    dimension = call.attributes["reduction_dim"]
    if export.is_symbolic_dim(operand.shape[dimension]):
        reason = "is compiled for a fixed number of candidates only"
        items = (Unsupported(f"custom_call @{call.name}", reason, ()),)
        raise UnsupportedError(f"`{call.name}` {reason}", items, hint="give its open dimensions sizes: --dim")
    largest = "_gt_" in call.attributes["called"][0]
    count = min(call.results[0][1][dimension], operand.shape[dimension])
    keys = operand.astype(jnp.promote_types(operand.dtype, jnp.float32))
    keys = jnp.where(jnp.isnan(keys), -jnp.inf if largest else jnp.inf, keys)
    places = lax.broadcasted_iota(jnp.int32, operand.shape, dimension)
    order = lax.sort([-keys if largest else keys, places], dimension=dimension, num_keys=1, is_stable=True)[1]
    order = lax.slice_in_dim(order, 0, count, axis=dimension)
    values, found = (jnp.take_along_axis(each, order, dimension) for each in (operand, indices))
    missing = call.results[0][1][dimension] - count
    padding = [(0, missing if axis == dimension else 0, 0) for axis in range(operand.ndim)]
    return lax.pad(values, start, padding), lax.pad(found, index_start, padding)


@expands("stablehlo.dynamic_top_k", fixed=0, shaped=1)
def dynamic_top_k(call: Call, operand: jax.Array, shaped: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What jax.export writes for `top_k` (CHLO) of an open number, which is `shaped`'s last size."""
    order = jnp.argsort(_totally_ordered(operand), axis=-1, descending=True, stable=True)
    return _picked(operand, order, shaped.shape[-1], -1)


@expands("stablehlo.dynamic_approx_top_k", fixed=0, shaped=4)
def dynamic_approx_top_k(
    call: Call, operand: jax.Array, indices: jax.Array, start: jax.Array, index_start: jax.Array, shaped: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The same of `approx_top_k` with aggregation: `indices` are what the elements are called."""
    dimension = call.attributes["reduction_dim"]
    largest = "_gt_" in call.attributes["called"][0]
    order = jnp.argsort(operand, axis=dimension, descending=largest, stable=True)
    values, places = _picked(operand, order, shaped.shape[dimension], dimension)
    return values, jnp.take_along_axis(indices, places, dimension)


def _totally_ordered(x: jax.Array) -> jax.Array:
    """Integers in the order of IEEE 754's totalOrder, where -0 is less than 0 and infinity less than NaN."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    integer = jnp.dtype(f"int{8 * x.dtype.itemsize}")
    bits = lax.bitcast_convert_type(x, integer)
    return jnp.where(bits < 0, bits ^ jnp.iinfo(integer).max, bits)


def _picked(operand: jax.Array, order: jax.Array, count: int, axis: int) -> tuple[jax.Array, jax.Array]:
    """The first `count` elements in an order, and where they are; that there are so many is left to the caller."""
    places = jnp.take(order, jnp.arange(count), axis=axis, mode="clip").astype(jnp.int32)
    return jnp.take_along_axis(operand, places, axis), places
