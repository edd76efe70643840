"""The networks of the GPU benchmark in plain JAX, at their published sizes, with random weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

WIDTH, HEADS, LAYERS = 768, 12, 12
"""Of BERT-base (Devlin et al. 2019) and of GPT-2 small (Radford et al. 2019)."""
Params = dict[str, Any]


def _dense(generator: np.random.Generator, given: int, made: int) -> Params:
    return {"w": _normal(generator, (given, made), 0.02), "b": _normal(generator, (made,), 0.02)}


def _normal(generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray:
    return generator.standard_normal(shape, np.float32) * np.float32(scale)


def _norm(generator: np.random.Generator) -> Params:
    return {"scale": 1 + _normal(generator, (WIDTH,), 0.02), "offset": _normal(generator, (WIDTH,), 0.02)}


def _block(generator: np.random.Generator) -> Params:
    return {
        "q": _dense(generator, WIDTH, WIDTH),
        "k": _dense(generator, WIDTH, WIDTH),
        "v": _dense(generator, WIDTH, WIDTH),
        "out": _dense(generator, WIDTH, WIDTH),
        "up": _dense(generator, WIDTH, 4 * WIDTH),
        "down": _dense(generator, 4 * WIDTH, WIDTH),
        "norm1": _norm(generator),
        "norm2": _norm(generator),
    }


def _apply(params: Params, x: jax.Array) -> jax.Array:
    return x @ params["w"] + params["b"]


def _normalise(params: Params, x: jax.Array) -> jax.Array:
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * params["scale"] + params["offset"]


def _split(x: jax.Array) -> jax.Array:
    """[tokens, width] -> [heads, tokens, width / heads]."""
    return x.reshape(x.shape[0], HEADS, -1).transpose(1, 0, 2)


def _attend(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    scores = jnp.einsum("hqd,hkd->hqk", q, k) / np.sqrt(q.shape[-1])
    mixed = jnp.einsum("hqk,hkd->hqd", jax.nn.softmax(scores, -1), v)
    return mixed.transpose(1, 0, 2).reshape(q.shape[1], -1)


def bert(length: int = 128, layers: int = LAYERS) -> tuple[Any, Params, tuple[np.ndarray, ...]]:
    """BERT-base's encoder: token ids int32[length] -> float32[length, 768]."""
    generator = np.random.default_rng(0)
    params = {
        "embedding": _normal(generator, (30522, WIDTH), 0.02),
        "positions": _normal(generator, (length, WIDTH), 0.02),
        "norm": _norm(generator),
        "blocks": [_block(generator) for _ in range(layers)],
    }

    def encoder(params: Params, tokens: jax.Array) -> jax.Array:
        x = _normalise(params["norm"], params["embedding"][tokens] + params["positions"])
        for block in params["blocks"]:
            q, k, v = (_split(_apply(block[name], x)) for name in "qkv")
            x = _normalise(block["norm1"], x + _apply(block["out"], _attend(q, k, v)))
            hidden = jax.nn.gelu(_apply(block["up"], x), approximate=False)
            x = _normalise(block["norm2"], x + _apply(block["down"], hidden))
        return x

    return encoder, params, (generator.integers(0, 30522, length, dtype=np.int32),)


def gpt2(past: int = 512, layers: int = LAYERS) -> tuple[Any, Params, tuple[np.ndarray, ...]]:
    """A decode step of GPT-2 small with key/value cache.

    token int32[1], cache float32[layers, 2, heads, past, 64] -> logits float32[1, 50257], keys and values of the new
    token float32[layers, 2, heads, 1, 64], which the caller appends.
    """
    generator = np.random.default_rng(1)
    params = {
        "embedding": _normal(generator, (50257, WIDTH), 0.02),
        "positions": _normal(generator, (1024, WIDTH), 0.02),
        "norm": _norm(generator),
        "blocks": [_block(generator) for _ in range(layers)],
    }

    def step(params: Params, token: jax.Array, cache: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = params["embedding"][token] + params["positions"][past : past + 1]
        made = []
        for layer, block in enumerate(params["blocks"]):
            y = _normalise(block["norm1"], x)
            q, k, v = (_split(_apply(block[name], y)) for name in "qkv")
            made.append(jnp.stack([k, v]))
            keys, values = (jnp.concatenate([cache[layer, i], new], 1) for i, new in enumerate((k, v)))
            x = x + _apply(block["out"], _attend(q, keys, values))
            x = x + _apply(block["down"], jax.nn.gelu(_apply(block["up"], _normalise(block["norm2"], x))))
        return _normalise(params["norm"], x) @ params["embedding"].T, jnp.stack(made)

    token = generator.integers(0, 50257, 1, dtype=np.int32)
    return step, params, (token, _normal(generator, (layers, 2, HEADS, past, WIDTH // HEADS), 1.0))


def product(type_: Any, size: int = 4096) -> tuple[Any, Params, tuple[np.ndarray, ...]]:
    """A square matrix product; both factors are inputs."""
    generator = np.random.default_rng(2)
    shapes = [_normal(generator, (size, size), 1.0).astype(type_) for _ in range(2)]
    return (lambda params, a, b: a @ b), {}, tuple(shapes)
