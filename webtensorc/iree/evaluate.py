"""Values of a GRAPH-phase module that are known at compile time, computed with numpy.

Known arrays are held in broadcast form: they have the rank of the tensor, and extent 1 along every dimension in which
all elements are equal. A bias broadcast over an image stays a handful of numbers, and so does whatever is computed
elementwise from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webtensorc.iree import stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import (
    Array,
    Operation,
    Value,
    dtype_of,
    elements,
    integers,
    is_static_tensor,
    owner,
    shape_of,
)
from webtensorc.iree.stablehlo import DotLayout

MAX_CONSTANT_BYTES = 1024
"""Known values up to this size that come from no weight stay constants in the graph."""


@dataclass(frozen=True)
class Known:
    """A value known at compile time.

    Attributes:
        array: its elements in broadcast form.
        weights: names of the weights it was computed from, in order of first use.
    """

    array: Array
    weights: tuple[str, ...]


class Evaluator:
    """Answers which values of a graph are known.

    It remembers its answers, and an erased operation may leave its address to a new one: make another evaluator after
    an edit.
    """

    def __init__(self, graph: Graph, limit: int = 1 << 31) -> None:
        self._graph = graph
        self._limit = limit
        self._answers: dict[Value, Known | None] = {}

    def known(self, value: Value) -> Known | None:
        """The known form of a value, or None."""
        pending = [value]
        while pending:  # not recursive: chains of weight-only operations can be long
            last = pending[-1]
            op = owner(last)
            is_open = last not in self._answers and op is not None and _is_evaluable(op)
            missing = [each for each in op.operands if each not in self._answers] if is_open and op else []
            if missing:
                pending.extend(missing)
                continue
            if last not in self._answers:
                self._answers[last] = self._find(last, op)
            pending.pop()
        return self._answers[value]

    def _find(self, value: Value, op: Operation | None) -> Known | None:
        if not is_static_tensor(value):
            return None
        if op is None:
            name = self._graph.weight_name(value)
            return None if name is None else Known(self._graph.weights[name], (name,))
        if op.name == "stablehlo.constant":
            array = _constant(op)
            return None if array is None else Known(array, ())
        if not _is_evaluable(op):
            return None
        operands = [self._answers[each] for each in op.operands]
        if any(each is None for each in operands):
            return None
        known = [each for each in operands if each is not None]
        with np.errstate(all="ignore"):
            array = self._evaluate(op, [each.array for each in known])
        return array if array is None else Known(array, tuple(dict.fromkeys(w for each in known for w in each.weights)))

    def _evaluate(self, op: Operation, arrays: Sequence[Array]) -> Array | None:
        result = op.results[0]
        if op.name in _ELEMENTWISE:
            ranks = {array.ndim for array in arrays}
            if len(ranks) > 1:  # a scalar predicate or bound applies to every element
                arrays = [array.reshape([1] * max(ranks)) if array.ndim == 0 else array for array in arrays]
            return np.asarray(_ELEMENTWISE[op.name](*arrays)).astype(dtype_of(result), copy=False)
        if math.prod(shape_of(result)) * dtype_of(result).itemsize > self._limit:
            return None
        return _STRUCTURAL[op.name](op, arrays)


def rearranged(op: Operation, array: Array) -> Array:
    """What a reshape, transposition, reversal or broadcast makes of an array in broadcast form.

    Sizes may be open, but not where one that the array runs over is reshaped.
    """
    made = _STRUCTURAL[op.name.replace("dynamic_", "")](op, [array])
    assert made is not None, op.name
    return made


def expand(known: Known, value: Value) -> Array:
    """All elements of a known value; a view where they repeat."""
    return np.broadcast_to(known.array, shape_of(value))


def core_of(known: Known, shape: Sequence[int]) -> tuple[Array, list[int]]:
    """The distinct part of a known value of this shape, and the dimensions it runs over.

    Nothing repeats if these are all dimensions; extents of 1 then belong to the distinct part.
    """
    kept = [i for i, extent in enumerate(shape) if known.array.shape[i] == extent and extent != 1]
    if len(kept) == sum(extent != 1 for extent in shape):
        return known.array.reshape(shape), list(range(len(shape)))
    return known.array.reshape([shape[i] for i in kept]), kept


def materialise(graph: Graph, known: Known, shape: Sequence[int], suffix: str, before: Operation) -> Value:
    """Put a known value into the graph: its distinct part as a weight or a constant, broadcast to `shape`.

    A new weight is called like the first weight it comes from, with `.suffix` once at the end.
    """
    value, kept = _distinct(graph, known, shape, suffix, before)
    return value if len(kept) == len(shape) else stablehlo.broadcast(value, shape, kept, before)


def materialise_like(graph: Graph, known: Known, like: Value, suffix: str, before: Operation) -> Value:
    """The same in the shape of another value, which may be open."""
    value, kept = _distinct(graph, known, shape_of(like), suffix, before)
    return value if len(kept) == len(shape_of(like)) else stablehlo.broadcast_like(value, like, kept, before)


def _distinct(
    graph: Graph, known: Known, shape: Sequence[int], suffix: str, before: Operation
) -> tuple[Value, list[int]]:
    """The distinct part of a known value as a weight or a constant, and the dimensions it runs over."""
    core, kept = core_of(known, shape)
    value = next((graph.weight_value(n) for n in known.weights if _is_same(graph.weights[n], core)), None)
    if value is None and (core.size == 1 or (not known.weights and core.nbytes <= MAX_CONSTANT_BYTES)):
        value = stablehlo.constant(core, before)
    if value is None:
        base = known.weights[0] if known.weights else "constant"
        name = base if base.endswith(f".{suffix}") else f"{base}.{suffix}"
        value = graph.add_weight(name, np.ascontiguousarray(core))
    return value, kept


def _is_same(weight: Array, core: Array) -> bool:
    same_form = weight.shape == core.shape and weight.strides == core.strides and weight.dtype == core.dtype
    return same_form and weight.ctypes.data == core.ctypes.data


def _constant(op: Operation) -> Array | None:
    try:
        return elements(op.attributes["value"])
    except TypeError:  # complex numbers have no accessor in the bindings
        return None


def is_elementwise(op: Operation) -> bool:
    """Whether an operation computes every element of its result of those at the same place."""
    return op.name in _ELEMENTWISE


def _is_evaluable(op: Operation | None) -> bool:
    if op is None or len(op.results) != 1 or not all(map(is_static_tensor, (*op.results, *op.operands))):
        return False
    if op.name in _FLOAT_ONLY:
        return dtype_of(op.results[0]).kind not in "iu"
    if op.name == "stablehlo.convert":  # the other direction rounds and saturates
        known = is_static_tensor(op.operands[0])
        return known and not (dtype_of(op.operands[0]).kind not in "iub" and dtype_of(op.results[0]).kind in "iub")
    return op.name in _ELEMENTWISE or op.name in _STRUCTURAL


def _broadcast_in_dim(op: Operation, arrays: Sequence[Array]) -> Array:
    dimensions = integers(op, "broadcast_dimensions")
    shape = [1] * len(shape_of(op.results[0]))
    order = np.argsort(dimensions)
    array = arrays[0].transpose(order) if len(order) else arrays[0]
    for i, extent in zip(sorted(dimensions), array.shape, strict=True):
        shape[i] = extent
    return array.reshape(shape)


def _reshape(op: Operation, arrays: Sequence[Array]) -> Array:
    """Stay in broadcast form wherever a group of dimensions that become others is one number repeated."""
    old, new = shape_of(op.operands[0]), shape_of(op.results[0])
    if arrays[0].size == 1:
        return arrays[0].reshape([1] * len(new))
    if 0 in old:  # nothing is equal to nothing in any grouping
        return np.zeros(new, arrays[0].dtype)
    wide, narrow = list(arrays[0].shape), [1] * len(new)
    for before, after in _regrouped(old, new):
        if any(wide[i] != 1 for i in before):
            wide[before.start : before.stop] = old[before.start : before.stop]
            narrow[after.start : after.stop] = new[after.start : after.stop]
    return np.broadcast_to(arrays[0], wide).reshape(narrow)


def _regrouped(old: Sequence[int], new: Sequence[int]) -> Iterator[tuple[range, range]]:
    """The smallest runs of dimensions of `old` and `new` with equal products that make up a reshape."""
    i = j = 0
    while i < len(old) or j < len(new):
        first_i, first_j = i, j
        i, j = min(i + 1, len(old)), min(j + 1, len(new))
        while (a := math.prod(old[first_i:i])) != (b := math.prod(new[first_j:j])):
            if (a < b and i < len(old)) or j == len(new):
                i += 1
            else:
                j += 1
        yield range(first_i, i), range(first_j, j)


def _transpose(op: Operation, arrays: Sequence[Array]) -> Array:
    return arrays[0].transpose(integers(op, "permutation"))


def _slice(op: Operation, arrays: Sequence[Array]) -> Array:
    limits = zip(integers(op, "start_indices"), integers(op, "limit_indices"), integers(op, "strides"), strict=True)
    old = zip(arrays[0].shape, shape_of(op.operands[0]), strict=True)
    return arrays[0][
        tuple(slice(None) if have != extent else slice(*each) for (have, extent), each in zip(old, limits, strict=True))
    ]


def _concatenate(op: Operation, arrays: Sequence[Array]) -> Array:
    axis = op.attributes["dimension"].value
    common = list(np.broadcast_shapes(*[(*a.shape[:axis], 1, *a.shape[axis + 1 :]) for a in arrays]))
    parts = []
    for array, operand in zip(arrays, op.operands, strict=True):
        common[axis] = shape_of(operand)[axis]
        parts.append(np.broadcast_to(array, common))
    return np.concatenate(parts, axis)


def _reverse(op: Operation, arrays: Sequence[Array]) -> Array:
    return np.flip(arrays[0], integers(op, "dimensions"))


def _dot_general(op: Operation, arrays: Sequence[Array]) -> Array | None:
    layout = DotLayout.of(op)
    left, right = (np.broadcast_to(a, shape_of(v)) for a, v in zip(arrays, op.operands, strict=True))
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left_names = [next(letters) for _ in left.shape]
    right_names = [next(letters) for _ in right.shape]
    for i, j in zip(
        layout.left_batch + layout.left_contracting, layout.right_batch + layout.right_contracting, strict=True
    ):
        right_names[j] = left_names[i]
    kept = [left_names[i] for i in layout.left_batch]
    kept += [n for i, n in enumerate(left_names) if i not in layout.left_batch + layout.left_contracting]
    kept += [n for i, n in enumerate(right_names) if i in layout.right_free(right.ndim)]
    dtype = dtype_of(op.results[0])
    wide = np.result_type(dtype, np.float32) if dtype.kind not in "iub" else dtype
    equation = f"{''.join(left_names)},{''.join(right_names)}->{''.join(kept)}"
    product: Array = np.einsum(equation, left.astype(wide), right.astype(wide), optimize=True).astype(dtype)
    return product


_FLOAT_ONLY = {"stablehlo.divide", "stablehlo.power"}  # integers round otherwise than numpy's

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "stablehlo.abs": np.abs,
    "stablehlo.add": np.add,
    "stablehlo.and": lambda a, b: np.bitwise_and(a, b),
    "stablehlo.ceil": np.ceil,
    "stablehlo.convert": lambda a: a,
    "stablehlo.cosine": np.cos,
    "stablehlo.divide": np.divide,
    "stablehlo.exponential": np.exp,
    "stablehlo.floor": np.floor,
    "stablehlo.log": np.log,
    "stablehlo.logistic": lambda a: 1 / (1 + np.exp(-a)),
    "stablehlo.maximum": np.maximum,
    "stablehlo.minimum": np.minimum,
    "stablehlo.multiply": np.multiply,
    "stablehlo.negate": np.negative,
    "stablehlo.not": np.invert,
    "stablehlo.or": lambda a, b: np.bitwise_or(a, b),
    "stablehlo.power": np.power,
    "stablehlo.rsqrt": lambda a: 1 / np.sqrt(a),
    "stablehlo.select": np.where,
    "stablehlo.shift_left": lambda a, b: np.left_shift(a, b),  # by as many bits as there are, or more: 0
    "stablehlo.sign": np.sign,
    "stablehlo.sine": np.sin,
    "stablehlo.sqrt": np.sqrt,
    "stablehlo.subtract": np.subtract,
    "stablehlo.tanh": np.tanh,
}

_STRUCTURAL: dict[str, Callable[[Operation, Sequence[Array]], Array | None]] = {
    "stablehlo.broadcast_in_dim": _broadcast_in_dim,
    "stablehlo.concatenate": _concatenate,
    "stablehlo.dot_general": _dot_general,
    "stablehlo.reshape": _reshape,
    "stablehlo.reverse": _reverse,
    "stablehlo.slice": _slice,
    "stablehlo.transpose": _transpose,
}
