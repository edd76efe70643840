"""Padding: with a value, by reflection, by the edge, or from the other end."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.extents import is_static
from webtensorc.frontends.onnx.operators.shape import join_some
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value, is_known, known_ints


@op("Pad", until=10, bounded=True)
def pad_1(data: Value, *, pads: tuple[int, ...], mode: str = "constant", value: float = 0.0, node: Value) -> Value:
    """Pad with a value, by reflection or by the edge; everything is an attribute."""
    return pad_11(data, np.asarray(pads), np.asarray(value, data.dtype), mode=mode, node=node)


@op("Pad", domain="com.microsoft", bounded=True)
@op("Pad", since=11, bounded=True)
def pad_11(
    data: Value, pads: Value, value: Value = None, axes: Value = None, *, mode: str = "constant", node: Value
) -> Value:
    """Pad (negative pads cut); `wrap` and `axes` since opset 19 and 18."""
    rank = len(data.shape)
    which = range(rank) if axes is None else known_ints(axes, "axes")
    amounts = known_ints(pads, "pads")
    widths = [(0, 0)] * rank
    for position, axis in enumerate(which):
        widths[axis] = (amounts[position], amounts[position + len(which)])
    if isinstance(data, Bounded):
        return _padded_slices(data, widths, value, mode, node)
    if mode == "constant":
        fill = np.zeros((), data.dtype) if value is None else value.reshape(())
        if is_known(data) and is_known(fill) and min(map(min, widths), default=0) >= 0:
            return np.pad(data, widths, constant_values=fill)
        return lax.pad(jnp.asarray(data), fill, [(low, high, 0) for low, high in widths])
    cut = tuple(slice(max(-low, 0), size - max(-high, 0)) for size, (low, high) in zip(data.shape, widths, strict=True))
    grow = [(max(low, 0), max(high, 0)) for low, high in widths]
    if mode == "wrap" and not is_static(data.shape):
        return _wrapped(jnp.asarray(data[cut]), grow)
    padded = data[cut]
    if is_known(data) or not is_static(data.shape) or 0 in padded.shape:
        return jnp.pad(padded, grow, mode=mode)
    for axis, width in enumerate(grow):
        if any(width):  # one copy an axis, by known indices
            places: Value = np.pad(np.arange(padded.shape[axis]), width, mode)  # type: ignore[call-overload]
            padded = jnp.take(padded, places, axis, mode="clip")
    return padded


def _wrapped(data: Value, widths: list[tuple[int, int]]) -> Value:
    """Pad from the other end; an open size is at least the padding."""
    for axis, (low, high) in enumerate(widths):
        size = data.shape[axis]
        ends = [lax.slice_in_dim(data, size - low, size, axis=axis)] if low else []
        starts = [lax.slice_in_dim(data, 0, high, axis=axis)] if high else []
        data = jnp.concatenate([*ends, data, *starts], axis)
    return data


def _padded_slices(data: Bounded, widths: list[tuple[int, int]], value: Value, mode: str, node: Value) -> Value:
    """Pad slices of which there are as many as data says, and put others in front of them and behind the last one."""
    if mode != "constant" or min(map(min, widths)) < 0:
        raise NotSupportedError("it pads a size that depends on the model's inputs, and not with a value")
    fill = jnp.zeros((), data.dtype) if value is None else jnp.asarray(value).reshape(())
    others = [(0, 0, 0) if axis == data.axis else (*each, 0) for axis, each in enumerate(widths)]
    inner = Bounded(lax.pad(data.array, fill, others), data.axis, data.count)
    shape = list(inner.array.shape)
    before, behind = (
        jnp.full([*shape[: data.axis], each, *shape[data.axis + 1 :]], fill) for each in widths[data.axis]
    )
    return join_some((before, inner, behind), data.axis, node.shared)
