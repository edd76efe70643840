"""Control flow. What is known decides during the trace; what is computed becomes StableHLO control flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import (
    NotKnownError,
    NotSupportedError,
    Value,
    describe,
    is_known,
    known,
    known_ints,
)

Body = Callable[..., tuple[Value, ...]]

_MOST_UNROLLED = 64


@op("If")
def if_(condition: Value, *, then_branch: Body, else_branch: Body) -> Value:
    """One branch; both are in the graph if the condition is computed, and must then agree on types and shapes."""
    if is_known(condition):
        return then_branch() if condition.reshape(()) else else_branch()
    branches, shapes = _branches(then_branch, else_branch, condition)
    if shapes[0] != shapes[1]:
        raise NotSupportedError(
            f"its condition depends on the model's inputs and its branches give {', '.join(map(str, shapes[0]))} "
            f"and {', '.join(map(str, shapes[1]))}: the output's shape is not known when the model is compiled"
        )
    with jax.disable_jit(False):
        return tuple(lax.cond(jnp.reshape(condition, ()), *branches))


def _branches(
    then_branch: Body, else_branch: Body, condition: Value
) -> tuple[list[Callable[[], tuple[jax.Array, ...]]], list[list[Any]]]:
    """Both branches as functions of nothing to arrays, and what they give.

    A branch that is not valid for the shapes at hand (silero_vad has one branch per sampling rate, each for its own
    number of samples) cannot be compiled, yet must be there: it gives NaN, so choosing it cannot pass for an answer.
    ONNX Runtime fails at that point of the run.
    """
    functions: list[Any] = []
    shapes: list[Any] = []
    failures: list[InvalidFileError] = []
    for body in (then_branch, else_branch):

        def run(body: Body = body) -> tuple[jax.Array, ...]:
            results = body()
            if any(each is None or isinstance(each, list) for each in results):
                raise NotKnownError("condition (a branch gives a sequence or an optional)", condition)
            return tuple(map(jnp.asarray, results))

        functions.append(run)
        try:
            with jax.disable_jit(False):
                shapes.append([(each.shape, str(each.dtype)) for each in jax.eval_shape(run)])
        except InvalidFileError as error:
            failures.append(error)
            shapes.append(None)
    if failures:
        valid = shapes[0] or shapes[1]
        if valid is None or not all(jnp.issubdtype(dtype, jnp.floating) for _, dtype in valid):
            raise failures[0]
        bad = shapes.index(None)
        functions[bad] = lambda: tuple(jnp.full(shape, np.nan, dtype) for shape, dtype in valid)
        shapes[bad] = valid
    return functions, shapes


def _array(value: Value) -> jax.Array:
    if value is None or isinstance(value, list):
        raise NotSupportedError(f"a {describe(value)} cannot cross control flow that depends on the model's inputs")
    return jnp.asarray(value)


@op("Loop")
def loop(trip_count: Value, condition: Value, *carried: Value, body: Body) -> Value:
    """Repeat the body. With a known number of trips it is unrolled while short, else it becomes a `while`."""
    count = None if trip_count is None else trip_count
    first = np.asarray(True) if condition is None else condition
    if is_known(first) and not first:
        return _unrolled(0, carried, body)
    if count is not None and is_known(count) and known_ints(count, "trip count")[0] <= _MOST_UNROLLED:
        return _unrolled(known_ints(count, "trip count")[0], carried, body)
    if is_known(count) and all(map(is_known, carried)):
        return _unrolled(None if count is None else int(count), carried, body)
    return _while(count, first, carried, body)


def _unrolled(count: int | None, carried: tuple[Value, ...], body: Body) -> tuple[Value, ...]:
    """Run the trips one by one while the condition is known to hold."""
    scanned: list[tuple[Value, ...]] = []
    trip = 0
    while count is None or trip < count:
        go_on, *results = body(np.asarray(trip, np.int64), np.asarray(True), *carried)
        carried = tuple(results[: len(carried)])
        scanned.append(tuple(results[len(carried) :]))
        trip += 1
        if not is_known(go_on):
            raise NotKnownError("loop condition", go_on)
        if not go_on:
            break
    if not scanned:
        return (*carried, *(np.zeros((0,), np.float32) for _ in range(8)))
    stacked = tuple(_stack(each) for each in zip(*scanned, strict=True))
    return (*carried, *stacked)


def _stack(values: tuple[Value, ...]) -> Value:
    return np.stack(values) if all(map(is_known, values)) else jnp.stack(values)


def _while(count: Value, condition: Value, carried: tuple[Value, ...], body: Body) -> tuple[Value, ...]:
    """A loop whose trips are counted when the model runs; it may carry values but not collect any."""
    if any(each is None or isinstance(each, list) for each in carried):
        known(count, "trip count (it carries a sequence or an optional)")
    limit = jnp.asarray(np.iinfo(np.int64).max if count is None else count, jnp.int64).reshape(())
    start = (np.int64(0), jnp.reshape(condition, ()), *map(_array, carried))

    def proceed(state: Any) -> Value:
        return (state[0] < limit) & state[1]

    def step(state: Any) -> Any:
        go_on, *results = body(state[0], state[1], *state[2:])
        if len(results) != len(carried):
            raise NotKnownError("trip count (it collects outputs)", count)
        for before, after in zip(state[2:], results, strict=True):
            if describe(before) != describe(after):
                raise NotSupportedError(f"a value that it carries changes from {describe(before)} to {describe(after)}")
        return (state[0] + 1, jnp.reshape(go_on, ()), *map(jnp.asarray, results))

    with jax.disable_jit(False):
        return tuple(lax.while_loop(proceed, step, start))[2:]


def counted(trips: int, step: Callable[[Value, Any], Any], state: Any) -> Any:
    """`step(trip, state)` for trips 0.., unrolled while short, else as a `while`."""
    if trips <= 8:
        for trip in range(trips):
            state = step(np.int64(trip), state)
        return state
    with jax.disable_jit(False):
        return lax.fori_loop(0, trips, step, state)


@op("Scan", since=8, until=8)
def scan_8(
    sequence_lens: Value,
    *inputs: Value,
    body: Body,
    num_scan_inputs: int,
    directions: tuple[int, ...] | None = None,
) -> Value:
    """Scan over axis 1, separately for every batch entry on axis 0."""
    if sequence_lens is not None:
        raise NotSupportedError("`sequence_lens` (opset 8) is not implemented")
    each = [
        scan_9(
            *(value[entry] for value in inputs),
            body=body,
            num_scan_inputs=num_scan_inputs,
            scan_input_directions=directions,
        )
        for entry in range(inputs[0].shape[0])
    ]
    return tuple(map(_stack, zip(*each, strict=True)))


@op("Scan", since=9)
def scan_9(
    *inputs: Value,
    body: Body,
    num_scan_inputs: int,
    scan_input_axes: tuple[int, ...] | None = None,
    scan_input_directions: tuple[int, ...] | None = None,
    scan_output_axes: tuple[int, ...] | None = None,
    scan_output_directions: tuple[int, ...] | None = None,
) -> Value:
    """Run the body on the slices of the scanned inputs, carrying state and collecting the other outputs."""
    split = len(inputs) - num_scan_inputs
    state, scanned = inputs[:split], list(inputs[split:])
    for index, value in enumerate(scanned):
        axis = scan_input_axes[index] if scan_input_axes else 0
        ahead = jnp.moveaxis(value, axis, 0) if axis else value
        scanned[index] = ahead[::-1] if scan_input_directions and scan_input_directions[index] else ahead
    trips = scanned[0].shape[0]
    run = _scan_unrolled if trips <= _MOST_UNROLLED else _scan_while
    final, collected = run(trips, state, scanned, body)
    outputs = []
    for index, value in enumerate(collected):
        ahead = value[::-1] if scan_output_directions and scan_output_directions[index] else value
        axis = scan_output_axes[index] if scan_output_axes else 0
        outputs.append(jnp.moveaxis(ahead, 0, axis) if axis else ahead)
    return (*final, *outputs)


def _scan_unrolled(
    trips: int, state: tuple[Value, ...], scanned: list[Value], body: Body
) -> tuple[tuple[Value, ...], list[Value]]:
    collected = []
    for trip in range(trips):
        results = body(*state, *(value[trip] for value in scanned))
        state = tuple(results[: len(state)])
        collected.append(results[len(state) :])
    return state, [_stack(each) for each in zip(*collected, strict=True)]


def _scan_while(
    trips: int, state: tuple[Value, ...], scanned: list[Value], body: Body
) -> tuple[tuple[Value, ...], list[Value]]:
    carried = tuple(map(_array, state))
    sequences = [jnp.asarray(each) for each in scanned]

    def at(trip: Value) -> list[Value]:
        return [lax.dynamic_index_in_dim(each, trip, keepdims=False) for each in sequences]

    with jax.disable_jit(False):
        shapes = jax.eval_shape(lambda: tuple(map(_array, body(*carried, *at(np.int64(0))))))
    outputs = [jnp.zeros((trips, *each.shape), each.dtype) for each in shapes[len(carried) :]]

    def step(trip: Value, both: tuple[tuple[Value, ...], list[Value]]) -> tuple[tuple[Value, ...], list[Value]]:
        now, collected = both
        results = tuple(map(_array, body(*now, *at(trip))))
        written = [
            lax.dynamic_update_index_in_dim(sofar, new, trip, 0)
            for sofar, new in zip(collected, results[len(now) :], strict=True)
        ]
        return results[: len(now)], written

    with jax.disable_jit(False):
        final: tuple[tuple[Value, ...], list[Value]] = lax.fori_loop(0, trips, step, (carried, outputs))
    return final
