"""How often a loop runs whose condition depends on counters alone.

Exporters of TensorFlow's loops state no number of trips, or one that stands for any: the condition compares a carried
counter with a limit. What the condition needs of a trip is computed by itself, until it does not hold any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core

from webtensorc.frontends.onnx.values import Value, is_known

_MOST_OPERATIONS = 64


def number_of_trips(
    most: int, start: Sequence[Value], trip: Callable[..., tuple[jax.Array, list[jax.Array]]]
) -> int | None:
    """The number of trips of a loop that begins, None if it is not known or more than `most`.

    Args:
        most: the largest number of interest.
        start: what is carried into the first trip.
        trip: a trip's number and what is carried into it, to whether another one follows and what is carried there.
    """
    with jax.disable_jit(False):
        traced = jax.make_jaxpr(trip)(jnp.int64(0), tuple(map(jnp.asarray, start)))
    jaxpr, carried = traced.jaxpr, traced.jaxpr.invars[1:]
    if not isinstance(jaxpr.outvars[0], core.Var):
        return None
    outputs = dict(zip(carried, jaxpr.outvars[1 : len(carried) + 1], strict=True))
    state, equations = _cone(jaxpr, outputs)
    consts = dict(zip(jaxpr.constvars, traced.consts, strict=True))
    begin = dict(zip(carried, start, strict=True))
    if len(equations) > _MOST_OPERATIONS or not all(is_known(begin[each]) for each in state):
        return None
    read = {each for equation in equations for each in equation.invars if isinstance(each, core.Var)}
    if any(isinstance(consts[each], jax.core.Tracer) for each in read & consts.keys()):
        return None
    if any(equation.primitive.name == "dim_as_value" or equation.effects for equation in equations):
        return None
    inputs = [jaxpr.invars[0], *state]
    results = [jaxpr.outvars[0], *(outputs[each] for each in state)]
    about = jaxpr.debug_info.with_unknown_names()
    step = jaxpr.replace(invars=inputs, outvars=results, eqns=equations, debug_info=about)
    known = [consts[each] if each in read else np.zeros(()) for each in jaxpr.constvars]

    def run(now: Any) -> Any:
        index, _, values = now
        go_on, *after = jax.core.eval_jaxpr(step, known, index, *values)
        return index + 1, go_on, after

    with jax.disable_jit(False), jax.ensure_compile_time_eval():
        first = (jnp.int64(0), jnp.asarray(True), [jnp.asarray(begin[each]) for each in state])
        trips, go_on, _ = lax.while_loop(lambda now: now[1] & (now[0] <= most), run, first)
    return None if go_on else int(trips)


def _cone(jaxpr: Any, outputs: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """What is carried that the condition depends on, and the equations that compute both."""
    state: dict[Any, None] = {}
    while True:
        needed = {each for each in (jaxpr.outvars[0], *(outputs[each] for each in state)) if isinstance(each, core.Var)}
        equations = []
        for equation in reversed(jaxpr.eqns):
            if needed & set(equation.outvars):
                equations.append(equation)
                needed |= {each for each in equation.invars if isinstance(each, core.Var)}
        found = dict.fromkeys(each for each in outputs if each in needed)
        if found.keys() <= state.keys():
            return list(state), equations[::-1]
        state |= found
