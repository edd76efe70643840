"""Recurrent networks. Weights are [directions, gates * hidden, ...]; time is the first axis unless `layout` is 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.operators.control import counted
from webtensorc.frontends.onnx.operators.recurrent_options import Options, options_of
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, arange, is_known

Direction = Literal["forward", "reverse", "bidirectional"]
Product = Callable[[Value], Value]
Cell = Callable[[tuple[Value, ...], Value], tuple[Value, ...]]


def _run(
    x: Value,
    options: Options,
    hidden: int,
    sequence_lens: Value,
    initial: tuple[Value, ...],
    cell: Callable[[int], tuple[Callable[[Value], Value], Cell]],
) -> tuple[Value, ...]:
    """Every direction over the whole sequence.

    Args:
        x: [time, batch, input], or [batch, time, input] if `layout` is 1.
        options: the shared attributes.
        hidden: size of the state.
        sequence_lens: [batch] or None; the state stays and outputs are 0 after a sequence's end.
        initial: initial states or None for zeros, [directions, batch, hidden] (batch first if `layout` is 1).
        cell: for a direction, what is computed for the whole sequence at once (the input's part of the gates) and the
            step from (states, its slice) to new states, of which the first is the output.

    Returns:
        The outputs [time, directions, batch, hidden], and the final states [directions, batch, hidden] each.
    """
    if options.layout:
        x = jnp.swapaxes(x, 0, 1)
        initial = tuple(None if each is None else jnp.swapaxes(each, 0, 1) for each in initial)
    directions = 2 if options.direction == "bidirectional" else 1
    batch = x.shape[1]
    zeros = jnp.zeros((directions, batch, hidden), x.dtype)
    states = [zeros if each is None else each for each in initial]
    lens = _lens(sequence_lens, x.shape[0], batch)
    finals, outputs = [], []
    for index in range(directions):
        backward = options.direction == "reverse" or index == 1
        prepare, step = cell(index)
        start = tuple(each[index] for each in states)
        final, output = _direction(prepare(x), step, start, lens, backward=backward)
        finals.append(final)
        outputs.append(output)
    y = jnp.stack(outputs, 1)
    last = tuple(jnp.stack(each) for each in zip(*finals, strict=True))
    if options.layout:
        return (jnp.transpose(y, (2, 0, 1, 3)), *(jnp.swapaxes(each, 0, 1) for each in last))
    return (y, *last)


def _lens(sequence_lens: Value, time: int, batch: int) -> Value:
    """The lengths, or None where all sequences are whole."""
    if sequence_lens is None or (is_known(sequence_lens) and (sequence_lens == time).all()):
        return None
    return jnp.reshape(sequence_lens, (batch, 1))


def _direction(
    gates: Value, step: Cell, start: tuple[Value, ...], lens: Value, *, backward: bool
) -> tuple[tuple[Value, ...], Value]:
    time = gates.shape[0]
    outputs = jnp.zeros((time, *start[0].shape), start[0].dtype)

    def advance(trip: Value, both: tuple[tuple[Value, ...], Value]) -> tuple[tuple[Value, ...], Value]:
        states, sofar = both
        at = time - 1 - trip if backward else trip
        new = step(states, lax.dynamic_index_in_dim(gates, at, keepdims=False))
        if lens is not None:
            new = tuple(jnp.where(at < lens, after, before) for before, after in zip(states, new, strict=True))
        return new, lax.dynamic_update_index_in_dim(sofar, new[0], at, 0)

    if time == 1 and lens is None:
        new = step(start, gates[0])
        return new, new[0][None]
    final, shown = counted(time, advance, (start, outputs))
    if lens is not None:  # here, at once: the native compiler got it wrong where the step has two states
        shown = jnp.where(arange(time).reshape(-1, 1, 1) < lens, shown, np.zeros((), shown.dtype))
    return final, shown


def _gates(columns: Value, hidden: int) -> list[Value]:
    """The gates that columns are, side by side."""
    return [columns[:, start : start + hidden] for start in range(0, columns.shape[1], hidden)]


def _biases(b: Value, direction: int, gates: int, hidden: int, dtype: Value) -> tuple[Value, Value]:
    """The input's and the state's bias of a direction, [gates * hidden] each."""
    if b is None:
        return (np.zeros(gates * hidden, dtype),) * 2
    return b[direction, : gates * hidden], b[direction, gates * hidden :]


@op("RNN")
def rnn(
    x: Value,
    w: Value,
    r: Value,
    b: Value = None,
    sequence_lens: Value = None,
    initial_h: Value = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float | None = None,
    direction: Direction = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
) -> Value:
    """h = f(x W^T + h R^T + b)."""
    options = options_of(direction, ("Tanh",), activations, activation_alpha, activation_beta, clip, layout)
    hidden = r.shape[-1]

    def cell(index: int) -> tuple[Callable[[Value], Value], Cell]:
        (f,) = options.functions(index, 1)
        bias = sum(_biases(b, index, 1, hidden, x.dtype))
        weights = r[index].T  # here, not in the step: known weights are then transposed once and for all

        def step(states: tuple[Value, ...], part: Value) -> tuple[Value, ...]:
            return (f(part + states[0] @ weights),)

        return lambda whole: whole @ w[index].T + bias, step

    return _run(x, options, hidden, sequence_lens, (initial_h,), cell)


@op("GRU")
def gru(
    x: Value,
    w: Value,
    r: Value,
    b: Value = None,
    sequence_lens: Value = None,
    initial_h: Value = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float | None = None,
    direction: Direction = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> Value:
    """Gates are update (z), reset (r), hidden (h)."""
    options = options_of(direction, ("Sigmoid", "Tanh"), activations, activation_alpha, activation_beta, clip, layout)
    hidden = r.shape[-1]

    def cell(index: int) -> tuple[Callable[[Value], Value], Cell]:
        f, g = options.functions(index, 2)
        input_bias, state_bias = _biases(b, index, 3, hidden, x.dtype)
        columns = 3 * hidden if linear_before_reset else 2 * hidden
        first, second = r[index, :columns].T, r[index, columns:].T
        # Where the reset gate has no part in it, the state's bias is added once for all steps.
        outside = np.arange(3 * hidden) < 2 * hidden
        added = jnp.where(outside, state_bias, np.zeros((), x.dtype)) if linear_before_reset else state_bias

        def step(states: tuple[Value, ...], part: Value) -> tuple[Value, ...]:
            h = states[0]
            of_z, of_reset, of_h = _gates(part, hidden)
            inner = _gates(h @ first, hidden)
            z, reset = f(of_z + inner[0]), f(of_reset + inner[1])
            fresh, kept = 1 - z, z * h  # in front of a second product: what one kernel can do with the first one
            inside = reset * (inner[2] + state_bias[2 * hidden :]) if linear_before_reset else (reset * h) @ second
            return (fresh * g(of_h + inside) + kept,)

        return lambda whole: whole @ w[index].T + (input_bias + added), step

    return _run(x, options, hidden, sequence_lens, (initial_h,), cell)


@op("LSTM")
def lstm(
    x: Value,
    w: Value,
    r: Value,
    b: Value = None,
    sequence_lens: Value = None,
    initial_h: Value = None,
    initial_c: Value = None,
    p: Value = None,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float | None = None,
    direction: Direction = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
) -> Value:
    """Gates are input (i), output (o), forget (f), cell (c); `p` holds peepholes for i, o, f."""
    options = options_of(
        direction, ("Sigmoid", "Tanh", "Tanh"), activations, activation_alpha, activation_beta, clip, layout
    )

    def products(index: int) -> tuple[Product, Product]:
        columns, weights = w[index].T, r[index].T
        return lambda whole: whole @ columns, lambda before: before @ weights

    initial = (initial_h, initial_c)
    return long_short_term(x, options, r.shape[-1], products, b, sequence_lens, initial, p, bool(input_forget))


def long_short_term(
    x: Value,
    options: Options,
    hidden: int,
    products: Callable[[int], tuple[Product, Product]],
    b: Value,
    sequence_lens: Value,
    initial: tuple[Value, Value],
    p: Value,
    input_forget: bool,
) -> tuple[Value, ...]:
    """LSTM whose products with the weights of a direction, of the whole input and of a state, are `products`."""

    def cell(index: int) -> tuple[Callable[[Value], Value], Cell]:
        f, g, h = options.functions(index, 3)
        bias = sum(_biases(b, index, 4, hidden, x.dtype))
        from_input, from_state = products(index)
        peep = None if p is None else p[index].reshape(3, hidden)

        def seen(gate: Value, k: int, c: Value) -> Value:
            """A gate that sees the cell through its peephole, if there are any."""
            return gate if peep is None else gate + peep[k] * c

        def step(states: tuple[Value, ...], part: Value) -> tuple[Value, ...]:
            before, c = states
            gates = part + from_state(before)
            i, o, forget, new = _gates(gates, hidden)
            i = f(seen(i, 0, c))
            forget = 1 - i if input_forget else f(seen(forget, 2, c))
            c = forget * c + i * g(new)
            return f(seen(o, 1, c)) * h(c), c

        return lambda whole: from_input(whole) + bias, step

    return _run(x, options, hidden, sequence_lens, initial, cell)
