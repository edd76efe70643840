"""What counted subscripts demand of sizes: a mask that is read at `past + steps` positions must have as many.

Nothing in a graph ties the dimension that is read to the ones that are counted up to, and a compiled gather clamps
subscripts where ONNX makes it an error. The largest and the least value of every integer in a trace is followed from
where it is counted (`Range`) to where it is a subscript; what is not known there says nothing. Nor do the
bodies of loops and branches, which may not run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jax import lax
from jax.errors import InconclusiveDimensionOperation
from webtensorc_runtime.constraints import Constraint

from webtensorc.frontends.onnx import demands, extents, symbolic, windows
from webtensorc.frontends.onnx.signature import Signature

_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call")
_CLAMPED = (lax.GatherScatterMode.CLIP, lax.GatherScatterMode.PROMISE_IN_BOUNDS)


@dataclass(frozen=True)
class Span:
    """The least and the largest element of an integer tensor, numbers or expressions of sizes."""

    least: Any
    most: Any


Spans = tuple[Span, ...]
"""That of the whole tensor, or one for each subscript along the last dimension."""


def demanded(jaxpr: Any, signature: Signature) -> Signature:
    """The signature with what gathers, windows and reshapes of a trace (a `ClosedJaxpr`) demand of its dimensions."""
    found: dict[Constraint, None] = {}
    for room, relation in _Trace(jaxpr.jaxpr, jaxpr.consts, []).demands():
        if extents.is_open(room) and not (relation == ">=" and _is_at_least(room, 0)):
            (expression,) = symbolic.written((room,), signature.dims)
            found[Constraint(str(expression), relation)] = None
    return replace(signature, constraints=tuple(dict.fromkeys((*signature.constraints, *found))))


class _Trace:
    """One walk through a jaxpr with what is known of its variables."""

    def __init__(self, jaxpr: Any, consts: Sequence[Any], given: Sequence[Spans | None]) -> None:
        self.jaxpr = jaxpr
        self.known: dict[Any, Spans] = {}
        self._note(jaxpr.constvars, [_of_array(each) for each in consts])
        self._note(jaxpr.invars, given)

    def _note(self, variables: Sequence[Any], found: Sequence[Spans | None]) -> None:
        self.known.update((each, spans) for each, spans in zip(variables, found, strict=False) if spans is not None)

    def of(self, atom: Any) -> Spans | None:
        """What is known of a variable or literal."""
        return _of_array(atom.val) if hasattr(atom, "val") else self.known.get(atom)

    def demands(self) -> Iterator[tuple[Any, str]]:
        """Numbers, and how they have to relate to 0.

        How far the largest subscript of every gather is from the last valid one, how much windows leave over, and how
        many elements a reshape loses: JAX takes open sizes on trust.
        """
        for equation in self.jaxpr.eqns:
            name = equation.primitive.name
            inputs = [self.of(each) for each in equation.invars]
            if name in _CALLS and (inner := equation.params.get("jaxpr") or equation.params.get("call_jaxpr")):
                walk = _Trace(inner.jaxpr, inner.consts, inputs)
                yield from walk.demands()
                outputs = [walk.of(each) for each in inner.jaxpr.outvars]
            else:
                outputs = [_result(equation, inputs)] if len(equation.outvars) == 1 else []
            if name == "gather" and equation.params["mode"] in _CLAMPED:
                yield from ((room, ">=") for room in _rooms(equation, inputs[1]))
            if name == demands.NAME:
                yield equation.params["room"], ">="
            if name == "reshape":
                yield math.prod(equation.invars[0].aval.shape) - math.prod(equation.params["new_sizes"]), "=="
            yield from ((room, ">=") for room in windows.rooms(equation))
            self._note(equation.outvars, outputs)


def _rooms(equation: Any, spans: Spans | None) -> Iterator[Any]:
    shape, sizes = equation.invars[0].aval.shape, equation.params["slice_sizes"]
    targets = equation.params["dimension_numbers"].start_index_map
    if spans is not None and len(spans) in (1, len(targets)):
        for axis, span in zip(targets, spans * (len(targets) // len(spans)), strict=True):
            if span.most is not None:
                yield shape[axis] - sizes[axis] - span.most


def _result(equation: Any, inputs: Sequence[Spans | None]) -> Spans | None:
    rule = _RULES.get(equation.primitive.name)
    if rule is None or any(each is None for each in inputs):
        return _chosen(equation, inputs) if equation.primitive.name == "select_n" else None
    try:
        return rule(equation, inputs)
    except InconclusiveDimensionOperation:  # nothing is known
        return None


def _of_array(value: Any) -> Spans | None:
    array = np.asarray(value) if isinstance(value, np.ndarray | np.generic | int | bool) else None
    if array is None or array.dtype.kind not in "iub" or not array.size:
        return None
    return (Span(int(array.min()), int(array.max())),)


def _is_at_least(value: Any, bound: Any) -> bool:
    try:
        return bool(value >= bound)
    except InconclusiveDimensionOperation:
        return False


def _each(rule: Callable[[Any, Span, Span], Span | None]) -> Callable[[Any, Any], Spans | None]:
    """The rule of two operands for each subscript."""

    def apply(equation: Any, inputs: Any) -> Spans | None:
        count = max(map(len, inputs))
        pairs = zip(*(spans * (count if len(spans) == 1 else 1) for spans in inputs), strict=True)
        found = [rule(equation, *pair) for pair in pairs]
        return None if None in found else tuple(each for each in found if each)

    return apply


def _add(equation: Any, a: Span, b: Span) -> Span:
    return Span(a.least + b.least, a.most + b.most)


def _subtract(equation: Any, a: Span, b: Span) -> Span:
    same, other = equation.invars
    return Span(0, 0) if same is other else Span(a.least - b.most, a.most - b.least)


def _multiply(equation: Any, a: Span, b: Span) -> Span | None:
    """By a factor that all elements share: a number, or how long the rows of a flat tensor are."""
    for factor, other in ((a, b), (b, a)):
        if factor.least == factor.most and _is_at_least(factor.least, 0):
            return Span(other.least * factor.least, other.most * factor.least)
    return None


def _less(equation: Any, a: Span, b: Span) -> Span | None:
    return Span(0, 0) if _is_at_least(a.least, b.most) else None


def _chosen(equation: Any, inputs: Sequence[Spans | None]) -> Spans | None:
    """The first case of `select_n` where the predicate is known never to hold."""
    return inputs[1] if inputs[0] and all(span == Span(0, 0) for span in inputs[0]) else None


def _counted(equation: Any, inputs: Any) -> Spans:
    return (Span(0, equation.params["shape"][equation.params["dimension"]] - 1),)


def _size(equation: Any, inputs: Any) -> Spans:
    size = equation.params["dim"]
    return (Span(size, size),)


def _same(equation: Any, inputs: Any) -> Spans | None:
    """The same elements, in a shape that keeps the last dimension, or of one span."""
    (spans,) = inputs[:1]
    (before, *_), (after,) = equation.invars, equation.outvars
    places = equation.params.get("broadcast_dimensions")
    stays_last = not places or places[-1] == len(after.aval.shape) - 1
    same = stays_last and before.aval.shape[-1:] == after.aval.shape[-1:]
    return spans if len(spans) == 1 or same else None


def _joined(equation: Any, inputs: Any) -> Spans | None:
    """Subscripts next to each other along the last dimension."""
    axis, rank = equation.params["dimension"], len(equation.outvars[0].aval.shape)
    counts = [each.aval.shape[-1] for each in equation.invars]
    if axis != rank - 1 or any(extents.is_open(count) for count in counts):
        return None
    parts = [spans * (count if len(spans) == 1 else 1) for spans, count in zip(inputs, counts, strict=True)]
    return tuple(span for part in parts for span in part)


def _stacked(equation: Any, inputs: Any) -> Spans | None:
    """Numbers next to each other, as those of a shape are."""
    return tuple(span for (span,) in inputs) if equation.outvars[0].aval.ndim == 1 else None


def _picked(equation: Any, inputs: Any) -> Spans | None:
    """One subscript of each index vector, or any elements of a tensor of one span."""
    spans, (at,) = inputs
    if len(spans) == 1:
        return tuple(spans)
    last = len(equation.invars[0].aval.shape) - 1
    numbers = equation.params["dimension_numbers"]
    is_one = numbers.start_index_map == (last,) == numbers.collapsed_slice_dims and at.least == at.most
    return (spans[at.least],) if is_one else None


_RULES: dict[str, Callable[[Any, Any], Spans | None]] = {
    "add": _each(_add),
    "broadcast_in_dim": _same,
    "concatenate": _joined,
    "convert_element_type": _same,
    "copy": _same,
    "dim_as_value": _size,
    "gather": _picked,
    "iota": _counted,
    "lt": _each(_less),
    "mul": _each(_multiply),
    "reshape": _same,
    "squeeze": _same,
    "stack": _stacked,
    "sub": _each(_subtract),
}
