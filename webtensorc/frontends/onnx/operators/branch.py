"""If: what is known decides during the trace; what is computed becomes a branch of the compiled model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import narrowing, truths
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.failures import StartAgain
from webtensorc.frontends.onnx.guards import guarded
from webtensorc.frontends.onnx.narrowing import Narrowing
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotKnownError,
    NotSupportedError,
    OneOfTwoError,
    UnknownResultError,
    Value,
    is_known,
    larger,
)

Body = Callable[..., tuple[Value, ...]]
Run = Callable[[], Sequence[Value]]
T = TypeVar("T")


@op("If", truths=True)
def if_(condition: Value, *, then_branch: Body, else_branch: Body, node: Any) -> Value:
    """One branch; both are in the graph if the condition is computed, and must then agree on types and ranks.

    Their results may differ in size: then the sizes are expressions if the condition is one, else one axis may, and
    depends on data. A branch that does not fit the sizes at hand is there as well; a run that comes to it fails, as it
    does in ONNX Runtime.
    """
    if isinstance(condition, Extents):
        (holds,) = condition.elements.ravel()
    elif is_known(condition):
        return then_branch() if condition.reshape(()) else else_branch()
    else:
        holds = None
    place = f'node "{node.name}" (If)'
    branches = _branches(then_branch, else_branch, condition, place)
    given = [each.results for each in branches]
    pairs = list(zip(*given, strict=True)) if len(given[0]) == len(given[1]) else []
    merged = [_merged(one, other, holds) for one, other in pairs] or [None]
    if None in merged:
        raise _no_merger(branches, condition, place)
    results = [each for each in merged if each is not None]
    run = [lambda each=each: [_sized(*pair) for pair in zip(each.run(), results, strict=True)] for each in branches]
    with jax.disable_jit(False):
        found = lax.cond(_scalar(condition), *run)
    counts: dict[Any, jax.Array] = {}
    values: list[Value] = []
    for index, ((array, count), result) in enumerate(zip(found, results, strict=True)):
        pair = tuple(branch[index].group for branch in given)
        values.append(array if result.axis is None else Bounded(array, result.axis, counts.setdefault(pair, count)))
    return tuple(values)


def _scalar(condition: Value) -> jax.Array:
    return jnp.reshape(jnp.asarray(condition, bool), ())


def _no_merger(branches: Sequence[_Branch], condition: Value, place: str) -> NotSupportedError:
    """Why no value can stand for what either branch gives; with what most sizes choose, if they do."""
    shown = (", ".join(map(str, each.results)) for each in branches)
    message = (
        f"its condition depends on the model's inputs and its branches give {' and '.join(shown)}: "
        "the output's shape is not known when the model is compiled"
    )
    rare = [each.narrowing for each in branches if each.narrowing]
    if not isinstance(condition, Extents) or len(rare) != 1:
        return NotSupportedError(message)
    (usual,) = (each for each in branches if not each.narrowing)
    is_usual = _scalar(condition) == (usual is branches[0])
    needed = f"{place}: these sizes choose the branch for {rare[0].needs}, whose results have another rank or type"
    values = tuple(_guarded(each, is_usual, needed) for each in usual.run())
    return OneOfTwoError(message, values, next(iter(rare[0].found.values())))


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


def _merged(first: _Result, second: _Result, holds: Any = None) -> _Result | None:
    """What an output is if either branch may give it; None if more than one of its sizes depends on data then.

    `holds` is 1 or 0, the condition as an expression of open dimensions, if it is one.
    """
    if first.dtype != second.dtype or len(first.shape) != len(second.shape):
        return None
    if holds is not None and first.axis is None and second.axis is None:
        either = (truths.chosen(holds, a, b) for a, b in zip(first.shape, second.shape, strict=True))
        return _Result(tuple(either), first.dtype, None)
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
        for axis, size in enumerate(result.shape):
            array = narrowing.resized(array, axis, size)
        return array, jnp.int64(0)
    size = array.shape[result.axis]
    count = value.count if isinstance(value, Bounded) else jnp.asarray(size, jnp.int64)
    lacking = [(0, result.shape[axis] - size if axis == result.axis else 0) for axis in range(array.ndim)]
    return jnp.pad(array, lacking), count


@dataclass(frozen=True)
class _Branch:
    """A branch as a function of nothing to tensors, what it gives, and what it needs of open sizes."""

    run: Run
    results: list[_Result]
    narrowing: Narrowing | None = None


def _branches(then_branch: Body, else_branch: Body, condition: Value, place: str) -> list[_Branch]:
    """Both branches; what does not fit (silero_vad has one per sampling rate, for other lengths) gives no results."""
    bodies = {f"{place}: its `then_branch`": then_branch, f"{place}: its `else_branch`": else_branch}
    tries = _all([partial(_fitting, body, condition, what) for what, body in bodies.items()], InvalidFileError)
    valid = [each for each in tries if each]
    if not valid:
        runs = [_tensors(body, condition) for body in bodies.values()]
        given = _all([partial(_results, run) for run in runs])
        return [_Branch(run, each or []) for run, each in zip(runs, given, strict=True)]
    narrowing.refuse_for_all([each.narrowing for each in valid])
    return [each or _unfit(valid[0].results, what) for what, each in zip(bodies, tries, strict=True)]


def _all(tries: Sequence[Callable[[], T]], *invalid: type[Exception]) -> list[T | None]:
    """What each gives, None for what is invalid; none is left out, so that everything unsupported is listed."""
    found: list[T | None] = []
    unknown: UnknownResultError | None = None
    for each in tries:
        try:
            found.append(each())
        except invalid:
            found.append(None)
        except UnknownResultError as error:
            unknown = error
    if unknown:
        raise unknown
    return found


def _unfit(results: list[_Result], what: str) -> _Branch:
    """A branch that fits no sizes, in the form of one that does."""

    def run() -> list[Value]:
        message = f"{what} does not fit the model's inputs"
        return [guarded(jnp.zeros(each.shape, each.dtype), False, message) for each in results]

    return _Branch(run, _results(run))


def _fitting(body: Body, condition: Value, what: str) -> _Branch:
    """A branch for those sizes of open dimensions that it fits, where any do."""
    needed: Narrowing | None = None
    while True:
        run = _tensors(body, condition, trial=True, narrowing=needed)
        try:
            results = _results(run)
        except StartAgain as again:
            found = narrowing.between(again)
            if found is None or (needed and found.found.keys() <= needed.found.keys()):
                raise
            needed = found.after(needed) if needed else found
        else:
            break
    if needed is None:
        return _Branch(_tensors(body, condition), results)

    def checked() -> list[Value]:
        message = f"{what} does not fit the model's inputs: it needs {needed.needs}"
        return [_guarded(each, needed.holds(), message) for each in run()]

    return _Branch(checked, results, needed)


def _guarded(value: Value, holds: Any, message: str) -> Value:
    if isinstance(value, Bounded):
        return replace(value, array=guarded(value.array, holds, message))
    return guarded(jnp.asarray(value), holds, message)


def _tensors(body: Body, condition: Value, **how: Any) -> Run:
    """A branch as a function of nothing."""

    def run() -> Sequence[Value]:
        results = body(**how)
        if any(each is None or isinstance(each, list) for each in results):
            raise NotKnownError("condition (a branch gives a sequence or an optional)", condition)
        return results

    return run


def _results(run: Run) -> list[_Result]:
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
