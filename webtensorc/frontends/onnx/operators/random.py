"""Random numbers, drawn while the model is compiled with the node's seed: every run of the bundle sees the same ones.

ONNX leaves the generator open; a compiled model has no state between runs, so this is the sampling that it can offer.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Value


def _generator(seed: float | None) -> np.random.Generator:
    return np.random.default_rng(0 if seed is None else abs(int(np.float32(seed).view(np.int32))))


@op("RandomUniform")
def random_uniform(
    *, shape: tuple[int, ...], dtype: int = 1, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    """Uniform in [low, high)."""
    return _generator(seed).uniform(low, high, shape).astype(dtype_of(dtype))


@op("RandomUniformLike")
def random_uniform_like(
    x: Value, *, dtype: int | None = None, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    """Uniform in [low, high), shaped like the input."""
    return _generator(seed).uniform(low, high, x.shape).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("RandomNormal")
def random_normal(
    *, shape: tuple[int, ...], dtype: int = 1, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    """Normal with a mean and a standard deviation."""
    return _generator(seed).normal(mean, scale, shape).astype(dtype_of(dtype))


@op("RandomNormalLike")
def random_normal_like(
    x: Value, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    """Normal with a mean and a standard deviation, shaped like the input."""
    return _generator(seed).normal(mean, scale, x.shape).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("Bernoulli", since=15)
def bernoulli(x: Value, *, dtype: int | None = None, seed: float | None = None) -> Value:
    """1 with the probability that the input gives."""
    draws = _generator(seed).uniform(size=x.shape).astype(np.float32)
    return (draws < x).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("Multinomial", since=7)
def multinomial(x: Value, *, dtype: int = 6, sample_size: int = 1, seed: float | None = None) -> Value:
    """Class indices drawn from unnormalised log-probabilities [batch, classes]."""
    noise = _generator(seed).gumbel(size=(x.shape[0], sample_size, x.shape[1])).astype(np.float32)
    return jnp.argmax(x[:, None, :] + noise, -1).astype(dtype_of(dtype))
