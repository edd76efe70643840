"""Gradients and optimiser steps (ai.onnx.preview.training).

The optimisers' inputs are a learning rate, a step count, then groups of tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value

_DOMAIN = "ai.onnx.preview.training"


def _groups(tensors: tuple[Value, ...], kinds: int) -> list[tuple[Value, ...]]:
    """x1, x2, g1, g2, ... as (x1, g1, ...), (x2, g2, ...)."""
    count = len(tensors) // kinds
    return [tuple(tensors[kind * count + index] for kind in range(kinds)) for index in range(count)]


def _regrouped(groups: list[tuple[Value, ...]]) -> tuple[Value, ...]:
    return tuple(each for kind in zip(*groups, strict=True) for each in kind)


@op("Gradient", domain=_DOMAIN)
def gradient(
    *inputs: Value,
    xs: tuple[str, ...],
    y: str,
    zs: tuple[str, ...] = (),
    recompute: Callable[[str, Mapping[str, Value]], Value],
) -> Value:
    """Derivatives of the value `y` by those named in `xs`; inputs are the places of `xs`, then the values of `zs`."""
    fixed = dict(zip(zs, inputs[len(xs) :], strict=True))

    def function(*at: Value) -> Value:
        return recompute(y, {**fixed, **dict(zip(xs, at, strict=True))})

    value, pull_back = jax.vjp(function, *map(jnp.asarray, inputs[: len(xs)]))
    return tuple(pull_back(jnp.ones_like(value)))


@op("Adagrad", domain=_DOMAIN)
def adagrad(
    rate: Value,
    step: Value,
    *tensors: Value,
    decay_factor: float = 0.0,
    epsilon: float = 0.0,
    norm_coefficient: float = 0.0,
) -> Value:
    """Scale every gradient by the root of the sum of its squares so far."""
    shrunk = rate / (1 + step.astype(rate.dtype) * np.asarray(decay_factor, rate.dtype))

    def update(x: Value, gradient: Value, squares: Value) -> tuple[Value, ...]:
        regular = np.asarray(norm_coefficient, x.dtype) * x + gradient
        total = squares + regular * regular
        return x - shrunk * regular / (jnp.sqrt(total) + np.asarray(epsilon, x.dtype)), total

    return _regrouped([update(*each) for each in _groups(tensors, 3)])


@op("Adam", domain=_DOMAIN)
def adam(
    rate: Value,
    step: Value,
    *tensors: Value,
    alpha: float = 0.9,
    beta: float = 0.999,
    epsilon: float = 0.0,
    norm_coefficient: float = 0.0,
    norm_coefficient_post: float = 0.0,
) -> Value:
    """Exponential averages of gradients and their squares, with bias correction from the first step on."""
    count = step.astype(rate.dtype)
    corrected = rate * jnp.sqrt(1 - beta**count) / (1 - alpha**count)
    first = jnp.where(step > 0, corrected, rate)

    def update(x: Value, gradient: Value, mean: Value, square: Value) -> tuple[Value, ...]:
        regular = norm_coefficient * x + gradient
        new_mean = alpha * mean + (1 - alpha) * regular
        new_square = beta * square + (1 - beta) * regular * regular
        moved = x - first * new_mean / (jnp.sqrt(new_square) + epsilon)
        return (1 - norm_coefficient_post) * moved, new_mean, new_square

    return _regrouped([update(*each) for each in _groups(tensors, 4)])


@op("Momentum", domain=_DOMAIN)
def momentum(
    rate: Value,
    step: Value,
    *tensors: Value,
    alpha: float,
    beta: float,
    mode: Literal["standard", "nesterov"],
    norm_coefficient: float,
) -> Value:
    """Gradient descent with a running average of gradients, `standard` or `nesterov`."""
    weight = jnp.where(step > 0, beta, 1).astype(rate.dtype)

    def update(x: Value, gradient: Value, velocity: Value) -> tuple[Value, ...]:
        regular = norm_coefficient * x + gradient
        new = alpha * velocity + weight * regular
        along = regular + alpha * new if mode == "nesterov" else new
        return x - rate * along, new

    return _regrouped([update(*each) for each in _groups(tensors, 3)])
