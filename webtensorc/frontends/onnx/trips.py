"""How often a loop runs whose condition depends on counters, alone or beside data.

Exporters of TensorFlow's loops state no number of trips, or one that stands for any: the condition compares a carried
counter with a limit. What the condition needs of a trip is computed by itself, until it does not hold any more. Where
data may end the loop before that (`i < 20 and not finished`) the other parts of the condition bound the trips.
"""

from __future__ import annotations

import functools
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
) -> tuple[int | None, bool]:
    """The number of trips of a loop that begins, and whether there are never fewer; None if more than `most` may be.

    Args:
        most: the largest number of interest.
        start: what is carried into the first trip.
        trip: a trip's number and what is carried into it, to whether another one follows and what is carried there.
    """
    closed = traced(start, trip)
    count = functools.partial(_trips, most, start, closed.jaxpr, closed.consts)
    if (exact := count(closed.jaxpr.outvars[0])) is not None:
        return exact, True
    found = (count(part) for part in conjuncts(closed.jaxpr))
    return min((each for each in found if each is not None), default=None), False


def traced(start: Sequence[Value], trip: Callable[..., Any]) -> Any:
    """The operations of one trip."""
    with jax.disable_jit(False):
        return jax.make_jaxpr(trip)(jnp.int64(0), tuple(map(jnp.asarray, start)))


def conjuncts(jaxpr: Any) -> list[Any]:
    """The truth values all of which the condition demands."""
    makers = {each: equation for equation in jaxpr.eqns for each in equation.outvars}
    parts, left = list[Any](), [jaxpr.outvars[0]]
    while left:
        part = left.pop()
        equation = makers.get(part) if isinstance(part, core.Var) else None
        if equation and equation.primitive.name in ("and", "reshape"):
            left += equation.invars
        else:
            parts.append(part)
    return parts


def _trips(most: int, start: Sequence[Value], jaxpr: Any, consts: Sequence[Any], condition: Any) -> int | None:
    """The number of trips if the loop goes on while this value of a trip is true."""
    if not isinstance(condition, core.Var):
        return None
    carried = jaxpr.invars[1:]
    outputs = dict(zip(carried, jaxpr.outvars[1 : len(carried) + 1], strict=True))
    state, equations = _cone(jaxpr, condition, outputs)
    values = dict(zip(jaxpr.constvars, consts, strict=True))
    begin = dict(zip(carried, start, strict=True))
    if len(equations) > _MOST_OPERATIONS or not all(is_known(begin[each]) for each in state):
        return None
    read = {each for equation in equations for each in equation.invars if isinstance(each, core.Var)}
    if any(isinstance(values[each], jax.core.Tracer) for each in read & values.keys()):
        return None
    if any(equation.primitive.name == "dim_as_value" or equation.effects for equation in equations):
        return None
    inputs = [jaxpr.invars[0], *state]
    results = [condition, *(outputs[each] for each in state)]
    about = jaxpr.debug_info.with_unknown_names()
    step = jaxpr.replace(invars=inputs, outvars=results, eqns=equations, debug_info=about)
    known = [values[each] if each in read else np.zeros(()) for each in jaxpr.constvars]

    def run(now: Any) -> Any:
        index, _, before = now
        go_on, *after = jax.core.eval_jaxpr(step, known, index, *before)
        return index + 1, go_on, after

    with jax.disable_jit(False), jax.ensure_compile_time_eval():
        first = (jnp.int64(0), jnp.asarray(True), [jnp.asarray(begin[each]) for each in state])
        trips, go_on, _ = lax.while_loop(lambda now: now[1] & (now[0] <= most), run, first)
    return None if go_on else int(trips)


def _cone(jaxpr: Any, condition: Any, outputs: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    """What is carried that the condition depends on, and the equations that compute both."""
    state: dict[Any, None] = {}
    while True:
        needed = {each for each in (condition, *(outputs[each] for each in state)) if isinstance(each, core.Var)}
        equations = []
        for equation in reversed(jaxpr.eqns):
            if needed & set(equation.outvars):
                equations.append(equation)
                needed |= {each for each in equation.invars if isinstance(each, core.Var)}
        found = dict.fromkeys(each for each in outputs if each in needed)
        if found.keys() <= state.keys():
            return list(state), equations[::-1]
        state |= found
