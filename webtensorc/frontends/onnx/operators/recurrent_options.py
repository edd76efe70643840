"""What RNN, GRU and LSTM share: directions, activation functions, clipping."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators import activation as act
from webtensorc.frontends.onnx.values import Value

Activation = Callable[[Value], Value]

_PLAIN: dict[str, Activation] = {
    "relu": act.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softsign": act.softsign,
    "softplus": act.softplus,
}
_OF_ALPHA: dict[str, Callable[..., Value]] = {
    "leakyrelu": act.leaky_relu,
    "thresholdedrelu": act.thresholded_relu,
    "elu": act.elu,
}
_OF_BOTH: dict[str, Callable[..., Value]] = {
    "hardsigmoid": act.hard_sigmoid,
    "affine": lambda x, *, alpha=1.0, beta=0.0: x * np.asarray(alpha, x.dtype) + np.asarray(beta, x.dtype),
    "scaledtanh": lambda x, *, alpha=1.0, beta=1.0: (
        np.asarray(alpha, x.dtype) * jnp.tanh(np.asarray(beta, x.dtype) * x)
    ),
}


@dataclass(frozen=True)
class Options:
    """The attributes that RNN, GRU and LSTM share; `activations` are those of all directions."""

    direction: str
    activations: tuple[Activation, ...]
    clip: float | None
    layout: int

    def functions(self, direction: int, count: int) -> tuple[Activation, ...]:
        """The activation functions of one direction, their inputs clipped if asked."""
        found = self.activations[direction * count : (direction + 1) * count]
        return found if self.clip is None else tuple(map(self._clipped, found))

    def _clipped(self, function: Activation) -> Activation:
        assert self.clip is not None
        limit = self.clip
        return lambda x: function(jnp.clip(x, -limit, limit))


def options_of(
    direction: str,
    default: tuple[str, ...],
    activations: tuple[str, ...] | None,
    alpha: tuple[float, ...] | None,
    beta: tuple[float, ...] | None,
    clip: float | None,
    layout: int,
) -> Options:
    """The attributes as a node has them, `default` being the activations of one direction.

    Raises:
        ValueError: an activation that does not exist, or too few or too many.
    """
    names = activations or default * (2 if direction == "bidirectional" else 1)
    count = len(default) * (2 if direction == "bidirectional" else 1)
    if len(names) != count:
        raise ValueError(f"it needs {count} activations, {len(names)} are given")
    return Options(direction, _functions(names, alpha or (), beta or ()), clip, layout)


def _functions(names: tuple[str, ...], alpha: Sequence[float], beta: Sequence[float]) -> tuple[Activation, ...]:
    """Activation functions by name; those that have an alpha or a beta take the next one, while there is one."""
    alphas, betas = ([("alpha", each) for each in alpha], [("beta", each) for each in beta])
    found: list[Activation] = []
    for name in map(str.lower, names):
        if name in _PLAIN:
            found.append(_PLAIN[name])
        elif name in _OF_ALPHA:
            found.append(functools.partial(_OF_ALPHA[name], **dict(_next(alphas))))
        elif name in _OF_BOTH:
            found.append(functools.partial(_OF_BOTH[name], **dict(_next(alphas) + _next(betas))))
        else:
            known = ", ".join(sorted([*_PLAIN, *_OF_ALPHA, *_OF_BOTH]))
            raise ValueError(f"it has no activation that is called `{name}`; it is one of: {known}")
    return tuple(found)


def _next(options: list[tuple[str, float]]) -> list[tuple[str, float]]:
    return [options.pop(0)] if options else []
