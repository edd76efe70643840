"""The passes of the GRAPH phase keep what a model computes, judged by the StableHLO interpreter.

The numbers are small integers, so that every sum is exact in any order and results must be equal to the bit. Only
folding of scales is judged by a tolerance.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from graph_models import Arrays, assert_close, rewritten, same_results, traced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax

from webtensorc.model import Model
from webtensorc.reference import run_interpreter

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**32 - 1)
ODD = (np.nan, np.inf, -np.inf, -0.0, 0.0)


def integers(rng: np.random.Generator, *shape: int, dtype: object = np.float32, odd: bool = False) -> np.ndarray:
    """Integers from -4 to 4; with `odd`, some NaNs, infinities and zeros of either sign among them."""
    values = rng.integers(-4, 5, shape).astype(np.float64)
    if odd and values.size:
        flat = values.reshape(-1)
        at = rng.choice(values.size, min(5, values.size), replace=False)
        flat[at] = rng.choice(ODD, len(at))
    with np.errstate(invalid="ignore"):
        return values.astype(dtype)


# Windows


@given(
    SEEDS,
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.lists(st.integers(-1, 4), min_size=4, max_size=4),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
@settings(few, max_examples=16)
def test_trimmed_windows_read_the_same(
    seed: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: list[int],
    spread: tuple[int, int],
    base: tuple[int, int],
) -> None:
    rng = np.random.default_rng(seed)
    around = [(pads[0], pads[1]), (pads[2], pads[3])]
    padded = [(n - 1) * b + 1 + low + high for n, b, (low, high) in zip(size, base, around, strict=True)]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, spread, strict=True)]
    if any(p < 0 or p < s for p, s in zip(padded, spans, strict=True)):
        return
    inputs = {"x": integers(rng, 1, 2, *size, odd=True), "k": integers(rng, 2, 2, *kernel)}

    def model(x: jax.Array, k: jax.Array) -> tuple[jax.Array, jax.Array]:
        y = lax.conv_general_dilated(x, k, strides, around, lhs_dilation=base, rhs_dilation=spread)
        whole = [(0, 0), (0, 0), *around]
        z = lax.reduce_window(
            x, -jnp.inf, lax.max, (1, 1, *kernel), (1, 1, *strides), whole, (1, 1, *base), (1, 1, *spread)
        )
        return y, z

    unread = [(p - s) % t for p, s, t in zip(padded, spans, strides, strict=True)]
    trims = [
        u and (p - s < t or high > 0)
        for u, p, s, t, (_, high) in zip(unread, padded, spans, strides, around, strict=True)
    ]
    assert same_results(traced(model, {}, inputs), inputs, "trim-windows") == (2 if any(trims) else 0)


# Constants, duplicates, dead work

UNARY = [lax.abs, lax.ceil, lax.floor, lax.neg, lax.sign, lax.sqrt, lax.rsqrt, lax.exp, lax.log, lax.tanh, lax.logistic]
BINARY = [lax.add, lax.sub, lax.mul, lax.max, lax.min, lax.div, lax.pow]
FLOATS = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
INTEGERS = [np.int8, np.int32, np.int64, np.uint8, np.uint32]


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
def test_folding_of_floating_point_agrees_with_the_interpreter(dtype: type) -> None:
    rng = np.random.default_rng(1)
    weights = {"a": integers(rng, 4, 8, dtype=dtype, odd=True), "b": integers(rng, 8, dtype=dtype, odd=True)}
    x = integers(rng, 4, 8, dtype=dtype)

    def model(a: jax.Array, b: jax.Array, x: jax.Array) -> list[jax.Array]:
        wide = jnp.broadcast_to(b, a.shape)
        found = [function(a) for function in UNARY] + [function(a, wide) for function in BINARY]
        return [*found, a.T.reshape(4, 8) * x, lax.convert_element_type(a, np.float32), jnp.where(True, x, x)]

    tolerance = {2: 1e-2, 4: 1e-6, 8: 1e-14}[np.dtype(dtype).itemsize]
    assert same_results(traced(model, weights, {"x": x}), {"x": x}, "fold-constants", rtol=tolerance) > 15


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda dtype: dtype.__name__)
def test_folding_of_integers_agrees_with_the_interpreter(dtype: type) -> None:
    limits = np.iinfo(dtype)
    a = np.array([limits.min, limits.max, 0, 1, 2, 3, limits.max - 1, 7], dtype)
    weights = {"a": a, "b": a[::-1].copy(), "c": a == 0}

    def model(a: jax.Array, b: jax.Array, c: jax.Array, x: jax.Array) -> list[jax.Array]:
        found = [function(a, b) for function in (lax.add, lax.sub, lax.mul, lax.max, lax.min, lax.bitwise_and)]
        found += [lax.sign(a), lax.bitwise_not(a), lax.rev(a, (0,)), lax.concatenate([a, b], 0), a[1:7:2]]
        found += [lax.convert_element_type(a, kind) for kind in (np.int8, np.uint8, np.int64, np.float32, bool)]
        found += [lax.convert_element_type(c, dtype), jnp.where(c, a, b), lax.bitwise_or(c, c), lax.neg(a)]
        found += [lax.shift_left(a, b)]  # by more bits than there are, and by less than none
        return [*found, a.reshape(2, 4).T @ b.reshape(2, 4), x]

    inputs = {"x": np.zeros(2, np.float32)}
    assert same_results(traced(model, weights, inputs), inputs, "fold-constants") > 15


@given(SEEDS)
@few
def test_movements_of_weights_are_folded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 4, 3))
    weights = {"w": integers(rng, *shape, odd=True), "s": integers(rng, shape[1])}
    order = tuple(int(i) for i in rng.permutation(3))
    inputs = {"x": integers(rng, *(shape[i] for i in order))}

    def model(w: jax.Array, s: jax.Array, x: jax.Array) -> jax.Array:
        moved = (w + s.reshape(1, -1, 1)).transpose(order).reshape(-1).reshape(x.shape)
        return x - moved[::-1]

    assert same_results(traced(model, weights, inputs), inputs, "fold-constants") > 0


def test_weights_without_elements_are_folded() -> None:
    weights = {"w": np.zeros((1, 0, 32), np.float32)}
    inputs = {"x": np.ones((2, 0), np.float32)}

    def model(w: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.dot(x, jnp.tanh(w).reshape(0, 32))

    after, changes = rewritten(traced(model, weights, inputs), "fold-constants")
    assert changes and [array.shape for array in after.weights.values()] == [(0, 32)]


@given(SEEDS)
@few
def test_merging_and_removing_change_nothing_that_shows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = integers(rng, 3, 4, odd=True)
    weights = {"w": w, "same": w.copy(), "unused": w + 1}
    inputs = {"x": integers(rng, 3, 4, odd=True)}

    @jax.jit
    def inner(x: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.maximum(x * w, 0)

    def model(w: jax.Array, same: jax.Array, unused: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        jnp.tanh(unused)
        return inner(x, w) + inner(x, same), lax.div(x, w) - lax.div(x, same)

    given_model = traced(model, weights, inputs)
    assert same_results(given_model, inputs, "inline-calls", "merge-duplicates", "remove-dead") > 2


# Layouts


@given(SEEDS)
@settings(few, max_examples=8)
def test_channels_last_keeps_every_value_where_it_was(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, c, h, w = (int(v) for v in rng.integers(1, 5, 4))
    grouped = bool(rng.integers(2))
    c = c * 2
    weights = {
        "k": integers(rng, 4, c // 2 if grouped else c, 1, 1),
        "l": integers(rng, 4, 4, 2, 2),
        "b": integers(rng, 4),
    }
    inputs = {"x": integers(rng, n, c, h + 1, w + 1, odd=True)}

    def model(k: jax.Array, l: jax.Array, b: jax.Array, x: jax.Array) -> list[jax.Array]:  # noqa: E741
        y = lax.conv_general_dilated(x, k, (1, 1), "VALID", feature_group_count=2 if grouped else 1)
        y = jnp.maximum(y + b.reshape(-1, 1, 1), 0)
        shuffled = y.reshape(n, 2, 2, h + 1, w + 1).transpose(0, 2, 1, 3, 4).reshape(y.shape)
        z = lax.conv_general_dilated(jnp.concatenate([shuffled[:, :2], y[:, 2:]], 1), l, (2, 1), [(0, 1), (1, 0)])
        pooled = lax.reduce_window(y, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 1, 2), "SAME")
        odd = lax.pad(y, np.float32(7), [(0, 0, 0), (1, 0, 0), (0, 2, 1), (0, 0, 0)])[:, :, ::2]
        sums = [y.sum((2, 3)), y.sum(1), y.sum((0, 2)), y.sum((1, 2, 3)), y.max(2)]
        return [z, pooled, odd, *sums, y.reshape(n, -1), shuffled.transpose(0, 2, 3, 1), jnp.where(y > 1, y, shuffled)]

    given_model = traced(model, weights, inputs)
    assert same_results(given_model, inputs, "inline-calls", "channels-last", "pointwise-to-matmul") > 5


@given(SEEDS)
@few
def test_pixel_wise_convolutions_are_products(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = {"k": integers(rng, 1, 1, 3, 4)}
    inputs = {"x": integers(rng, *(int(v) for v in rng.integers(1, 6, 3)), 3, odd=True)}
    strides = tuple(int(v) for v in rng.integers(1, 4, 2))

    def model(k: jax.Array, x: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(x, k, strides, "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    assert same_results(traced(model, weights, inputs), inputs, "pointwise-to-matmul") == 1


# Scales and shifts

STATISTICS = st.sampled_from([0.0, -1.5, 0.25, 1e-30, 1e30, np.nan, np.inf])


@given(SEEDS, STATISTICS, STATISTICS, st.booleans())
@settings(few, max_examples=16)
def test_folded_scales_and_shifts(seed: int, scale: float, shift: float, divide: bool) -> None:
    rng = np.random.default_rng(seed)
    stats = {name: rng.uniform(0.5, 2, 4).astype(np.float32) for name in ("scale", "mean", "shift")}
    stats["scale"][0], stats["shift"][1] = scale, shift
    weights: Arrays = {"k": rng.standard_normal((4, 3, 2, 2)).astype(np.float32), **stats}
    inputs = {"x": rng.standard_normal((1, 3, 4, 4)).astype(np.float32)}

    def model(k: jax.Array, scale: jax.Array, mean: jax.Array, shift: jax.Array, x: jax.Array) -> jax.Array:
        y = lax.conv_general_dilated(x, k, (1, 1), "VALID")
        s, m, b = (each.reshape(-1, 1, 1) for each in (scale, mean, shift))
        return ((y - m) / s if divide else (y - m) * s) + b

    changes = channelwise(traced(model, weights, inputs), inputs)
    inverse = np.float64(1) / np.float64(scale) if divide and scale else np.float64(np.inf if divide else scale)
    assert changes == (3 if np.isfinite(inverse) else 1)


def channelwise(model: Model, inputs: Arrays) -> int:
    """As `same_results` for fold-batch-norm, each channel judged by its own scale."""
    folded, _ = rewritten(model, "fold-constants")
    after, changes = rewritten(folded, "fold-batch-norm")
    (before,), (now,) = run_interpreter(model, inputs).values(), run_interpreter(after, inputs).values()
    for got, wanted in zip(np.moveaxis(now, 1, 0), np.moveaxis(before, 1, 0), strict=True):
        assert_close(got, wanted, 1e-5)
    return changes


def test_a_scale_that_would_overflow_the_weight_stays() -> None:
    weights = {"w": np.full((2, 2), 1e20, np.float32), "s": np.full(2, 1e20, np.float32)}
    inputs = {"x": np.full((1, 2), 1e-20, np.float32)}

    def model(w: jax.Array, s: jax.Array, x: jax.Array) -> jax.Array:
        return (x @ w) * s

    assert same_results(traced(model, weights, inputs), inputs, "fold-batch-norm") == 0


# Fusion


@given(SEEDS, st.sampled_from([np.float32, np.float64, np.int32]))
@settings(few, max_examples=8)
def test_merged_products(seed: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    widths = [int(v) for v in rng.integers(1, 5, 3)]
    weights = {f"w{i}": integers(rng, 3, n, dtype=dtype) for i, n in enumerate(widths)}
    weights |= {f"b{i}": integers(rng, n, dtype=dtype, odd=dtype is not np.int32) for i, n in enumerate(widths)}
    inputs = {"x": integers(rng, 2, 5, 3, dtype=dtype, odd=dtype is not np.int32)}
    kind = int(rng.integers(3))

    def model(w0, w1, w2, b0, b1, b2, x):  # type: ignore[no-untyped-def]
        outputs = []
        for w, b in ((w0, b0), (w1, b1), (w2, b2)):
            y = jnp.abs(x @ w + b) if kind else b - x @ w
            outputs.append(y.transpose(1, 0, 2) if kind == 1 else y.reshape(2, 5, 1, -1) if kind == 2 else y)
        return outputs

    assert same_results(traced(model, weights, inputs), inputs, "inline-calls", "merge-matmuls") >= 2


@given(SEEDS, st.sampled_from([np.int8, np.int32, np.int64]))
@settings(few, max_examples=8)
def test_rows_of_one_hot_indices(seed: int, dtype: type) -> None:
    """Indices outside, of which there are many here, have rows of zeros."""
    rng = np.random.default_rng(seed)
    count, width = (int(v) for v in rng.integers(1, 7, 2))
    inputs = {"i": rng.integers(-9, 9, (2, 5)).astype(dtype)}
    inputs["i"][0, :4] = [np.iinfo(dtype).min, np.iinfo(dtype).max, -1, count]

    def model(w, i):  # type: ignore[no-untyped-def]
        hot = (i[..., None] == jnp.arange(count, dtype=dtype)).astype(np.float32)
        return hot @ w

    assert same_results(traced(model, {"w": integers(rng, count, width)}, inputs), inputs, "look-up-one-hot") == 1


def test_zeros_of_both_signs_stay_apart_when_merged() -> None:
    weights = {"w": np.ones((1, 1), np.float32), "v": np.ones((1, 1), np.float32) * 2}
    weights |= {"p": np.zeros(1, np.float32), "q": -np.zeros(1, np.float32)}
    inputs = {"x": np.array([[-0.0], [1.0]], np.float32)}

    def model(w, v, p, q, x):  # type: ignore[no-untyped-def]
        return (x @ w) * p, (x @ v) * q

    assert same_results(traced(model, weights, inputs), inputs, "merge-matmuls") == 1


@given(SEEDS)
@settings(few, max_examples=8)
def test_moved_epilogues(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heads, width, other = (int(v) for v in rng.integers(1, 4, 3))
    weights = {
        "w": integers(rng, 3, heads * width),
        "b": integers(rng, heads * width, odd=True),
        "u": integers(rng, 3, heads * width),
        "v": integers(rng, 3, other),
        "s": integers(rng, 5, heads * width + other, odd=True),
    }
    inputs = {"x": integers(rng, 5, 3, odd=True)}
    swap = bool(rng.integers(2))

    def model(w, b, u, v, s, x):  # type: ignore[no-untyped-def]
        y = (b - x @ w if swap else x @ w + b).reshape(5, heads, width)
        joined = jnp.concatenate([x @ u, x @ v], 1)
        return (lax.neg(y) * 2).transpose(1, 0, 2), jnp.abs(s - joined if swap else joined * s)

    assert same_results(traced(model, weights, inputs), inputs, "inline-calls", "fuse-epilogue") >= 2


def test_merged_products_may_be_reshaped_to_different_ranks() -> None:
    rng = np.random.default_rng(0)
    weights = {name: rng.integers(-9, 9, shape).astype(np.float32) for name, shape in (("v", (3, 8)), ("w", (3, 4)))}
    inputs = {"x": rng.integers(-9, 9, (2, 3)).astype(np.float32)}

    def model(v, w, x):  # type: ignore[no-untyped-def]
        return (x @ v).reshape(2, 2, 2, 2), (x @ w).reshape(2, 2, 2)

    assert same_results(traced(model, weights, inputs), inputs, "merge-matmuls") == 1
