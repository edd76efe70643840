"""What the native compiler gets wrong about storage is right: barriers, shared allocations in loops, complex fills."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc

X, Y = np.arange(10, 0, -1, dtype=np.float32), np.array([100, 200, 300], np.float32)
PLACES = np.array([3, 1, 7], np.int32)


def scattered_behind_a_barrier(x: jax.Array, y: jax.Array) -> Any:
    z = x * 2
    return lax.optimization_barrier(z).at[PLACES].add(y), z.at[PLACES].mul(y), z + 1


def written_behind_a_barrier(x: jax.Array, y: jax.Array) -> Any:
    return lax.dynamic_update_slice(lax.optimization_barrier(x), y, (2,)), x + 1


def two_barriers(x: jax.Array, y: jax.Array) -> Any:
    z = jnp.sin(x)
    first, second = lax.optimization_barrier((z, z))
    return first.at[PLACES].set(y), second.at[PLACES].mul(y), z


def state_that_goes_round(x: jax.Array, y: jax.Array) -> Any:
    # Both rows come out of one dispatch, so they share an allocation, which the loop hands over twice.
    def step(i: Any, state: Any) -> Any:
        (a, b), c, d = state
        return (a + b, a * 3 - i), d, c

    return lax.fori_loop(0, 5, step, ((y, y + 1), y * 2, y * 3))


def loops_that_do_not_run(x: jax.Array, y: jax.Array) -> Any:
    # What such a loop leaves is what it was given, which is read again after what it left is not any more.
    z = jnp.sin(x)
    left = lax.while_loop(lambda c: c.sum() > 1e9, lambda c: c * 2 + z, z)
    turned = lax.while_loop(lambda c: c.sum() < 100, lambda c: c + left**2, z * y[0] + left)
    return lax.while_loop(lambda c: c.sum() > 1e9, lambda c: c + turned * z, turned + z) + z


def complex_paddings(x: jax.Array, y: jax.Array) -> Any:
    z = lax.complex(x, x + 1)
    return jnp.pad(z, (0, 3)) * 2, lax.pad(z, np.complex64(1 - 2j), [(1, 2, 1)]), jnp.pad(jnp.sin(z)[:2], (3, 3))


def maximum_that_is_returned(x: jax.Array, y: jax.Array) -> Any:
    # Not a softmax, though what the maximum is taken of is read elsewhere too.
    z = jnp.abs(x - 4)
    return jnp.max(z), z * y[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "function",
    [
        scattered_behind_a_barrier,
        written_behind_a_barrier,
        two_barriers,
        state_that_goes_round,
        loops_that_do_not_run,
        complex_paddings,
        maximum_that_is_returned,
    ],
)
@pytest.mark.parametrize("level", [0, 3])
def test_results_are_jaxs(function: Callable[..., Any], level: int) -> None:
    exported = export.export(jax.jit(function, keep_unused=True))(X, Y)
    module = webtensorc_runtime.load(webtensorc.compile(exported, optimization_level=level, cache=False))
    for got, wanted in zip(module(X, Y), jax.tree.leaves(jax.jit(function)(X, Y)), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_results_that_are_read_as_well_are_not_copied() -> None:
    def decode(old: jax.Array, new: jax.Array) -> Any:
        keys = jnp.concatenate([old, jnp.sin(new)])
        scores = keys @ keys.T
        return keys, scores, jax.nn.softmax(scores)

    old, new = np.arange(24, dtype=np.float32).reshape(6, 4) / 24, np.ones((1, 4), np.float32)
    bundle = webtensorc.compile(export.export(jax.jit(decode))(old, new), cache=False)
    kinds = [step["kind"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
    assert kinds.count("copy") == 1  # of the old rows
    for got, wanted in zip(webtensorc_runtime.load(bundle)(old, new), decode(old, new), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 5])
def test_keys_are_split_as_by_jax(count: int) -> None:
    def split() -> jax.Array:
        return jax.random.key_data(jax.random.split(jax.random.key(42), count))

    module = webtensorc_runtime.load(webtensorc.compile(export.export(jax.jit(split))(), cache=False))
    np.testing.assert_array_equal(module()[0], split())


def norm(a: jax.Array) -> jax.Array:
    scale = jnp.maximum(jnp.max(jnp.abs(jnp.where(jnp.arange(4) > 1, a, 0))), jnp.abs(a[1]))
    safe = jnp.where(scale > 0, scale, 1)
    quotient = a / safe
    tail = jnp.sum(jnp.where(jnp.arange(4) > 1, jnp.real(quotient * jnp.conj(quotient)), 0))
    return safe * jnp.sqrt(tail + jnp.real(a[1] / safe * jnp.conj(a[1] / safe)))


@pytest.mark.parametrize("level", [0, 3])
def test_the_divisor_of_a_complex_scalar_is_still_itself(level: int) -> None:
    a = np.array([1 - 2j, 3 + 1j, -2 + 0.5j, 1j], np.complex64)
    bundle = webtensorc.compile(export.export(jax.jit(norm))(a), optimization_level=level, cache=False)
    (found,) = webtensorc_runtime.load(bundle)(a)
    np.testing.assert_allclose(found, np.linalg.norm(a[1:]), rtol=1e-6)


def test_a_bit_cast_of_complex_numbers_to_their_own_type() -> None:
    a = np.array([[1 - 2j], [3 + 1j]], np.complex64)
    bundle = webtensorc.compile(export.export(jax.jit(lambda x: lax.bitcast_convert_type(x, np.complex64)))(a))
    np.testing.assert_array_equal(webtensorc_runtime.load(bundle)(a)[0], a)
