"""Random numbers, drawn while the model is compiled with the node's seed: every run of the bundle sees the same ones.

ONNX leaves the generator open; a compiled model has no state between runs, so this is the sampling that it can offer.
The generator is the one of ONNX's reference evaluator (numpy's Mersenne Twister): a given seed gives its numbers.
"""

from __future__ import annotations

import zlib

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Value


def generator(seed: float | None, node: Value) -> np.random.RandomState:
    """The generator for a node's `seed`; without one, nodes of different names draw different numbers."""
    return np.random.RandomState(zlib.crc32(node.name.encode()) if seed is None else int(seed) % 2**32)


@op("RandomUniform")
def random_uniform(
    *,
    shape: tuple[int, ...],
    dtype: int = 1,
    high: float = 1.0,
    low: float = 0.0,
    seed: float | None = None,
    node: Value,
) -> Value:
    """Uniform in [low, high)."""
    return generator(seed, node).uniform(low, high, shape).astype(dtype_of(dtype))


@op("RandomUniformLike")
def random_uniform_like(
    x: Value, *, dtype: int | None = None, high: float = 1.0, low: float = 0.0, seed: float | None = None, node: Value
) -> Value:
    """Uniform in [low, high), shaped like the input."""
    return generator(seed, node).uniform(low, high, x.shape).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("RandomNormal")
def random_normal(
    *,
    shape: tuple[int, ...],
    dtype: int = 1,
    mean: float = 0.0,
    scale: float = 1.0,
    seed: float | None = None,
    node: Value,
) -> Value:
    """Normal with a mean and a standard deviation."""
    return generator(seed, node).normal(mean, scale, shape).astype(dtype_of(dtype))


@op("RandomNormalLike")
def random_normal_like(
    x: Value, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float | None = None, node: Value
) -> Value:
    """Normal with a mean and a standard deviation, shaped like the input."""
    return generator(seed, node).normal(mean, scale, x.shape).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("Bernoulli", since=15)
def bernoulli(x: Value, *, dtype: int | None = None, seed: float | None = None, node: Value) -> Value:
    """1 with the probability that the input gives."""
    draws = generator(seed, node).uniform(size=x.shape).astype(np.float32)
    return (draws < x).astype(x.dtype if dtype is None else dtype_of(dtype))


@op("Multinomial", since=7)
def multinomial(x: Value, *, dtype: int = 6, sample_size: int = 1, seed: float | None = None, node: Value) -> Value:
    """Class indices drawn from unnormalised log-probabilities [batch, classes]."""
    noise = generator(seed, node).gumbel(size=(x.shape[0], sample_size, x.shape[1])).astype(np.float32)
    return jnp.argmax(x[:, None, :] + noise, -1).astype(dtype_of(dtype))
