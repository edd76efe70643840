"""Tensors whose size depends on data, in operators that were written for others.

Such a tensor has as many slices as there can be, and those from its `count` on mean nothing. An operator that computes
each slice by itself may compute on all of them: what it makes of slices that mean nothing means nothing either.
Whether it does so is read off its trace: the axis is followed from the inputs to the results through operations that
are known to keep slices apart. Nothing has to be declared for an operator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from webtensorc.frontends.onnx import symbolic
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value

_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat")


class _MixedError(Exception):
    """Slices meet; the message is the operation's name."""


def apply(
    function: Callable[..., Value], inputs: Sequence[Value], neutral: Callable[[Any], Any] | None = None
) -> Value:
    """`function(*inputs)`, where some inputs are `Bounded`, and so are the results.

    Slices that meet all the same are filled with what changes nothing, if `neutral` says what that is for the element
    type of the first input.

    Raises:
        NotSupportedError: the inputs' sizes depend on different data, or the results on more than slices of their own.
    """
    bounded = [each for each in inputs if isinstance(each, Bounded)]
    count = bounded[0].count
    sizes = [each.value for value in inputs if isinstance(value, Extents) for each in value.counts]
    if any(each is not count for each in (*sizes, *(each.count for each in bounded))):
        raise NotSupportedError("its inputs have sizes that depend on the model's inputs in different ways")
    inputs = [each.bounds() if isinstance(each, Extents) else each for each in inputs]

    def run(*arrays: jax.Array) -> tuple[Value, ...]:
        given = iter(arrays)
        results = function(*(next(given) if isinstance(each, Bounded) else each for each in inputs))
        results = results if isinstance(results, tuple) else (results,)
        if any(isinstance(each, list | Bounded) for each in results):
            raise _MixedError("it gives a sequence, or a size that depends on data itself")
        return results

    arrays = [each.array for each in bounded]
    try:
        traced = jax.make_jaxpr(run)(*(symbolic.struct(each.shape, each.dtype) for each in arrays))
        axes = _followed(traced.jaxpr, [each.axis for each in bounded])
    except _MixedError as error:
        if neutral is not None and len(bounded) == 1 and bounded[0] is inputs[0]:
            return function(bounded[0].filled(neutral(bounded[0].dtype)), *inputs[1:])
        reason = "one of its inputs has a size that depends on the model's inputs, and it does not keep slices apart"
        raise NotSupportedError(f"{reason} ({error})") from None
    results = run(*arrays)
    found = [axis for axis in axes if axis is not None]
    if len(found) != len(results):
        raise NotSupportedError("its result depends on a size that depends on the model's inputs")
    return tuple(Bounded(array, axis, count) for array, axis in zip(results, found, strict=True))


def counted(make: Callable[[Any], Value], shape: Extents) -> Bounded:
    """What `make` gives for a shape one size of which depends on data: there the tensor's size does.

    Args:
        make: gives a tensor whose last dimensions are what the sizes say, each slice like any other or counted up.
        shape: the sizes, [rank].

    Raises:
        NotSupportedError: two sizes depend on data.
    """
    if len(shape.counts) > 1:
        raise NotSupportedError("two sizes of its result depend on the model's inputs")
    (count,) = shape.counts
    array = jnp.asarray(make(shape.bounds()))
    place = next(axis for axis, each in enumerate(shape.elements) if each is count)
    return Bounded(array, array.ndim - len(shape.elements) + place, count.value)


def _followed(jaxpr: Any, given: Sequence[int | None]) -> list[int | None]:
    """Where in the results of a jaxpr the axis is that is at these places in its inputs; None where it is not."""
    known: dict[Any, int] = {}

    def note(variables: Sequence[Any], axes: Sequence[int | None]) -> None:
        known.update((each, axis) for each, axis in zip(variables, axes, strict=True) if axis is not None)

    def of(atom: Any) -> int | None:
        return None if hasattr(atom, "val") else known.get(atom)

    note(jaxpr.invars, given)
    for equation in jaxpr.eqns:
        axes = [of(each) for each in equation.invars]
        if all(axis is None for axis in axes):
            continue
        name = equation.primitive.name
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        if name in _CALLS and inner is not None:
            note(equation.outvars, _followed(inner.jaxpr, axes))
        else:
            note(equation.outvars, [_through(equation, axes)] * len(equation.outvars))
    return [of(each) for each in jaxpr.outvars]


def _through(equation: Any, axes: list[int | None]) -> int:
    """Where the axis is in the results of one operation."""
    name = equation.primitive.name
    rule = _same if name in _ELEMENTWISE.split() else _RULES.get(name)
    axis = rule(equation, axes) if rule else None
    if axis is None:
        raise _MixedError(name)
    return axis


def _shape(equation: Any, operand: int = 0) -> tuple[int, ...]:
    return tuple(equation.invars[operand].aval.shape)


def _same(equation: Any, axes: list[int | None]) -> int | None:
    """All operands have it at one place, and the results too."""
    found = {axis for axis in axes if axis is not None}
    return found.pop() if len(found) == 1 else None


def _unless(parameter: str) -> Callable[[Any, list[int | None]], int | None]:
    """At the same place, unless that is the dimension that the operation runs along."""

    def rule(equation: Any, axes: list[int | None]) -> int | None:
        axis = _same(equation, axes)
        along = equation.params[parameter]
        return None if axis in (along if isinstance(along, tuple) else (along,)) else axis

    return rule


def _cumulated(equation: Any, axes: list[int | None]) -> int | None:
    """Slices may depend on those before them, which mean something if they do."""
    axis = _same(equation, axes)
    return None if axis == equation.params["axis"] and equation.params["reverse"] else axis


def _reduced(equation: Any, axes: list[int | None]) -> int | None:
    (axis,), gone = axes, equation.params["axes"]
    return None if axis is None or axis in gone else axis - sum(each < axis for each in gone)


def _squeezed(equation: Any, axes: list[int | None]) -> int | None:
    (axis,), gone = axes, equation.params["dimensions"]
    return None if axis is None or axis in gone else axis - sum(each < axis for each in gone)


def _broadcast(equation: Any, axes: list[int | None]) -> int | None:
    axis = axes[0]
    if axis is None:
        return None
    place: int = equation.params["broadcast_dimensions"][axis]
    return place if equation.params["shape"][place] == _shape(equation)[axis] else None


def _reshaped(equation: Any, axes: list[int | None]) -> int | None:
    """A dimension of the same size with as many elements before it; of several such the first."""
    axis, before, after = axes[0], _shape(equation), equation.outvars[0].aval.shape
    if axis is None:
        return None
    outside = math.prod(before[:axis])
    places = range(len(after))
    return next((i for i in places if after[i] == before[axis] and math.prod(after[:i]) == outside), None)


def _transposed(equation: Any, axes: list[int | None]) -> int | None:
    place: int = equation.params["permutation"].index(axes[0])
    return place


def _cut(equation: Any, axes: list[int | None]) -> int | None:
    """Slices of other dimensions."""
    (axis, *_), shape = axes, _shape(equation)
    return axis if axis is not None and equation.outvars[0].aval.shape[axis] == shape[axis] else None


def _padded(equation: Any, axes: list[int | None]) -> int | None:
    (axis, value), config = axes, equation.params["padding_config"]
    return axis if axis is not None and value is None and tuple(config[axis]) == (0, 0, 0) else None


def _contracted(equation: Any, axes: list[int | None]) -> int | None:
    """The dimensions of a product are shared ones, the left operand's other ones, the right one's other ones."""
    (left_in, right_in), (left_shared, right_shared) = equation.params["dimension_numbers"]
    sides = ((axes[0], left_in, left_shared), (axes[1], right_in, right_shared))
    found = set()
    start = len(left_shared)
    for operand, (axis, contracted, shared) in enumerate(sides):
        free = [d for d in range(len(_shape(equation, operand))) if d not in (*contracted, *shared)]
        if axis in contracted:
            return None
        if axis is not None:
            found.add(shared.index(axis) if axis in shared else start + free.index(axis))
        start += len(free)
    return found.pop() if len(found) == 1 else None


def _convolved(equation: Any, axes: list[int | None]) -> int | None:
    """The batch of the left operand."""
    numbers = equation.params["dimension_numbers"]
    is_batch = axes[1] is None and axes[0] == numbers.lhs_spec[0] and equation.params["batch_group_count"] == 1
    return int(numbers.out_spec[0]) if is_batch else None


def _gathered(equation: Any, axes: list[int | None]) -> int | None:
    """A dimension of the subscripts, one of the operand that is taken whole, or one that both share."""
    (operand, subscripts), numbers = axes, equation.params["dimension_numbers"]
    batch = [axis for axis in range(equation.outvars[0].aval.ndim) if axis not in numbers.offset_dims]
    if operand is None:
        return batch[subscripts] if subscripts is not None and subscripts < len(batch) else None
    if subscripts is not None:
        shared = zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True)
        return batch[subscripts] if (operand, subscripts) in shared else None
    gone = (*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)
    whole = [axis for axis in range(len(_shape(equation))) if axis not in gone]
    is_whole = operand in whole and equation.params["slice_sizes"][operand] == _shape(equation)[operand]
    return int(numbers.offset_dims[whole.index(operand)]) if is_whole else None


def _windowed(equation: Any, axes: list[int | None]) -> int | None:
    """Windows of one element along the axis."""
    axis = axes[0]
    if axis is None or any(each is not None for each in axes[1:]):
        return None
    keys = ("window_dimensions", "window_strides")
    return axis if all(equation.params[key][axis] == 1 for key in keys) and _cut(equation, axes) == axis else None


_ELEMENTWISE = """
    abs acos acosh add add_any and asin asinh atan atan2 atanh bitcast_convert_type cbrt ceil clamp
    convert_element_type copy cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt imag integer_pow
    is_finite le lgamma log log1p logistic lt max min mul ne neg nextafter not or population_count pow real
    reduce_precision rem round rsqrt select_n shift_left shift_right_arithmetic shift_right_logical sign sin sinh
    sqrt square stop_gradient sub tan tanh xor
"""

_RULES: dict[str, Callable[[Any, list[int | None]], int | None]] = {
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"), _cumulated),
    **dict.fromkeys((f"reduce_{kind}" for kind in ("sum", "max", "min", "prod", "and", "or", "xor")), _reduced),
    "argmax": _reduced,
    "argmin": _reduced,
    "broadcast_in_dim": _broadcast,
    "concatenate": _unless("dimension"),
    "conv_general_dilated": _convolved,
    "dot_general": _contracted,
    "gather": _gathered,
    "pad": _padded,
    "reduce_window_max": _windowed,
    "reduce_window_min": _windowed,
    "reduce_window_sum": _windowed,
    "reshape": _reshaped,
    "rev": _unless("dimensions"),
    "slice": _cut,
    "sort": _unless("dimension"),
    "split": _unless("axis"),
    "squeeze": _squeezed,
    "transpose": _transposed,
}
