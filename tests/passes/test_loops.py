"""Loops counted on the host and put together in rounds, against JAX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import lax

import webtensorc

pytestmark = pytest.mark.slow

Array = Any


def running(x: Array, w: Array) -> Array:
    """Rows read and written at the counter, one after the other."""
    return lax.scan(lambda state, row: (jnp.tanh(state @ w + row),) * 2, jnp.zeros(x.shape[1]), x)


def backwards(x: Array, w: Array) -> Array:
    return lax.scan(lambda state, row: (state * 0.5 + row @ w, state), jnp.ones(x.shape[1]), x, reverse=True)


def by_number(x: Array, w: Array) -> Array:
    """The counter is data as well as an index."""
    return lax.fori_loop(2, 11, lambda i, y: y.at[i % 5].add(x[i] * i), x)


def exchanged(x: Array, w: Array) -> Array:
    return lax.fori_loop(0, 6, lambda i, both: (both[1] + i, both[0] * 2), (x[0], x[1]))


def nested(x: Array, w: Array) -> Array:
    inner = lambda i, y: lax.fori_loop(0, 4, lambda j, z: z + x[i + j] * w[j], y)  # noqa: E731
    return lax.fori_loop(0, 6, inner, x[0])


def how_often(x: Array, w: Array) -> Array:
    """The number of rounds depends on data."""
    return lax.while_loop(lambda s: s[1].sum() < 50, lambda s: (s[0] + 1, s[1] + jnp.abs(x[s[0]])), (0, jnp.abs(x[0])))


PROGRAMS = (running, backwards, by_number, exchanged, nested, how_often)


@pytest.mark.parametrize("rounds", [12, 13])
def test_numbers(rounds: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((rounds, 4)).astype(np.float32), rng.standard_normal((4, 4)).astype(np.float32)

    def every(x: Array, w: Array) -> Array:
        return [program(x, w) for program in PROGRAMS]

    path = tmp_path / "model.mlir"
    path.write_text(jax.jit(every).lower(x, w).as_text())
    bundle = webtensorc.compile(path, passes=("unroll-loops{rounds=8}",), cache=False)
    results = iter(webtensorc_runtime.load(bundle)(x, w))
    for program, expected in zip(PROGRAMS, jax.jit(every)(x, w), strict=True):
        for theirs in jax.tree.leaves(expected):
            np.testing.assert_allclose(next(results), theirs, rtol=1e-5, atol=1e-5, err_msg=program.__name__)


def test_a_loop_that_hands_constants_round() -> None:
    """The counter is in a register of 32 bits, the places of what rotates in two: it was overwritten by one of them."""
    program = jax.export.export(jax.jit(lambda key: jax.random.bits(key, (5,))))(jax.ShapeDtypeStruct((2,), np.uint32))
    key = np.asarray(jax.random.PRNGKey(3))
    (found,) = webtensorc_runtime.load(webtensorc.compile(program, cache=False))(key)
    np.testing.assert_array_equal(found, jax.random.bits(key, (5,)))
