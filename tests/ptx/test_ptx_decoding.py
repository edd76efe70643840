"""A decode step as it is compiled: its attention reads the cache and what is new where they lie."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import ptx_machine
from jax import export
from ptx_cases import array, check

import webtensorc

HEADS, PAST, DEPTH, WIDTH = 2, 20, 16, 24
WEIGHTS, BIAS = array((WIDTH, 3 * HEADS * DEPTH)), array((3 * HEADS, 1, DEPTH), seed=1)


def step(x: jax.Array, cache: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The second layer's attention of one token, and the keys and values to put behind the cache's."""
    new = ((x @ WEIGHTS).reshape(3 * HEADS, 1, DEPTH) + BIAS).reshape(3, HEADS, 1, DEPTH)
    keys, values = (jnp.concatenate([cache[1, i], new[i + 1]], 1) for i in range(2))
    weights = jax.nn.softmax(jnp.einsum("hqd,hkd->hqk", new[0], keys) / 4 + mask, -1)
    return jnp.einsum("hqk,hkd->hqd", weights, values).transpose(1, 0, 2).reshape(1, -1), new[1:]


def test_a_decode_step_is_two_kernels() -> None:
    """A product with its bias, and attention, which copies nothing; that one is right."""
    x, cache, mask = array((1, WIDTH), seed=2), array((3, 2, HEADS, PAST, DEPTH), seed=3), array((PAST + 1,), seed=4)
    exported = export.export(jax.jit(step), platforms=["cpu"])(x, cache, mask)
    (artifact,) = webtensorc.compile(exported, targets=["cuda{arch=sm_90}"], cache=False).artifacts
    texts = [each.decode() for each in re.findall(rb"\.version [^\0]*", artifact.module)]
    named = {re.search(r"\.entry (\w+)", text)[1]: text for text in texts}  # type: ignore[index]
    assert {name for name in named if "initializer" not in name} == {"matmul_1x96x24", "attention_2x21x16"}
    projected = np.asarray((x @ WEIGHTS).reshape(BIAS.shape) + BIAS)
    result = np.zeros((HEADS, DEPTH), np.float32)
    ptx_machine.run(named["attention_2x21x16"], (HEADS, 1, 1), 8192, [projected, cache, mask], result)
    check(result.astype(float), np.asarray(step(x, cache, mask)[0]).reshape(HEADS, DEPTH))
