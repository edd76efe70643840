"""Reading and writing elements by index. Negative indices count from the end."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx import demands, extents, selection, slices
from webtensorc.frontends.onnx.extents import Extents, is_static
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value, arange, end_of, is_known, known_ints

Reduction = Literal["none", "add", "mul", "max", "min"]


def _positive(indices: Value, size: Value) -> Value:
    """Indices with negative ones counted from the end; known ones are checked."""
    if isinstance(size, jax.Array):
        return jnp.where(indices < 0, indices + size.astype(indices.dtype), indices)
    if not isinstance(size, int):
        return _positive_of_open(indices, size)
    if isinstance(indices, Extents):
        return _positive_sizes(indices, size)
    if is_known(indices):
        if indices.size and (indices.min() < -size or indices.max() >= size):
            raise ValueError(f"its indices {indices.min()}..{indices.max()} are outside of an axis of size {size}")
        return np.where(indices < 0, indices + size, indices)
    if jnp.issubdtype(indices.dtype, jnp.unsignedinteger):
        return indices
    return jnp.where(indices < 0, indices + np.asarray(size, indices.dtype), indices)


def _place(indices: Value, size: Value) -> Value:
    """The same as what an array can be indexed with: counted from the end of an open size they are sizes."""
    found = _positive(indices, size)
    return found.__jax_array__() if isinstance(found, Extents) else found


def _positive_sizes(indices: Extents, size: int) -> Value:
    """The same for indices that are sizes, which must be known to lie inside, but for those that depend on data.

    Raises:
        InconclusiveDimensionOperation: whether they lie inside depends on open dimensions.
    """
    if indices.counts:
        return _positive(jnp.asarray(indices.__jax_array__()), size)
    elements = indices.elements.ravel()
    if not all(-size <= each < size for each in elements):
        raise ValueError(f"its indices {indices} are outside of an axis of size {size}")
    counted = extents.of([each + size if each < 0 else each for each in elements], indices.dtype)
    return jnp.reshape(counted.__jax_array__() if isinstance(counted, Extents) else counted, indices.shape)


def _positive_of_open(indices: Value, size: Value) -> Value:
    """The same for an axis of open size, which is demanded to be long enough for known indices."""
    if not is_known(indices):
        return jnp.where(indices < 0, indices + jnp.asarray(size, indices.dtype), indices)
    if indices.size:
        demands.not_negative(size - 1 - int(indices.max()))
        demands.not_negative(size + int(indices.min()))
    if not (indices < 0).any():
        return indices
    return np.where(indices < 0, indices + extents.of(size, indices.dtype), indices)


@op("Gather", bounded=True)
def gather(data: Value, indices: Value, *, axis: int = 0) -> Value:
    """The slices of an axis at the indices."""
    if isinstance(data, Bounded):
        return _gather_of_some(data, indices, axis % data.array.ndim)
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


def _gather_of_some(data: Bounded, indices: Value, axis: int) -> Value:
    """Slices of a tensor whose size depends on data, of that axis or of another one."""
    if axis == data.axis:
        if isinstance(indices, Bounded):
            found = _gather_of_some(data, indices.array, axis)
            return Bounded(found, axis + indices.axis, indices.count)
        return jnp.take(data.array, _positive(indices, data.count), axis, mode="clip")
    if isinstance(indices, Bounded):
        raise NotSupportedError("both of its inputs have a size that depends on the model's inputs")
    place = data.axis if data.axis < axis else data.axis + indices.ndim - 1
    return Bounded(gather(data.array, indices, axis=axis), place, data.count)


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
        return _gather_nd_of_some(data, indices, batch_dims)
    if isinstance(indices, Bounded):
        if indices.axis < batch_dims or indices.axis == indices.array.ndim - 1:
            raise NotSupportedError("the size of its index tuples, or of a shared axis, depends on data")
        return Bounded(gather_nd(data, indices.array, batch_dims=batch_dims), indices.axis, indices.count)
    data, where = jnp.asarray(data), _coordinates(data.shape, indices, batch_dims)
    if not is_static(data.shape):
        return data[where]
    sizes, rest = data.shape[: len(where)], data.shape[len(where) :]
    row = jnp.zeros((), jnp.int64)  # one index of whole rows, which are copied as such
    for size, each in zip(sizes, where, strict=True):
        row = row * size + jnp.clip(jnp.asarray(each).astype(jnp.int64), 0, size - 1)
    return jnp.take(data.reshape(-1, *rest), row, 0, mode="clip")


def _gather_nd_of_some(data: Bounded, indices: Value, batch_dims: int) -> Value:
    """The same where the size of an axis that is indexed, or that is shared with the indices, depends on data."""
    if isinstance(indices, Bounded) and data.axis == indices.axis < batch_dims and data.count is indices.count:
        return Bounded(gather_nd(data.array, indices.array, batch_dims=batch_dims), data.axis, data.count)
    if isinstance(indices, Bounded):
        found = _gather_nd_of_some(data, indices.array, batch_dims)
        return Bounded(found, indices.axis, indices.count)
    if not batch_dims <= data.axis < batch_dims + indices.shape[-1]:
        raise NotSupportedError("it picks whole slices of a size that depends on the model's inputs")
    return data.array.at[_coordinates(_sizes(data), indices, batch_dims)].get(mode="clip")


def _coordinates(shape: tuple[int, ...], indices: Value, batch_dims: int = 0) -> tuple[Value, ...]:
    """Index tuples as one index array per leading axis."""
    rank = indices.ndim - 1
    batch = [_along(shape[b], b, rank) for b in range(batch_dims)]
    count = indices.shape[-1]
    each = [_place(indices[..., i], shape[batch_dims + i]) for i in range(count)]
    return (*batch, *each)


def _along(size: Value, axis: int, rank: int) -> Value:
    """0, 1, ... along one axis of so many, the others of size 1."""
    return arange(size).reshape([size if each == axis else 1 for each in range(rank)])


@op("ScatterND", since=11, bounded=True)
def scatter_nd(data: Value, indices: Value, updates: Value, *, reduction: Reduction = "none") -> Value:
    """Write slices at index tuples, combined with what is there by `reduction` (opset 16: add, mul; 18: max, min)."""
    indices, updates = _within(indices, updates)
    return _write(data, _coordinates(_sizes(data), indices), updates, reduction)


def _sizes(data: Value) -> tuple[Value, ...]:
    """The sizes that indices are counted from the end of; one may be computed when the model runs."""
    if not isinstance(data, Bounded):
        return tuple(data.shape)
    return tuple(data.count if axis == data.axis else size for axis, size in enumerate(data.array.shape))


def _within(indices: Value, updates: Value) -> tuple[Value, Value]:
    """Indices and updates, those that mean nothing out of range: there nothing is written."""
    if isinstance(indices, Bounded):
        indices = indices.filled(np.iinfo(np.int32).max)
    elif isinstance(updates, Bounded):
        raise NotSupportedError("only its updates have a size that depends on the model's inputs")
    return indices, updates.array if isinstance(updates, Bounded) else updates


@op("Scatter", since=9, until=10, bounded=True)
def scatter(data: Value, indices: Value, updates: Value, *, axis: int = 0) -> Value:
    """The older name of ScatterElements."""
    return scatter_elements(data, indices, updates, axis=axis)


@op("ScatterElements", since=11, bounded=True)
def scatter_elements(
    data: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: Reduction = "none"
) -> Value:
    """Write one element per index, the other coordinates being the index's own."""
    indices, updates = _within(indices, updates)
    where = [_along(size, at, indices.ndim) for at, size in enumerate(indices.shape)]
    where[axis] = _place(indices, _sizes(data)[axis])
    return _write(data, tuple(where), updates, reduction)


def _write(data: Value, where: tuple[Value, ...], updates: Value, reduction: str) -> Value:
    if isinstance(data, Bounded):
        return Bounded(_write(data.array, where, updates, reduction), data.axis, data.count)
    place = jnp.asarray(data).at[where]
    write: Value = {"none": place.set, "add": place.add, "mul": place.multiply, "max": place.max, "min": place.min}[
        reduction
    ]
    return write(updates)


@op("TensorScatter", since=24)
def tensor_scatter(
    past: Value,
    update: Value,
    write_indices: Value = None,
    *,
    axis: int = -2,
    mode: Literal["linear", "circular"] = "linear",
) -> Value:
    """Write `update` into a cache at a position per batch entry along an axis, round the end if `circular`."""
    along = axis % past.ndim
    batch, length = past.shape[0], update.shape[along]
    start = jnp.zeros(batch, jnp.int64) if write_indices is None else write_indices
    places = start[:, None] + arange(length)
    if mode == "circular":
        places = places % past.shape[along]
    moved = jnp.moveaxis(jnp.asarray(past), along, 1)
    written = moved.at[arange(batch)[:, None], places].set(jnp.moveaxis(jnp.asarray(update), along, 1))
    return jnp.moveaxis(written, 1, along)


@op("ArrayFeatureExtractor", domain="ai.onnx.ml")
def array_feature_extractor(x: Value, indices: Value) -> Value:
    """The elements of the last axis at the indices."""
    taken = jnp.take(x, _positive(indices.ravel(), x.shape[-1]), -1, mode="clip")
    return taken.reshape(1, -1) if x.ndim == 1 else taken


@op("TopK", until=9)
def topk_1(x: Value, *, k: int, axis: int = -1) -> Value:
    """The k largest along an axis and their positions."""
    return topk_11(x, np.asarray(k), axis=axis)


@op("TopK", since=10, until=10, bounded=True)
def topk_10(x: Value, k: Value, *, axis: int = -1) -> Value:
    """The same with k as an input."""
    return topk_11(x, k, axis=axis)


@op("TopK", since=11, bounded=True)
def topk_11(x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Value:
    """The k largest or smallest along an axis, in order, and their positions; the first of equals wins."""
    if isinstance(x, Bounded):
        return _topk_of_some(x, k, axis, largest)
    count = known_ints(k, "k")[0]
    along = axis % x.ndim
    x = jnp.asarray(x)
    last = jnp.moveaxis(x, along, -1)
    if selection.fits(last, count):
        found = selection.positions(last, count, largest=bool(largest))
        values = jnp.take_along_axis(last, found, -1, mode="clip")
        return jnp.moveaxis(values, -1, along), jnp.moveaxis(found, -1, along)
    positions = lax.broadcasted_iota(jnp.int64, x.shape, along)
    if largest:
        values, order = lax.sort((jnp.flip(x, along), jnp.flip(positions, along)), dimension=along, num_keys=1)
        values, order = jnp.flip(values, along), jnp.flip(order, along)
    else:
        values, order = lax.sort((x, positions), dimension=along, num_keys=1)
    return lax.slice_in_dim(values, 0, count, axis=along), lax.slice_in_dim(order, 0, count, axis=along)


def _topk_of_some(x: Bounded, k: Value, axis: int, largest: int) -> Value:
    """The same of a tensor whose size depends on data: along that axis, k may depend on it too."""
    k = k.__jax_array__() if isinstance(k, Extents) else k
    size = np.asarray(x.array.shape[axis], np.int64)
    if axis % x.array.ndim != x.axis:
        return slices.apply(lambda array: topk_11(array, k, axis=axis, largest=largest), [x])
    most = size if not is_known(k) else np.minimum(size, np.asarray(k).reshape(()))
    found = topk_11(x.filled(end_of(x.dtype, not largest)), most, axis=axis, largest=largest)
    count = jnp.minimum(x.count, jnp.reshape(k, ()).astype(jnp.int64))
    return tuple(Bounded(each, x.axis, count) for each in found)
