"""`jax.export` with symbolic shapes, left open: one module for every size, compared with JAX."""

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

F32, I32 = np.float32, np.int32
BATCH = ({"b": 1}, {"b": 3}, {"b": 8})
BOTH = ({"b": 1, "s": 1}, {"b": 3, "s": 5}, {"b": 2, "s": 16})
Specs = list[tuple[str, Any]]


def heads(x: Any, w: Any) -> Any:
    q = (x @ w).reshape(*x.shape[:2], 4, 8)
    p = jax.nn.softmax(jnp.einsum("bqhd,bkhd->bhqk", q, q), -1)
    return jnp.einsum("bhqk,bkhd->bqhd", p, q).reshape(x.shape)


def loss(w: Any, x: Any) -> Any:
    return jax.grad(lambda w: jnp.mean(jnp.tanh(x @ w) ** 2))(w)


def mean_image(x: Any, w: Any) -> Any:
    y = lax.conv_general_dilated(x, w, (2, 2), "SAME")
    return lax.reduce_window(y, -jnp.inf, lax.max, (1, 1, 3, 3), (1, 1, 2, 2), "SAME").mean((2, 3))


FAST: dict[str, tuple[Callable[..., Any], Specs, Any]] = {
    "mlp": (lambda x, w: jax.nn.softmax(jnp.tanh(x @ w) + 1), [("b, 12", F32), ("12, 8", F32)], BATCH),
    "attention": (heads, [("b, s, 32", F32), ("32, 32", F32)], BOTH),
    "sizes in two places": (lambda x, y: x.sum(0) + y, [("2*b, 3", F32), ("b + 1, 3", F32)], BATCH),
    "floordiv and mod": (lambda x: jnp.arange(x.shape[0] % 3) + x.shape[0] // 2, [("b, 3", F32)], BATCH),
    "scan over an open length": (
        lambda x: lax.scan(lambda c, y: (c + y, c * y), jnp.zeros(x.shape[1:], F32), x), [("s, b, 3", F32)], BOTH
    ),
    "cumulative sum": (lambda x: jnp.cumsum(x, 1), [("b, s", F32)], BOTH),
    "argsort": (lambda x: jnp.argsort(x, 1), [("b, s", F32)], BOTH),
    "open image": (mean_image, [("b, 3, s + 4, s + 4", F32), ("4, 3, 3, 3", F32)], BOTH),
}  # fmt: skip

SLOW: dict[str, tuple[Callable[..., Any], Specs, Any]] = {
    "slices": (lambda x: (x[1:], x[::2, ::-1], x[::-1]), [("b + 1, 3", F32)], BATCH),
    "padding": (lambda x: lax.pad(x, F32(0), ((-1, 2, 1), (0, -1, 0))), [("b + 1, 3", F32)], BATCH),
    "take": (lambda t, i: jnp.take(t, i, axis=0, mode="clip"), [("b, 3", F32), ("s", I32)], BOTH),
    "groups": (
        lambda x, w: lax.conv_general_dilated(x, w, (1, 1), [(1, 1), (1, 1)], feature_group_count=4),
        [("b, 4, 8, 8", F32), ("8, 1, 3, 3", F32)], BATCH,
    ),
    "transposed convolution": (
        lambda x, w: lax.conv_general_dilated(x, w, (1, 1), [(1, 1), (1, 1)], lhs_dilation=(2, 2)),
        [("b, 4, s + 2, 8", F32), ("8, 4, 3, 3", F32)], BOTH,
    ),
    "top k": (lambda x: lax.top_k(x, 3), [("b, s + 3", F32)], BOTH),
    "update": (lambda x, u: lax.dynamic_update_slice(x, u, (1, 0)), [("b + 2, 3", F32), ("1, 3", F32)], BATCH),
    "one hot": (lambda i: jax.nn.one_hot(i, 7), [("b, s", I32)], BOTH),
    "tile and repeat": (lambda x: jnp.repeat(jnp.tile(x, (2, x.shape[0])), 2, axis=0), [("b, 3", F32)], BATCH),
    "flatten": (lambda x: (x.reshape(-1) + 1, x.transpose(1, 0, 2).reshape(x.shape[1], -1)), [("b, s, 4", F32)], BOTH),
    "unsigned": (lambda x: jnp.broadcast_to(x[:, None] + 1, (x.shape[0], 4)), [("b", np.uint32)], BATCH),
    "gradient": (loss, [("4, 3", F32), ("b, 4", F32)], BATCH),
    "scatter": (lambda x, i: x.at[i].add(1.0), [("b, 3", F32), ("s", I32)], BOTH),
    "vector": (lambda x, w: (x @ w, jnp.outer(w, w)), [("b, s", F32), ("s", F32)], BOTH),
    "integers": (
        lambda x, w: lax.dot_general(x, w, (((2,), (0,)), ((), ())), preferred_element_type=I32),
        [("b, s, 8", np.int8), ("8, 4", np.int8)], BOTH,
    ),
    "random": (lambda x: x + jax.random.normal(jax.random.key(0), x.shape), [("b, 3", F32)], BATCH),
    "resize": (lambda x: jax.image.resize(x, (x.shape[0], 3, 16, 16), "bilinear"), [("b, 3, 8, 8", F32)], BATCH),
    "loop": (
        lambda x: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2), (0, x))[1], [("b", F32)], BATCH
    ),
}  # fmt: skip


def check(function: Callable[..., Any], specs: Specs, sizes: Any) -> None:
    scope = export.SymbolicScope()
    arguments = [jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), dtype) for shape, dtype in specs]
    exported = export.export(jax.jit(function), platforms=("cpu",))(*arguments)
    module = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))
    rng = np.random.default_rng(0)
    for each in sizes:
        inputs = []
        for argument in arguments:
            shape = [dim if isinstance(dim, int) else dim._evaluate(each) for dim in argument.shape]
            drawn = rng.standard_normal(shape) if argument.dtype.kind == "f" else rng.integers(0, 3, shape)
            inputs.append(np.asarray(drawn, argument.dtype))
        expected = jax.tree.leaves(function(*map(jnp.asarray, inputs)))
        for found, wanted in zip(module(*inputs), expected, strict=True):
            assert found.shape == wanted.shape
            np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-5, err_msg=str(each))


@pytest.mark.parametrize("name", FAST)
def test_open_sizes(name: str) -> None:
    check(*FAST[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_more_open_sizes(name: str) -> None:
    check(*SLOW[name])
