"""If: what is known decides during the trace; what is computed becomes a branch of the compiled model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotKnownError,
    NotSupportedError,
    UnknownResultError,
    Value,
    is_known,
    larger,
)

Body = Callable[..., tuple[Value, ...]]


@op("If")
def if_(condition: Value, *, then_branch: Body, else_branch: Body) -> Value:
    """One branch; both are in the graph if the condition is computed, and must then agree on types and ranks.

    Their results may differ in size along one axis, which then depends on data.
    """
    if is_known(condition):
        return then_branch() if condition.reshape(()) else else_branch()
    bodies, given = _branches(then_branch, else_branch, condition)
    merged = [_merged(*pair) for pair in zip(*given, strict=True)] if len(given[0]) == len(given[1]) else [None]
    if None in merged:
        raise NotSupportedError(
            f"its condition depends on the model's inputs and its branches give {', '.join(map(str, given[0]))} "
            f"and {', '.join(map(str, given[1]))}: the output's shape is not known when the model is compiled"
        )
    results = [each for each in merged if each is not None]
    run = [lambda body=body: [_sized(*pair) for pair in zip(body(), results, strict=True)] for body in bodies]
    with jax.disable_jit(False):
        found = lax.cond(jnp.reshape(condition, ()), *run)
    counts: dict[Any, jax.Array] = {}
    values: list[Value] = []
    for index, ((array, count), result) in enumerate(zip(found, results, strict=True)):
        pair = tuple(branch[index].group for branch in given)
        values.append(array if result.axis is None else Bounded(array, result.axis, counts.setdefault(pair, count)))
    return tuple(values)


@dataclass(frozen=True)
class _Result:
    """What a branch, or both of them, give for an output.

    Attributes:
        shape: its sizes, or the largest that they can be.
        dtype: its element type.
        axis: the axis along which its size depends on data.
        group: equal for results of one branch that have equal sizes along such an axis.
    """

    shape: tuple[Any, ...]
    dtype: str
    axis: int | None
    group: Any = None

    def __str__(self) -> str:
        sizes = (f"<={size}" if axis == self.axis else str(size) for axis, size in enumerate(self.shape))
        return f"{self.dtype}[{', '.join(sizes)}]"


def _merged(first: _Result, second: _Result) -> _Result | None:
    """What an output is if either branch may give it; None if more than one of its sizes is open then."""
    if first.dtype != second.dtype or len(first.shape) != len(second.shape):
        return None
    pairs = list(zip(first.shape, second.shape, strict=True))
    axes = {axis for axis, (a, b) in enumerate(pairs) if a is not b and a != b}
    axes |= {each.axis for each in (first, second) if each.axis is not None}
    if len(axes) > 1:
        return None
    shape = tuple(larger(a, b) if axis in axes else a for axis, (a, b) in enumerate(pairs))
    return _Result(shape, first.dtype, next(iter(axes), None))


def _sized(value: Value, result: _Result) -> tuple[jax.Array, jax.Array]:
    """A branch's value as large as the output can be, and how much of that there is."""
    array = value.array if isinstance(value, Bounded) else jnp.asarray(value)
    if result.axis is None:
        return array, jnp.int64(0)
    size = array.shape[result.axis]
    count = value.count if isinstance(value, Bounded) else jnp.asarray(size, jnp.int64)
    lacking = [(0, result.shape[axis] - size if axis == result.axis else 0) for axis in range(array.ndim)]
    return jnp.pad(array, lacking), count


def _branches(
    then_branch: Body, else_branch: Body, condition: Value
) -> tuple[list[Callable[[], Sequence[Value]]], list[list[_Result]]]:
    """Both branches as functions of nothing to tensors, and what they give.

    A branch that is not valid for the shapes at hand (silero_vad has one branch per sampling rate, each for its own
    number of samples) cannot be compiled, yet must be there: it gives NaN, so choosing it cannot pass for an answer.
    ONNX Runtime fails at that point of the run.
    """
    bodies = (then_branch, else_branch)
    functions: list[Any] = [_tensors(body, condition) for body in bodies]
    found = _given([_tensors(body, condition, trial=True) for body in bodies], InvalidFileError)
    if None not in found:
        return functions, found
    valid = found[0] or found[1]
    if valid is None or not all(jnp.issubdtype(each.dtype, jnp.floating) for each in valid):
        return functions, _given(functions)
    functions[found.index(None)] = lambda: [jnp.full(each.shape, np.nan, each.dtype) for each in valid]
    return functions, [valid, valid]


def _given(runs: Sequence[Callable[[], Sequence[Value]]], *invalid: type[Exception]) -> list[Any]:
    """What branches give, None for an invalid one; all are traced, so that everything unsupported is listed."""
    found: list[Any] = []
    unknown: UnknownResultError | None = None
    for run in runs:
        try:
            found.append(_results(run))
        except invalid:
            found.append(None)
        except UnknownResultError as error:
            unknown = error
    if unknown:
        raise unknown
    return found


def _tensors(body: Body, condition: Value, **how: bool) -> Callable[[], Sequence[Value]]:
    """A branch as a function of nothing."""

    def run() -> Sequence[Value]:
        results = body(**how)
        if any(each is None or isinstance(each, list) for each in results):
            raise NotKnownError("condition (a branch gives a sequence or an optional)", condition)
        return results

    return run


def _results(run: Callable[[], Sequence[Value]]) -> list[_Result]:
    """What a branch gives, from a trace of it that leaves nothing behind."""
    found: list[_Result] = []

    def trace() -> list[jax.Array]:
        values = run()
        groups: dict[int, int] = {}
        for each in values:
            if isinstance(each, Bounded):
                group = groups.setdefault(id(each.count), len(groups))
                found.append(_Result(tuple(each.array.shape), str(each.dtype), each.axis, group))
            else:
                array = jnp.asarray(each)
                found.append(_Result(tuple(array.shape), str(array.dtype), None, tuple(array.shape)))
        return []

    with jax.disable_jit(False):
        jax.eval_shape(trace)
    return found
