"""Attention in several spellings becomes one kernel, against JAX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime

import webtensorc

pytestmark = pytest.mark.slow

Array = Any
IMAGES, ROWS, KEYS, HEADS, SIZE = 2, 19, 23, 3, 20


def attend(q: Array, k: Array, v: Array, bias: Callable[[Array], Array] = lambda scores: scores) -> Array:
    """Of [images, heads, rows or keys, size] each."""
    scores = jnp.einsum("bhmd,bhnd->bhmn", q, k, precision="highest")
    weights = jax.nn.softmax(bias(scores), axis=-1)
    return jnp.einsum("bhmn,bhne->bhme", weights, v, precision="highest")


def plain(q: Array, k: Array, v: Array, mask: Array) -> Array:
    return attend(q, k, v)


def side_by_side(q: Array, k: Array, v: Array, mask: Array) -> Array:
    y = attend(q, k, v, lambda scores: scores / 4)
    return jnp.tanh(y.swapaxes(1, 2).reshape(IMAGES, ROWS, HEADS * SIZE))


def causal(q: Array, k: Array, v: Array, mask: Array) -> Array:
    return attend(q, k, v, lambda scores: scores + mask)


def keys_left_out(q: Array, k: Array, v: Array, mask: Array) -> Array:
    return attend(q, k, v, lambda scores: scores * 2 + mask[-1])


def capped(q: Array, k: Array, v: Array, mask: Array) -> Array:
    return attend(q, k, v, lambda scores: 3 * jnp.tanh(scores / 3) + mask)


def one_image(q: Array, k: Array, v: Array, mask: Array) -> Array:
    whole = jnp.concatenate([q[:1] + 1, k[:1, :, :ROWS] + 2, v[:1, :, :ROWS] + 3], axis=1)
    return attend(*jnp.split(whole, 3, axis=1))


def weights_used_twice(q: Array, k: Array, v: Array, mask: Array) -> Array:
    """The weights are a result too: no kernel."""
    scores = jnp.einsum("bhmd,bhnd->bhmn", q, k, precision="highest")
    weights = jax.nn.softmax(scores, axis=-1)
    return weights, jnp.einsum("bhmn,bhne->bhme", weights, v, precision="highest")


PROGRAMS = {
    plain: 1,
    side_by_side: 1,
    causal: 1,
    keys_left_out: 1,
    capped: 1,
    one_image: 1,
    weights_used_twice: 0,
}


def operands() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    shapes = (IMAGES, HEADS, ROWS, SIZE), (IMAGES, HEADS, KEYS, SIZE), (IMAGES, HEADS, KEYS, SIZE)
    mask = np.triu(np.full((ROWS, KEYS), -np.inf), 4)
    return tuple(np.asarray(a, np.float32) for a in (*(rng.standard_normal(s) for s in shapes), mask))


def compiled(program: Callable[..., Any], given: tuple[np.ndarray, ...], folder: Path, target: str = "host") -> Any:
    path = folder / "model.mlir"
    path.write_text(jax.jit(program).lower(*given).as_text())
    return webtensorc.compile(path, targets=(target,), cache=False)


def kernels(bundle: Any) -> int:
    steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
    return sum(name.startswith("attention") for name in steps)


@pytest.mark.parametrize("target", ["host", "x86-64-v3"])
def test_numbers(target: str, tmp_path: Path) -> None:
    """All programs in one model, each on numbers of its own: equal products would be merged."""
    q, k, v, mask = operands()

    def every(q: Array, k: Array, v: Array, mask: Array) -> Array:
        return [program(q * (1 + i / 8), k, v, mask) for i, program in enumerate(PROGRAMS)]

    bundle = compiled(every, (q, k, v, mask), tmp_path, target)
    assert kernels(bundle) == sum(PROGRAMS.values())
    results = iter(webtensorc_runtime.load(bundle)(q, k, v, mask))
    for program, expected in zip(PROGRAMS, jax.jit(every)(q, k, v, mask), strict=True):
        for theirs in jax.tree.leaves(expected):
            np.testing.assert_allclose(next(results), theirs, rtol=2e-5, atol=1e-5, err_msg=program.__name__)


def test_nan_and_infinity_arrive_where_they_should(tmp_path: Path) -> None:
    q, k, v, mask = operands()
    q[0, 0, 3, 2], k[1, 2, 5, 1], v[0, 1, 2, 7] = np.nan, np.inf, -np.inf
    mask[9] = -np.inf
    bundle = compiled(causal, (q, k, v, mask), tmp_path)
    assert kernels(bundle) == 1
    (ours,) = webtensorc_runtime.load(bundle)(q, k, v, mask)
    theirs = np.asarray(jax.jit(causal)(q, k, v, mask))
    assert 0 < np.isnan(theirs).sum() < theirs.size and np.isinf(theirs).any()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(theirs))


def test_products_store_heads_one_behind_the_other(tmp_path: Path) -> None:
    """With work per column in front of the transposition and behind it; nothing is left to be moved."""
    rng = np.random.default_rng(0)
    shapes = (1, 9, 5), (5, 3 * 32), (3 * 32,), (3, 1, 32)
    x, w, before, behind = (rng.standard_normal(shape, np.float32) for shape in shapes)

    def heads(x: Array, w: Array, before: Array, behind: Array) -> Array:
        y = jnp.matmul(x, w, precision="highest") + before
        return jnp.tanh(y.reshape(1, 9, 3, 32).swapaxes(1, 2) * behind)

    bundle = compiled(heads, (x, w, before, behind), tmp_path)
    steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"] if step["kind"] == "dispatch"]
    assert [name.split("_")[0] for name in steps] == ["matmul"]
    (ours,) = webtensorc_runtime.load(bundle)(x, w, before, behind)
    np.testing.assert_allclose(ours, heads(x, w, before, behind), rtol=2e-5, atol=1e-5)
