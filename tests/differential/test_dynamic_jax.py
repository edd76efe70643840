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
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.errors import UnsupportedError

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


def means(x: Any) -> Any:
    total, count = (
        lax.reduce_window(each, 0.0, lax.add, (1, 2, 2), (1, 2, 2), "SAME") for each in (x, jnp.ones_like(x))
    )
    return total / count


def factors(a: Any) -> Any:
    """What is unique about the factors of a batch of matrices."""
    a = a @ jnp.swapaxes(a, -1, -2) + 3 * jnp.eye(a.shape[-1])
    u, s, v = jnp.linalg.svd(a, full_matrices=False)
    return jnp.linalg.cholesky(a), lax.linalg.lu(a), s, u @ (s[..., None] * v)


def windows(x: Any, u: Any, i: Any) -> Any:
    """Scatters of one window a row, of several, and of a window that begins where `i` says."""
    one = jax.vmap(lambda x, u, i: x.at[i].set(u[0]))(x, u, i)
    some = jax.vmap(lambda x, u, i: x.at[i + jnp.arange(2)].add(u))(x, u, i)
    return one, some, jax.vmap(lambda x, u, i: lax.dynamic_update_slice(x, u, (i,)))(x, u, 2 * i)


def updates(x: Any, u: Any) -> Any:
    """Two updates of what becomes one tensor."""
    return tuple(lax.dynamic_update_slice(jnp.zeros(x.shape, F32), each, (1,)) for each in (u, 2 * u))


def pools(x: Any) -> Any:
    """The gradient of a pooling with windows that overlap, and reducers of several operations and results."""

    def prefer(a: Any, b: Any) -> Any:
        keeps = a[0] >= b[0]
        return jnp.where(keeps, a[0], b[0]), jnp.where(keeps, a[1], b[1])

    inits, operands = (F32(-jnp.inf), I32(0)), (x[:, 0], lax.broadcasted_iota(I32, x[:, 0].shape, 1))
    largest = lax.reduce_window(operands, inits, prefer, (1, 2), (1, 2), "VALID")
    pool = jax.grad(lambda x: (lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3), (1, 2, 2), "SAME") ** 2).sum())
    return *largest, pool(x), lax.cumlogsumexp(x, axis=1)


def sorts(x: Any, y: Any) -> Any:
    gradient = jax.grad(lambda x: (jnp.sort(x, 1) * jnp.arange(x.shape[1])).sum())(x)
    return jnp.argsort(jnp.round(x), 1), jnp.argsort(y, 1), gradient


def draws(key: Any, x: Any) -> Any:
    """Bits by Philox, and the largest of elements many of which are equal."""
    state, bits = lax.rng_bit_generator(key, x.shape)
    return state, bits, *lax.top_k(jnp.round(x), x.shape[1] - 1)


def dirichlet(key: Any, x: Any) -> Any:
    """Loops in loops, whose sizes are computed in two ways."""
    return jax.random.dirichlet(jax.random.wrap_key_data(key), jnp.abs(x) + 0.5)


def in_turn(x: Any, y: Any) -> Any:
    """Two states that change places in an inner and in an outer loop."""

    def inner(c: Any) -> Any:
        return lax.while_loop(lambda d: d[2] < 3, lambda d: (d[1] * 2, d[0] + 1, d[2] + 1), (c[1], c[0], 0))[:2]

    return lax.fori_loop(0, 3, lambda i, c: inner(c), (x, y))


def products(x: Any, y: Any, z: Any) -> Any:
    """Products in which nothing is summed up, of what has been rounded, behind a barrier."""
    x = lax.optimization_barrier(lax.reduce_precision(x, 5, 4))
    one = jnp.einsum("bij,bjk->bik", x[..., :1], z[:, :1])
    return one, jnp.einsum("bi,bj->bij", x[:, 0], y), jnp.tensordot(x[0, 0], y, 0)


def chosen(x: Any, y: Any) -> Any:
    """Products with what a comparison yields, made floats and integers: where it is so, that is 1 and not -1."""
    positive, whole = y > 0, (4 * x).astype(I32)
    pairs = (x, positive.astype(F32)), (whole, positive.astype(I32))
    return [jnp.einsum("bik,bjk->bij", *pair) for pair in pairs]


FAST: dict[str, tuple[Callable[..., Any], Specs, Any]] = {
    "mlp": (lambda x, w: jax.nn.softmax(jnp.tanh(x @ w) + 1), [("b, 12", F32), ("12, 8", F32)], BATCH),
    "attention": (heads, [("b, s, 32", F32), ("32, 32", F32)], BOTH),
    "sizes in two places": (lambda x, y: x.sum(0) + y, [("2*b, 3", F32), ("b + 1, 3", F32)], BATCH),
    "floordiv and mod": (lambda x: jnp.arange(x.shape[0] % 3) + x.shape[0] // 2, [("b, 3", F32)], BATCH),
    "scan over an open length": (
        lambda x: lax.scan(lambda c, y: (c + y, c * y), jnp.zeros(x.shape[1:], F32), x), [("s, b, 3", F32)], BOTH
    ),
    "cumulative sum": (lambda x: jnp.cumsum(x, 1), [("b, s", F32)], BOTH),
    "sorts": (sorts, [("b, s", F32), ("b, s", F32)], BOTH),
    "random bits": (draws, [("4", np.uint32), ("b, s + 1", F32)], BOTH),
    "mean of a window": (means, [("b, s, 5", F32)], BOTH),
    "scatters outside of the operand are dropped": (
        lambda x, i: (x.at[3 * i - 2].add(1.0), x.at[:, 3 * i].set(2.0)), [("b, 4", F32), ("s", I32)], BOTH
    ),
    "two states in turn": (in_turn, [("b, s", F32), ("b, s", F32)], BOTH),
    "products without sums": (products, [("b, s, 3", F32), ("b, 4", F32), ("b, 2, s", F32)], BOTH),
    "products with comparisons": (chosen, [("b, 2, 6", F32), ("b, 3, 6", F32)], BATCH),
    "open image": (mean_image, [("b, 3, s + 4, s + 4", F32), ("4, 3, 3, 3", F32)], BOTH),
}  # fmt: skip


def grouped(x: Any, w: Any) -> Any:
    return lax.conv_general_dilated(x, w, (1, 1), "SAME", batch_group_count=2)


def depthwise_gradient(x: Any, w: Any) -> Any:
    def loss(w: Any) -> Any:
        return (lax.conv_general_dilated(x, w, (1, 1), "SAME", feature_group_count=3) ** 2).sum()

    return jax.grad(loss)(w)


SLOW: dict[str, tuple[Callable[..., Any], Specs, Any]] = {
    "windows of several results": (pools, [("b, s + 3, s + 3", F32)], BOTH),
    "random proportions": (dirichlet, [("2", np.uint32), ("b, 2", F32)], BATCH),
    "groups of the batch": (grouped, [("2*b, 3, 8, 8", F32), ("4, 3, 3, 3", F32)], BATCH),
    "gradient of a depthwise convolution": (depthwise_gradient, [("b, 3, 9, 9", F32), ("6, 1, 3, 3", F32)], BATCH),
    "real spectrum": (
        lambda x: (jnp.fft.irfft(jnp.fft.rfft(x) * 2), jnp.fft.irfft(x[:, 0] + 0j, n=8)), [("b, s, 12", F32)], BOTH
    ),
    "complex spectrum": (lambda x: jnp.abs(jnp.fft.fft2(x)), [("b, 4, 6", F32)], BATCH),
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
    "top k": (lambda x, y: lax.top_k(x, 3) + lax.approx_max_k(y, 2), [("b, s + 3", F32), ("b, 16", F32)], BOTH),
    "update": (lambda x, u: lax.dynamic_update_slice(x, u, (1, 0)), [("b + 2, 3", F32), ("1, 3", F32)], BATCH),
    "one hot": (lambda i: jax.nn.one_hot(i, 7), [("b, s", I32)], BOTH),
    "tile and repeat": (lambda x: jnp.repeat(jnp.tile(x, (2, x.shape[0])), 2, axis=0), [("b, 3", F32)], BATCH),
    "flatten": (lambda x: (x.reshape(-1) + 1, x.transpose(1, 0, 2).reshape(x.shape[1], -1)), [("b, s, 4", F32)], BOTH),
    "unsigned and narrow": (
        lambda x: (jnp.broadcast_to(x[:, None] + 1, (x.shape[0], 4)), (5 * x).astype(jnp.int4).astype(I32)),
        [("b", np.uint32)], BATCH,
    ),
    "gradient": (loss, [("4, 3", F32), ("b, 4", F32)], BATCH),
    "scatter": (lambda x, i: x.at[i].add(1.0), [("b, 3", F32), ("s", I32)], BOTH),
    "vector": (lambda x, w: (x @ w, jnp.outer(w, w)), [("b, s", F32), ("s", F32)], BOTH),
    "integers": (
        lambda x, w: lax.dot_general(x, w, (((2,), (0,)), ((), ())), preferred_element_type=I32),
        [("b, s, 8", np.int8), ("8, 4", np.int8)], BOTH,
    ),
    "random": (lambda x: x + jax.random.normal(jax.random.key(0), x.shape), [("b, 3", F32)], BATCH),
    "resize": (lambda x: jax.image.resize(x, (x.shape[0], 3, 16, 16), "bilinear"), [("b, 3, 8, 8", F32)], BATCH),
    "updates of one tensor": (updates, [("b + 2", F32), ("2", F32)], BATCH),
    "scatter windows": (windows, [("b, 4", F32), ("b, 2", F32), ("b", I32)], BATCH),
    "factors of a batch": (factors, [("b, 3, 3", F32)], BATCH),
    "linear systems": (lambda a, y: jnp.linalg.solve(a, y), [("b, 3, 3", F32), ("b, 3, s", F32)], BOTH),
    "systems, inverses and determinants": (
        lambda a: (jnp.linalg.solve(a, a + 1), jnp.linalg.inv(a), jnp.linalg.slogdet(a)[1]), [("b, 3, 3", F32)], BATCH
    ),
    "incomplete gamma function": (
        lambda a, x: jax.scipy.special.gammainc(jnp.abs(a) + 0.1, jnp.abs(x)), [("b", F32), ("b", F32)], BATCH
    ),
    "concatenation with nothing": (lambda x: jnp.concatenate([x, x[:, 3:], x], 1), [("b, 3", F32)], BATCH),
    "equal operands": (lambda i: (i == i, i < i, i - i, i ^ i), [("b", I32)], BATCH),
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


def test_constraints_of_the_symbolic_scope_are_kept() -> None:
    scope = export.SymbolicScope(["a >= 8", "a <= 64", "mod(b, 4) == 0", "a*b <= 1000", "a >= b", "c == a + b"])
    shapes = [export.symbolic_shape(name, scope=scope) for name in "abc"]
    arguments = [jax.ShapeDtypeStruct(shape, F32) for shape in shapes]
    exported = export.export(jax.jit(lambda x, y, z: jnp.concatenate([x, y]) * z))(*arguments)
    module = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))
    assert [str(each) for each in module.dims] == ["a=8..64", "b=4..:4"]
    assert [str(each) for each in module.constraints] == ["- a*b + 1000 >= 0", "- b + a >= 0"]
    for a, b in ((8, 8), (62, 16)):
        x, y, z = np.arange(a, dtype=F32), np.arange(b, dtype=F32), np.arange(a + b, dtype=F32)
        np.testing.assert_array_equal(module(x, y, z)[0], np.concatenate([x, y]) * z)
    for a, b, c, message in (
        (8, 12, 20, "the model demands `- b + a >= 0` of its dimensions"),
        (64, 16, 80, "the model demands `- a*b + 1000 >= 0` of its dimensions"),
        (16, 6, 22, "dimension `b` of input `y` is 6, but must be a multiple of 4 within its bounds 4..:4"),
        (7, 4, 11, "dimension `a` of input `x` is 7, outside of its bounds 8..64"),
        (8, 4, 13, "dimension 0 of input `z` is `b + a`, which is 12 here, not 13"),
    ):
        with pytest.raises(UsageError) as error:
            module(np.zeros(a, F32), np.zeros(b, F32), np.zeros(c, F32))
        assert error.value.message == message
    with pytest.raises(UsageError, match=r"floordiv\(b, 4\)"):
        webtensorc.compile(exported, dims={"a": 16, "b": 6}, cache=False)


def test_what_needs_sizes_says_so() -> None:
    argument = jax.ShapeDtypeStruct(export.symbolic_shape("b, 4, 4"), F32)
    exported = export.export(jax.jit(lambda x: jnp.linalg.cholesky(jnp.eye(x.shape[0]))), platforms=("cpu",))(argument)
    with pytest.raises(UnsupportedError) as error:
        webtensorc.compile(exported, cache=False)
    assert error.value.hint == "give its open dimensions sizes: --dim"
