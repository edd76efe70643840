"""Operators that make tensors from attributes, shapes and ranges."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx import extents, slices
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Bounded, Value, is_known, known, known_ints, larger


@op("Constant")
def constant(
    *,
    value: Value = None,
    value_float: float | None = None,
    value_floats: tuple[float, ...] | None = None,
    value_int: int | None = None,
    value_ints: tuple[int, ...] | None = None,
    value_string: str | None = None,
    value_strings: tuple[str, ...] | None = None,
    sparse_value: Value = None,
) -> Value:
    """The value of whichever attribute is given (all but `value` since opset 11 or 12)."""
    typed = (
        (value_float, np.float32),
        (value_floats, np.float32),
        (value_int, np.int64),
        (value_ints, np.int64),
        (value_string, object),
        (value_strings, object),
    )
    for given, dtype in typed:
        if given is not None:
            return np.asarray(given, dtype)
    if sparse_value is not None:
        return _sparse(sparse_value)
    if value is None:
        raise ValueError("it has no value")
    return value


def _sparse(proto: Value) -> np.ndarray:
    from onnx import numpy_helper

    values, indices = numpy_helper.to_array(proto.values), numpy_helper.to_array(proto.indices)
    return dense(values, indices, tuple(proto.dims))


def dense(values: np.ndarray, indices: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    """A sparse tensor (COO, linear or per-axis indices) with its zeros filled in."""
    result = np.zeros(dims, values.dtype)
    if indices.ndim == 1:
        result.reshape(-1)[indices] = values
    else:
        result[tuple(indices.T)] = values
    return result


@op("ConstantOfShape", since=9)
def constant_of_shape(shape: Value, *, value: Value = None, node: Value) -> Value:
    """A tensor filled with one value; it takes the memory of one element."""
    element = np.zeros((), np.float32) if value is None else value.reshape(())
    if isinstance(shape, extents.Extents) and shape.counts:
        return slices.counted(lambda sizes: jnp.broadcast_to(element, known_ints(sizes, "shape")), shape)
    sizes = known_ints(shape, "shape")
    if extents.is_static(sizes):
        return np.broadcast_to(element, sizes)
    filled = jnp.broadcast_to(element, sizes)
    node.shared["filled", id(filled)] = filled, element  # of open size, so that it cannot be known
    return filled


@op("Range", since=11)
def range_(start: Value, limit: Value, delta: Value, *, stash_type: int = 1) -> Value:
    """start, start + delta, ... up to but without limit; rounded once, which `stash_type` (opset 27) does not say."""
    if isinstance(limit, extents.Extents) and limit.counts and is_known(start) and (start, delta) == (0, 1):
        return slices.counted(
            lambda sizes: jnp.arange(known_ints(sizes, "limit")[0], dtype=limit.dtype), limit.reshape(1)
        )
    if any(isinstance(each, extents.Extents) for each in (start, limit, delta)):
        first, last, step = (known_ints(each, "start, limit and delta")[0] for each in (start, limit, delta))
        steps = jnp.arange(larger((last - first + step - (1 if step > 0 else -1)) // step, 0), dtype=start.dtype)
        return jnp.asarray(first, start.dtype) + steps * jnp.asarray(step, start.dtype)
    first, last, step = (known(each, "start, limit and delta").item() for each in (start, limit, delta))
    count = max(int(np.ceil((last - first) / step)), 0)
    return (first + np.arange(count) * step).astype(start.dtype)


@op("EyeLike", since=9)
def eye_like(x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    """Ones on the k-th diagonal of a matrix shaped like the input."""
    if len(x.shape) != 2:
        raise ValueError(f"its input must be a matrix, not of shape {list(x.shape)}")
    rows, columns = x.shape
    return jnp.eye(rows, columns, k=k, dtype=x.dtype if dtype is None else dtype_of(dtype))


@op("Shape", bounded=True)
def shape(data: Value, *, start: int = 0, end: int | None = None) -> Value:
    """The sizes of the dimensions (`start` and `end` since opset 15)."""
    return extents.of(data.shape[slice(start, end)])


@op("Size", bounded=True)
def size(data: Value) -> Value:
    """The number of elements."""
    if isinstance(data, Bounded):
        others = math.prod(size for axis, size in enumerate(data.array.shape) if axis != data.axis)
        return data.count * others
    return extents.of(data.size)


@op("OneHot", since=9)
def one_hot(indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    """`values[1]` where the index along a new axis is the given one, `values[0]` elsewhere; negative indices wrap."""
    count = known_ints(depth, "depth")[0]
    along = axis % (indices.ndim + 1)
    places = jnp.asarray(indices).astype(jnp.int64)
    wanted = jnp.expand_dims(jnp.where(places < 0, places + jnp.asarray(count, jnp.int64), places), along)
    steps = jnp.arange(count, dtype=jnp.int64).reshape([count if d == along else 1 for d in range(indices.ndim + 1)])
    return jnp.where(wanted == steps, values[1], values[0])


@op("MelWeightMatrix", since=17)
def mel_weight_matrix(
    num_mel_bins: Value,
    dft_length: Value,
    sample_rate: Value,
    lower_edge_hertz: Value,
    upper_edge_hertz: Value,
    *,
    output_datatype: int = 1,
) -> Value:
    """Triangular filters, linear in the mel scale 2595 log10(1 + f / 700), as a [spectrogram bins, mel bins] matrix."""
    bins, length, rate = (known_ints(each, "size")[0] for each in (num_mel_bins, dft_length, sample_rate))
    low, high = (float(known(each, "edge frequency")) for each in (lower_edge_hertz, upper_edge_hertz))
    start, end = (2595 * float(np.log10(1 + f / 700)) for f in (low, high))
    mels = np.linspace(start, end, bins + 2, endpoint=False)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    points = ((length + 1) * hertz // rate).astype(np.int64)
    matrix = np.zeros((length // 2 + 1, bins))
    for band in range(bins):
        left, center, right = points[band : band + 3]
        matrix[left:center, band] = (np.arange(left, center) - left) / max(center - left, 1)
        matrix[center:right, band] = (right - np.arange(center, right)) / max(right - center, 1)
        matrix[center, band] = 1
    return matrix.astype(dtype_of(output_datatype))
