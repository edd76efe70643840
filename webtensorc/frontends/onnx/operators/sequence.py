"""Sequences and optionals: Python lists and None during the trace, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, arange, known_ints, xp


@op("SequenceConstruct", since=11)
def sequence_construct(*inputs: Value) -> Value:
    """A sequence of the inputs."""
    return list(inputs)


@op("SequenceEmpty", since=11)
def sequence_empty(*, dtype: int = 1) -> Value:
    """A sequence of nothing."""
    return []


@op("SequenceLength", since=11)
def sequence_length(sequence: Value) -> Value:
    """How many tensors there are."""
    return np.asarray(len(sequence), np.int64)


@op("SequenceAt", since=11)
def sequence_at(sequence: Value, position: Value) -> Value:
    """The tensor at a position."""
    return sequence[known_ints(position, "position")[0]]


@op("SequenceInsert", since=11)
def sequence_insert(sequence: Value, tensor: Value, position: Value = None) -> Value:
    """With a tensor added before a position, by default at the end."""
    at = len(sequence) if position is None else known_ints(position, "position")[0]
    return [*sequence[:at], tensor, *sequence[at:]]


@op("SequenceErase", since=11)
def sequence_erase(sequence: Value, position: Value = None) -> Value:
    """Without the tensor at a position, by default the last."""
    at = range(len(sequence))[-1 if position is None else known_ints(position, "position")[0]]
    return [*sequence[:at], *sequence[at + 1 :]]


@op("ConcatFromSequence", since=11)
def concat_from_sequence(sequence: Value, *, axis: int, new_axis: int = 0) -> Value:
    """Join along an axis, an existing or a new one."""
    np_ = xp(*sequence)
    return np_.stack(sequence, axis) if new_axis else np_.concatenate(sequence, axis)


@op("SplitToSequence", since=11)
def split_to_sequence(x: Value, split: Value = None, *, axis: int = 0, keepdims: int = 1) -> Value:
    """Cut along an axis into parts of one size or of the sizes given, by default single slices."""
    total = x.shape[axis]
    if split is None:
        parts = xp(x).split(x, total, axis)
        return parts if keepdims else [xp(x).squeeze(each, axis) for each in parts]
    sizes = known_ints(split, "split")
    cuts = np.cumsum(sizes)[:-1] if np.ndim(split) else np.arange(sizes[0], total, sizes[0])
    return list(xp(x).split(x, cuts, axis))


@op("SequenceMap", since=17)
def sequence_map(first: Value, *others: Value, body: Callable[..., tuple[Value, ...]]) -> Value:
    """The body's outputs for every element, tensors beside the first sequence being given to all."""
    results = [
        body(each, *(other[index] if isinstance(other, list) else other for other in others))
        for index, each in enumerate(first)
    ]
    return tuple(list(each) for each in zip(*results, strict=True))


@op("Optional", since=15)
def optional(value: Value = None, *, type: Value = None) -> Value:
    """The value, or nothing."""
    return value


@op("OptionalHasElement", since=15)
def optional_has_element(value: Value = None) -> Value:
    """Whether there is a value."""
    return np.asarray(value is not None)


@op("OptionalGetElement", since=15)
def optional_get_element(value: Value) -> Value:
    """The value, which must be there."""
    if value is None:
        raise ValueError("its optional is empty")
    return value


@op("ReverseSequence", since=10)
def reverse_sequence(x: Value, sequence_lens: Value, *, batch_axis: int = 1, time_axis: int = 0) -> Value:
    """Reverse the first `sequence_lens[b]` steps of every batch entry."""
    places = arange(x.shape[time_axis])
    lens = jnp.expand_dims(sequence_lens, 1)
    source = jnp.where(places < lens, lens - 1 - places, places)
    by_time = source if batch_axis < time_axis else source.T
    index = by_time.reshape(by_time.shape + (1,) * (x.ndim - 2))
    return jnp.take_along_axis(jnp.asarray(x), index, axis=time_axis)
