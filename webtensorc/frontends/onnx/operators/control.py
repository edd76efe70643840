"""Control flow. What is known decides during the trace; what is computed becomes StableHLO control flow."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx import counters, extents
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.trips import number_of_trips
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotKnownError,
    NotSupportedError,
    Value,
    describe,
    is_known,
    known_ints,
)

Body = Callable[..., tuple[Value, ...]]

MOST_UNROLLED = 64
_MOST_FOLLOWED = 10_000
"""Trips of a loop that says no number of them, before it is left to the compiled model."""

_MOST_COLLECTED = 1 << 24
"""Trips for whose slices there is room; what an exporter writes for "any number" is far more."""


def as_array(value: Value) -> jax.Array:
    """A value as an array of the trace.

    Raises:
        NotSupportedError: it is absent, or a sequence.
    """
    if value is None or isinstance(value, list):
        raise NotSupportedError(f"a {describe(value)} cannot cross control flow that depends on the model's inputs")
    return jnp.asarray(value)


class _UndecidedError(Exception):
    """Whether a loop goes on depends on the model's inputs."""


@op("Loop")
def loop(trip_count: Value, condition: Value, *carried: Value, body: Body, node: Any) -> Value:
    """Repeat the body; what it gives beside the carried values is collected, one slice a trip, if anything reads it."""
    collected = range(len(carried), len(node.outputs))
    read = [index for index in collected if node.is_read(index)]

    def needed(*values: Value) -> tuple[Value, ...]:
        go_on, *results = body(*values)
        if len(results) < len(node.outputs):
            raise ValueError(
                f"its body gives {len(results)} values beside its condition, {len(node.outputs)} are named"
            )
        return go_on, *results[: len(carried)], *(results[index] for index in read)

    results = _repeated(trip_count, condition, carried, needed, len(read))
    found = dict(zip(read, results[len(carried) :], strict=True))
    return (*results[: len(carried)], *map(found.get, collected))


def _repeated(
    trip_count: Value, condition: Value, carried: tuple[Value, ...], body: Body, outputs: int
) -> tuple[Value, ...]:
    """The carried values after the last trip, and the collected `outputs`.

    A short loop whose trips are known is unrolled, any other becomes a `while`; their number may be an expression of
    open dimensions. How many slices there are may then
    depend on data, if the number of trips is bounded by a known count.
    """
    first = np.asarray(True) if condition is None else condition
    count = known_ints(trip_count, "trip count")[0] if trip_count is not None and is_known(trip_count) else None
    if (is_known(first) and not first) or (isinstance(count, int) and count <= 0):
        return (*carried, *_nothing(outputs, carried, body))
    is_bounded = isinstance(count, int) or trip_count is None
    is_short = isinstance(count, int) and count <= MOST_UNROLLED
    if is_known(first) and (is_short or (is_bounded and all(map(is_known, carried)))):
        try:
            return _unrolled(count, carried, body)
        except _UndecidedError:
            pass

    def certain(*values: Value) -> tuple[Value, ...]:
        return np.asarray(True), *body(*values)[1:]

    if is_bounded and outputs:
        times, is_certain = _counted(count, carried, body)
        if times is not None and not (is_certain and is_known(first)):
            return _while(np.asarray(times), times, first, carried, body)
        if times is not None:
            run = _unrolled if times <= MOST_UNROLLED else functools.partial(_while, np.int64(times), condition=first)
            return run(count=times, carried=carried, body=certain)
    is_open = count is not None and not is_bounded and outputs and is_known(first)
    if is_open and _are_numeric(carried) and counters.always(count, carried, _trip(carried, body)):
        return _while(trip_count, count, first, carried, certain)
    return _while(trip_count, count, first, carried, body)


def _counted(most: int | None, carried: tuple[Value, ...], body: Body) -> tuple[int | None, bool]:
    """How many trips the condition allows by counters, `most` at most, and whether there are as many for certain."""
    if not _are_numeric(carried):
        return None, False
    return number_of_trips(min(most or _MOST_COLLECTED, _MOST_COLLECTED), carried, _trip(carried, body))


def _are_numeric(values: tuple[Value, ...]) -> bool:
    return all(isinstance(each, np.ndarray | jax.Array | extents.Extents) for each in values)


def _trip(carried: tuple[Value, ...], body: Body) -> Callable[..., tuple[jax.Array, list[jax.Array]]]:
    """A trip's number and what is carried into it, to whether another one follows and what is carried there."""

    def trip(index: Value, values: tuple[jax.Array, ...]) -> tuple[jax.Array, list[jax.Array]]:
        go_on, *results = body(index, np.asarray(True), *values)
        after = [each.array if isinstance(each, Bounded) else as_array(each) for each in results[: len(carried)]]
        return jnp.reshape(jnp.asarray(go_on), ()), after

    return trip


def _nothing(outputs: int, carried: tuple[Value, ...], body: Body) -> list[Value]:
    """What a loop of no trips collects: `outputs` tensors without slices, of the shapes that the body would give."""
    if outputs <= 0:
        return []
    with jax.disable_jit(False):
        shapes = jax.eval_shape(lambda: [as_array(each) for each in body(np.int64(0), np.asarray(True), *carried)[1:]])
    return [jnp.zeros((0, *each.shape), each.dtype) for each in shapes[len(carried) :]]


def _unrolled(count: int | None, carried: tuple[Value, ...], body: Body) -> tuple[Value, ...]:
    """Run the trips, of which there is at least one, while the condition is known to hold."""
    scanned: list[tuple[Value, ...]] = []
    go_on: Value = True
    while go_on and (count is None or len(scanned) < count):
        go_on, *results = body(np.asarray(len(scanned), np.int64), np.asarray(True), *carried)
        is_last = len(scanned) + 1 == count  # whether another one would follow does not matter
        if not (is_last or is_known(go_on)) or (count is None and len(scanned) == _MOST_FOLLOWED):
            raise _UndecidedError
        carried = tuple(results[: len(carried)])
        scanned.append(tuple(results[len(carried) :]))
        if is_last:
            break
    slices = tuple(stacked(each) for each in zip(*scanned, strict=True))
    return (*carried, *slices)


def stacked(values: tuple[Value, ...]) -> Value:
    """Values as slices along a new first axis; known ones stay known."""
    return np.stack(values) if all(map(is_known, values)) else jnp.stack(values)


def _while(
    trip_count: Value, count: int | None, condition: Value, carried: tuple[Value, ...], body: Body
) -> tuple[Value, ...]:
    """A loop whose trips, at most `count`, are counted when the model runs."""
    if any(each is None or isinstance(each, list) for each in carried):
        unknown = condition if count is not None or trip_count is None else trip_count
        raise NotKnownError("number of trips (it carries a sequence or an optional)", unknown)
    start = tuple(map(as_array, carried))
    decided: list[bool] = []

    def trip(index: Value, values: tuple[jax.Array, ...]) -> tuple[jax.Array, list[jax.Array]]:
        go_on, *results = body(index, np.asarray(True), *values)  # or it would not run
        if trip_count is None and is_known(go_on) and go_on:
            raise NotSupportedError("it never ends: it has no trip count, and its condition always holds")
        decided.append(is_known(go_on))
        if any(isinstance(each, Bounded) for each in results):
            _refuse_open_sizes(trip_count, condition)
        return jnp.reshape(jnp.asarray(go_on), ()), list(map(as_array, results))

    with jax.disable_jit(False):
        _, shapes = jax.eval_shape(trip, jnp.int64(0), start)
        for before, after in zip(start, shapes, strict=False):
            if describe(before) != describe(after):
                raise NotSupportedError(f"a value that it carries changes from {describe(before)} to {describe(after)}")
        rows = shapes[len(start) :]
        if rows and count is None:
            raise NotKnownError("trip count (it collects outputs)", trip_count)
        if rows and isinstance(count, int) and count > _MOST_COLLECTED:
            raise NotSupportedError(
                f"it collects outputs, and its trip count, {count}, is no bound that memory could be had for: "
                "how often it runs depends on its condition alone"
            )
        buffers = [jnp.zeros((count, *each.shape), each.dtype) for each in rows]
        limit = np.int64(np.iinfo(np.int64).max) if trip_count is None else jnp.asarray(trip_count, jnp.int64)

        def step(state: Any) -> Any:
            index, _, values, collected = state
            go_on, results = trip(index, values)
            written = [
                lax.dynamic_update_index_in_dim(sofar, row, index, 0)
                for sofar, row in zip(collected, results[len(start) :], strict=True)
            ]
            return index + 1, go_on, tuple(results[: len(start)]), written

        begin = (jnp.int64(0), jnp.reshape(jnp.asarray(condition, bool), ()), start, buffers)
        trips, _, values, collected = lax.while_loop(
            lambda state: (state[0] < jnp.reshape(limit, ())) & state[1], step, begin
        )
    if is_known(condition) and all(decided):
        return (*values, *collected)
    return (*values, *(Bounded(each, 0, trips) for each in collected))


def _refuse_open_sizes(trip_count: Value, condition: Value) -> NoReturn:
    """A size that a trip leaves open may be known in each trip, if it is known how many there are."""
    for unknown in (trip_count, condition):
        if unknown is not None and not is_known(unknown):
            raise NotKnownError("number of trips (the size of what it carries or collects depends on it)", unknown)
    raise NotSupportedError("the size of what it carries or collects depends on data")


def counted(trips: int, step: Callable[[Value, Any], Any], state: Any) -> Any:
    """`step(trip, state)` for trips 0.., unrolled if they are known to be few, else as a `while`."""
    if isinstance(trips, int) and trips <= 8:
        for trip in range(trips):
            state = step(np.int64(trip), state)
        return state
    with jax.disable_jit(False):
        return lax.fori_loop(0, trips, step, state)
