"""Split, also where the sizes of the parts, or that of the axis, depend on data."""

from __future__ import annotations

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx import demands, slices
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.guards import guarded
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value, is_known, known_ints, select, xp

PARTS = "parts of one tensor"


@op("Split", bounded=True)
def split_(data: Value, split: Value = None, *, axis: int = 0, num_outputs: int | None = None, node: Value) -> Value:
    """Cut an axis into `split` sizes (an attribute until opset 12), or equal parts; `num_outputs` may leave a rest."""
    if isinstance(data, Bounded) and data.axis != axis % data.array.ndim:
        return slices.apply(lambda x: split_(x, split, axis=axis, num_outputs=num_outputs, node=node), [data])
    if split is not None and not is_known(split) and not isinstance(split, Extents):
        return _split_by_data(data, split, axis, node)
    if isinstance(data, Bounded):
        return _split_some(data, split, axis, node)
    total = data.shape[axis]
    if split is not None:
        sizes = known_ints(split, "split")
    else:
        count = num_outputs or len(node.outputs)
        if not isinstance(total, int):
            if num_outputs is None and total % count != 0:
                raise NotSupportedError(f"the open size {total} is not known to be a multiple of {count} parts")
            each, along = -(-total // count), jnp.moveaxis(data, axis, 0)
            parts = [along[each * index : each * (index + 1)] for index in range(count)]
            return tuple(jnp.moveaxis(part, 0, axis) for part in parts)
        each = -(-total // count)
        sizes = tuple(max(min(each, total - each * index), 0) for index in range(count))
    if sum(sizes) != total:
        raise ValueError(f"its parts {list(sizes)} do not add up to the size {total} of axis {axis}")
    return tuple(xp(data).split(data, np.cumsum(sizes)[:-1], axis))


def _split_some(data: Bounded, split: Value, axis: int, node: Any) -> Value:
    """Parts of fixed sizes of as many slices as there are, which must be as many as the parts have.

    PyTorch's older exporter writes so what it saw of a mixture of experts: the list of those that have a token.
    """
    if split is None:
        raise NotSupportedError("it cuts an axis whose size depends on the model's inputs into equal parts")
    sizes = known_ints(split, "split")
    total, most = sum(sizes), data.array.shape[data.axis]
    if isinstance(most, int) and most < total:
        raise ValueError(f"its parts {list(sizes)} have more slices than axis {axis} can have, {most}")
    demands.not_negative(most - total)
    array = guarded(data.array, data.count == total, _unequal(node, axis))
    ends = list(itertools.accumulate(sizes, initial=0))
    along = jnp.moveaxis(array, data.axis, 0)
    return tuple(jnp.moveaxis(along[start:end], 0, data.axis) for start, end in itertools.pairwise(ends))


def _split_by_data(data: Value, split: Any, axis: int, node: Any) -> Value:
    """Parts whose sizes are computed, as those of a batch that is sorted by what shall become of its rows."""
    array, total = (data.array, data.count) if isinstance(data, Bounded) else (jnp.asarray(data), data.shape[axis])
    along, counts = axis % array.ndim, split.astype(np.int64)
    holds = (counts >= 0).all() & (counts.sum() == total)
    array = guarded(array, holds, _unequal(node, axis))
    ends, places = jnp.cumsum(counts), jnp.arange(array.shape[along])
    parts = [
        select((places >= ends[index] - counts[index]) & (places < ends[index]), array, along)
        for index in range(len(node.outputs))
    ]
    if not isinstance(data, Bounded):
        # With the parts themselves, so that nothing else gets the identity of their counts.
        node.shared[PARTS, *(id(each.count) for each in parts)] = total, parts
    return tuple(parts)


def _unequal(node: Any, axis: int) -> str:
    return f'node "{node.name}" (Split): its parts do not add up to the size of axis {axis}'
