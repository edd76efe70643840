"""Reading and writing elements by index. Negative indices count from the end."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx import extents
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value, is_known, known_ints


def _positive(indices: Value, size: int) -> Value:
    """Indices with negative ones counted from the end; known ones are checked."""
    if not isinstance(size, int):
        return _positive_of_open(indices, size)
    if is_known(indices):
        if indices.size and (indices.min() < -size or indices.max() >= size):
            raise ValueError(f"its indices {indices.min()}..{indices.max()} are outside of an axis of size {size}")
        return np.where(indices < 0, indices + size, indices)
    if jnp.issubdtype(indices.dtype, jnp.unsignedinteger):
        return indices
    return jnp.where(indices < 0, indices + np.asarray(size, indices.dtype), indices)


def _positive_of_open(indices: Value, size: Value) -> Value:
    """The same for an axis of open size; whether an index lies inside is not known."""
    if not is_known(indices):
        return jnp.where(indices < 0, indices + jnp.asarray(size, indices.dtype), indices)
    if not (indices < 0).any():
        return indices
    return np.where(indices < 0, indices + extents.of(size, indices.dtype), indices)


@op("Gather", bounded=True)
def gather(data: Value, indices: Value, *, axis: int = 0) -> Value:
    """The slices of an axis at the indices."""
    if isinstance(data, Bounded):
        raise NotSupportedError("it picks from a tensor whose size depends on data")
    if isinstance(indices, Bounded):
        return Bounded(gather(data, indices.array, axis=axis), axis % data.ndim + indices.axis, indices.count)
    if isinstance(indices, np.ndarray) and indices.ndim == 0 and not is_known(data):
        at = _positive(indices, data.shape[axis])
        if isinstance(at, Extents):
            return jnp.take(data, at.__jax_array__(), axis, mode="clip")
        at = int(at)
        return lax.index_in_dim(data, at, axis % data.ndim, keepdims=False)
    where = _positive(indices, data.shape[axis])
    return (
        np.take(data, where, axis) if is_known(data) and is_known(where) else jnp.take(data, where, axis, mode="clip")
    )


@op("GatherElements", since=11)
def gather_elements(data: Value, indices: Value, *, axis: int = 0) -> Value:
    """One element per index, the other coordinates being the index's own."""
    data = jnp.asarray(data)
    where = _positive(indices, data.shape[axis])
    cut = tuple(slice(None if d == axis % data.ndim else n) for d, n in enumerate(indices.shape))
    return jnp.take_along_axis(data[cut], jnp.asarray(where), axis, mode="clip")


@op("GatherND", domain="com.microsoft", bounded=True)
@op("GatherND", since=11, bounded=True)
def gather_nd(data: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    """Slices at index tuples, the last axis of `indices`; leading `batch_dims` axes are shared (opset 12)."""
    if isinstance(data, Bounded):
        raise NotSupportedError("it picks from a tensor whose size depends on data")
    if isinstance(indices, Bounded):
        if indices.axis < batch_dims or indices.axis == indices.array.ndim - 1:
            raise NotSupportedError("the size of its index tuples, or of a shared axis, depends on data")
        return Bounded(gather_nd(data, indices.array, batch_dims=batch_dims), indices.axis, indices.count)
    return jnp.asarray(data)[_coordinates(data.shape, indices, batch_dims)]


def _coordinates(shape: tuple[int, ...], indices: Value, batch_dims: int = 0) -> tuple[Value, ...]:
    """Index tuples as one index array per leading axis."""
    rank = indices.ndim - 1
    batch = [np.arange(shape[b]).reshape([-1 if d == b else 1 for d in range(rank)]) for b in range(batch_dims)]
    count = indices.shape[-1]
    each = [_positive(indices[..., i], shape[batch_dims + i]) for i in range(count)]
    return (*batch, *each)


@op("ScatterND", since=11)
def scatter_nd(data: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    """Write slices at index tuples, combined with what is there by `reduction` (opset 16: add, mul; 18: max, min)."""
    return _write(data, _coordinates(data.shape, indices), updates, reduction)


@op("Scatter", since=9, until=10)
def scatter(data: Value, indices: Value, updates: Value, *, axis: int = 0) -> Value:
    """The older name of ScatterElements."""
    return scatter_elements(data, indices, updates, axis=axis)


@op("ScatterElements", since=11)
def scatter_elements(data: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none") -> Value:
    """Write one element per index, the other coordinates being the index's own."""
    where = list(np.indices(indices.shape, sparse=True))
    where[axis] = _positive(indices, data.shape[axis])
    return _write(data, tuple(where), updates, reduction)


def _write(data: Value, where: tuple[Value, ...], updates: Value, reduction: str) -> Value:
    place = jnp.asarray(data).at[where]
    write: Value = {"none": place.set, "add": place.add, "mul": place.multiply, "max": place.max, "min": place.min}[
        reduction
    ]
    return write(updates)


@op("TensorScatter", since=24)
def tensor_scatter(
    past: Value, update: Value, write_indices: Value = None, *, axis: int = -2, mode: str = "linear"
) -> Value:
    """Write `update` into a cache at a position per batch entry along an axis, round the end if `circular`."""
    along = axis % past.ndim
    batch, length = past.shape[0], update.shape[along]
    start = jnp.zeros(batch, jnp.int64) if write_indices is None else write_indices
    steps = start[:, None] + np.arange(length)
    if mode == "circular":
        steps = steps % past.shape[along]
    moved = jnp.moveaxis(jnp.asarray(past), along, 1)
    written = moved.at[np.arange(batch)[:, None], steps].set(jnp.moveaxis(jnp.asarray(update), along, 1))
    return jnp.moveaxis(written, 1, along)


@op("ArrayFeatureExtractor", domain="ai.onnx.ml")
def array_feature_extractor(x: Value, indices: Value) -> Value:
    """The elements of the last axis at the indices."""
    taken = jnp.take(x, _positive(indices.ravel(), x.shape[-1]), -1, mode="clip")
    return taken.reshape(1, -1) if x.ndim == 1 else taken


@op("TopK", until=10)
def topk_1(x: Value, k: Value, *, axis: int = -1) -> Value:
    """The k largest along an axis (k is an attribute until opset 9) and their positions."""
    return topk_11(x, np.asarray(k), axis=axis)


@op("TopK", since=11)
def topk_11(x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Value:
    """The k largest or smallest along an axis, in order, and their positions; the first of equals wins."""
    count = known_ints(k, "k")[0]
    along = axis % x.ndim
    x = jnp.asarray(x)
    positions = lax.broadcasted_iota(jnp.int64, x.shape, along)
    if largest:
        values, order = lax.sort((jnp.flip(x, along), jnp.flip(positions, along)), dimension=along, num_keys=1)
        values, order = jnp.flip(values, along), jnp.flip(order, along)
    else:
        values, order = lax.sort((x, positions), dimension=along, num_keys=1)
    return lax.slice_in_dim(values, 0, count, axis=along), lax.slice_in_dim(order, 0, count, axis=along)
