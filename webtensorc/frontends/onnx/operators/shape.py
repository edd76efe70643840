"""Operators that move elements without computing on them: shape changes, joins, cuts, padding."""

from __future__ import annotations

import functools
import math
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx import slices
from webtensorc.frontends.onnx.extents import Extents, check_equal, is_static, quotient
from webtensorc.frontends.onnx.operators.split import PARTS
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotSupportedError,
    Value,
    chosen,
    is_known,
    known_ints,
    pick,
    xp,
)


@op("Identity", bounded=True, truths=True)
def identity(x: Value) -> Value:
    """x."""
    return x


@op("Reshape", bounded=True, truths=True)
def reshape(data: Value, shape: Value, *, allowzero: int = 0, node: Any) -> Value:
    """New sizes; 0 copies the old size unless `allowzero` (opset 14), -1 is inferred.

    Slices of a number that depends on data may be cut into pieces, of which there are then so many times more.
    """
    plain = functools.partial(_reshape, allowzero=allowzero)
    if not isinstance(data, Bounded):
        return plain(data, shape)
    if (pieces := _pieces(data, shape)) is None:
        return slices.apply(plain, [data, shape])
    key = "pieces", id(data.count), pieces
    _, count = node.shared.setdefault(key, (data.count, data.count * pieces))  # one value where sizes are equal
    return Bounded(jnp.asarray(plain(data.array, shape)), 0, count)


def _pieces(data: Bounded, shape: Value) -> int | None:
    """How many pieces a new shape `[-1, ...]` makes of each slice along the first axis, None if it is no such shape."""
    if data.axis != 0 or isinstance(shape, Extents) or not is_known(shape) or not is_static(data.array.shape):
        return None
    first, *others = known_ints(shape, "shape")
    slice_size, piece_size = math.prod(data.array.shape[1:]), math.prod(others)
    if first != -1 or piece_size <= 0 or slice_size % piece_size or slice_size == piece_size:
        return None
    return slice_size // piece_size


def _reshape(data: Value, shape: Value, *, allowzero: int) -> Value:
    wanted = list(known_ints(shape, "shape"))
    if not allowzero:
        wanted = [data.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    if wanted.count(-1) == 1:
        rest = -math.prod(wanted)
        if not is_static((data.size, rest)):
            wanted[wanted.index(-1)] = quotient(data.size, rest)
        elif rest == 0:
            wanted[wanted.index(-1)] = 0
    return _as(data, *wanted)


def _as(x: Value, *sizes: Any) -> Value:
    """Other sizes of as many elements, whatever the open dimensions are; JAX takes such sizes on trust."""
    if not is_static((*x.shape, *sizes)):
        check_equal(math.prod(x.shape), math.prod(sizes))
    return (xp(x) if is_static(sizes) else jnp).reshape(x, sizes)


@op("Flatten", bounded=True)
def flatten(x: Value, *, axis: int = 1, node: Any) -> Value:
    """A matrix: the dimensions before `axis` times those from it on."""
    if isinstance(x, Bounded):
        return reshape(x, np.asarray([-1, math.prod(x.array.shape[axis:])]), node=node)
    at = axis + x.ndim if axis < 0 else axis
    return xp(x).reshape(x, (math.prod(x.shape[:at]), math.prod(x.shape[at:])))


@op("Transpose", bounded=True)
def transpose(x: Value, *, perm: tuple[int, ...] | None = None) -> Value:
    """Permute the dimensions; reversed by default."""
    if isinstance(x, Bounded):
        order = perm or tuple(range(x.array.ndim))[::-1]
        return Bounded(jnp.transpose(x.array, order), order.index(x.axis), x.count)
    return xp(x).transpose(x, perm)


@op("Squeeze", bounded=True, truths=True)
def squeeze(data: Value, axes: Value = None) -> Value:
    """Drop dimensions of size 1: all, or `axes` (an attribute until opset 12, an input since 13)."""
    if isinstance(data, Bounded):
        if axes is None:
            raise NotSupportedError("without axes it would drop a size that depends on data where that is 1")
        gone = sorted(each % data.array.ndim for each in known_ints(axes, "axes"))
        if data.axis in gone:
            raise NotSupportedError("it drops an axis whose size depends on data")
        return Bounded(jnp.squeeze(data.array, gone), data.axis - sum(each < data.axis for each in gone), data.count)
    if axes is None:
        return xp(data).squeeze(data, tuple(axis for axis, size in enumerate(data.shape) if _is_one(size)))
    return xp(data).squeeze(data, tuple(known_ints(axes, "axes")))


def _is_one(size: Any) -> bool:
    """Whether a size is 1; InconclusiveDimensionOperation if that depends on open dimensions."""
    return size == 1 if isinstance(size, int) else not size >= 2


@op("Unsqueeze", bounded=True, truths=True)
def unsqueeze(data: Value, axes: Value) -> Value:
    """Insert dimensions of size 1 at `axes` (an attribute until opset 12, an input since 13)."""
    if isinstance(data, Bounded):
        array = jnp.expand_dims(data.array, known_ints(axes, "axes"))
        new = {each % array.ndim for each in known_ints(axes, "axes")}
        old = [each for each in range(array.ndim) if each not in new]
        return Bounded(array, old[data.axis], data.count)
    return xp(data).expand_dims(data, known_ints(axes, "axes"))


@op("Concat", bounded=True)
def concat(*inputs: Value, axis: int, node: Value) -> Value:
    """Join along an axis."""
    some = [each for each in inputs if isinstance(each, Bounded)]
    if some and any(each.axis == axis % each.array.ndim for each in some):
        return join_some(inputs, axis % some[0].array.ndim, node.shared)
    if some:
        return slices.apply(lambda *arrays: jnp.concatenate(arrays, axis), inputs)
    return xp(*inputs).concatenate(inputs, axis)


def join_some(inputs: tuple[Value, ...], axis: int, shared: dict[Any, Any]) -> Value:
    """Join along the axis whose size depends on data: what means nothing goes to the end.

    Boxes, scores and labels of several levels are joined alike: the sum of their sizes is computed once.
    """
    if len(inputs) == 1:
        return inputs[0]
    if any(isinstance(each, Bounded) and each.axis != axis for each in inputs):
        raise NotSupportedError("its inputs have sizes that depend on the model's inputs along different axes")
    whole = shared.get((PARTS, *(id(each.count) for each in inputs if isinstance(each, Bounded))))
    if whole and len(whole[1]) == len(inputs):  # all parts of one tensor again
        joined = join_some(inputs, axis, {})
        return lax.slice_in_dim(joined.array, 0, whole[0], axis=axis)
    arrays = [each.array if isinstance(each, Bounded) else jnp.asarray(each) for each in inputs]
    sizes = [(id(each.count), each.array.shape[axis]) if isinstance(each, Bounded) else each.shape for each in inputs]
    key = ("joined", axis, *sizes)
    if key not in shared:
        masks = [each.is_there if isinstance(each, Bounded) else jnp.ones(each.shape[axis], bool) for each in inputs]
        shared[key] = inputs, chosen(jnp.concatenate(masks))  # the inputs, so that no other gets their identity
    return pick(jnp.concatenate(arrays, axis), axis, *shared[key][1])


@op("Expand", since=8, bounded=True)
def expand(x: Value, shape: Value) -> Value:
    """Broadcast with a shape, in both directions."""
    if isinstance(x, Bounded):
        return slices.apply(expand, [x, shape])
    if isinstance(shape, Extents) and shape.counts:
        return slices.counted(lambda sizes: expand(x, sizes), shape)
    wanted = known_ints(shape, "shape")
    if is_static((*x.shape, *wanted)):
        return xp(x).broadcast_to(x, jnp.broadcast_shapes(x.shape, wanted))
    return jnp.broadcast_to(x, _broadcast(x.shape, wanted))


def _broadcast(one: tuple[Value, ...], other: tuple[Value, ...]) -> tuple[Value, ...]:
    """The sizes that two shapes are broadcast to; JAX's function compares open sizes with 0 on the way."""
    rank = max(len(one), len(other))
    padded = [(1,) * (rank - len(each)) + tuple(each) for each in (one, other)]
    return tuple(b if a == 1 else a if b == 1 or a == b else _refuse(a, b) for a, b in zip(*padded, strict=True))


def _refuse(a: Value, b: Value) -> Value:
    raise ValueError(f"the sizes {a} and {b} cannot be broadcast together")


@op("Tile")
def tile(x: Value, repeats: Value) -> Value:
    """Repeat along every axis."""
    counts = known_ints(repeats, "repeats")
    return (xp(x) if is_static(counts) else jnp).tile(x, counts)


@op("Trilu", domain="com.microsoft")
@op("Trilu", since=14)
def trilu(x: Value, k: Value = None, *, upper: int = 1) -> Value:
    """The upper or lower triangle of the innermost matrices, zero elsewhere."""
    diagonal = 0 if k is None else known_ints(k, "k")[0]
    return jnp.triu(x, diagonal) if upper else jnp.tril(x, diagonal)


@op("DepthToSpace")
def depth_to_space(x: Value, *, blocksize: int, mode: Literal["DCR", "CRD"] = "DCR") -> Value:
    """Channels to blocks of pixels; `mode` (opset 11) says whether depth or column is the outer dimension."""
    n, c, h, w = x.shape
    b = blocksize
    depth = c // (b * b)
    if mode == "DCR":
        blocks = _as(x, n, b, b, depth, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        blocks = _as(x, n, depth, b, b, h, w).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, depth, h * b, w * b)


@op("SpaceToDepth")
def space_to_depth(x: Value, *, blocksize: int, mode: Literal["DCR", "CRD"] = "DCR") -> Value:
    """Blocks of pixels to channels, the inverse of DepthToSpace (`mode` since opset 28)."""
    n, c, h, w = x.shape
    b = blocksize
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    blocks = _as(x, n, c, h // b, b, w // b, b).transpose(order)
    return blocks.reshape(n, c * b * b, h // b, w // b)


@op("CenterCropPad", since=18)
def center_crop_pad(x: Value, shape: Value, *, axes: tuple[int, ...] | None = None) -> Value:
    """Crop or zero-pad around the centre to the sizes given; the odd element goes to the end."""
    which = axes if axes is not None else range(x.ndim)
    for axis, wanted in zip(which, known_ints(shape, "shape"), strict=True):
        size = x.shape[axis]
        low = abs(size - wanted) // 2
        if size > wanted:
            x = lax.slice_in_dim(jnp.asarray(x), low, low + wanted, axis=axis)
        elif size < wanted:
            widths = [(0, 0)] * x.ndim
            widths[axis] = (low, wanted - size - low)
            x = jnp.pad(x, widths)
    return x
