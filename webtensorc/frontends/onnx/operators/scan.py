"""Scan: a loop over the slices of its inputs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.operators.control import MOST_UNROLLED, Body, as_array, stacked
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value


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
    return tuple(map(stacked, zip(*each, strict=True)))


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
    is_short = isinstance(trips, int) and trips <= MOST_UNROLLED
    run = _scan_unrolled if is_short else _scan_while
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
    return state, [stacked(each) for each in zip(*collected, strict=True)]


def _scan_while(
    trips: int, state: tuple[Value, ...], scanned: list[Value], body: Body
) -> tuple[tuple[Value, ...], list[Value]]:
    carried = tuple(map(as_array, state))
    sequences = [jnp.asarray(each) for each in scanned]

    def at(trip: Value) -> list[Value]:
        return [lax.dynamic_index_in_dim(each, trip, keepdims=False) for each in sequences]

    with jax.disable_jit(False):
        shapes = jax.eval_shape(lambda: tuple(map(as_array, body(*carried, *at(np.int64(0))))))
    outputs = [jnp.zeros((trips, *each.shape), each.dtype) for each in shapes[len(carried) :]]

    def step(trip: Value, both: tuple[tuple[Value, ...], list[Value]]) -> tuple[tuple[Value, ...], list[Value]]:
        now, collected = both
        results = tuple(map(as_array, body(*now, *at(trip))))
        written = [
            lax.dynamic_update_index_in_dim(sofar, new, trip, 0)
            for sofar, new in zip(collected, results[len(now) :], strict=True)
        ]
        return results[: len(now)], written

    with jax.disable_jit(False):
        final: tuple[tuple[Value, ...], list[Value]] = lax.fori_loop(0, trips, step, (carried, outputs))
    return final
