"""Dequantised operands are contracted as integers: judged by the StableHLO interpreter, to the bit.

Scales are powers of two, so that the float model is exact too.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from graph_models import Arrays, rewritten, traced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax

from webtensorc import portable
from webtensorc.frontends.onnx.operators.conv import conv_transpose
from webtensorc.model import Model
from webtensorc.reference import run_interpreter

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**32 - 1)
NARROW = st.sampled_from([np.int8, np.uint8])
ANY = st.sampled_from([np.int8, np.uint8, np.int16, np.uint16])


def narrow(rng: np.random.Generator, dtype: type, *shape: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def scales(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.exp2(rng.integers(-3, 4, shape)).astype(np.float32)


def zeros(rng: np.random.Generator, dtype: type, *shape: int) -> np.ndarray:
    """Zero points: any, or in half of the cases the one that needs no correction."""
    middle = np.full(shape, {np.uint8: 128, np.uint16: 2**15}.get(dtype, 0))
    return middle if rng.integers(2) else narrow(rng, dtype, *shape).astype(np.int32)


def dequantised(q: jax.Array, zero: np.ndarray, scale: np.ndarray) -> jax.Array:
    return (q.astype(np.int32) - zero.astype(np.int32)).astype(np.float32) * scale


def check(model: Callable[..., Any], weights: Arrays, inputs: Arrays) -> str:
    """One contraction is made integer, none is left in floats, the result is the same; the new graph is returned."""
    before = traced(model, weights, inputs)
    after, changes = rewritten(before, "integer-contractions")
    assert changes == 1
    text = portable.to_text(after.graph)
    kinds = re.findall(r'"stablehlo\.(?:dot_general|convolution)".*-> tensor<([^>]*)>', text)
    assert kinds and all(kind.endswith("i32") for kind in kinds)
    (wanted,), (got,) = (run_interpreter(each, inputs).values() for each in (before, widened(after)))
    # Sums of 16-bit integers are rounded to float32, once for each pair of halves.
    wide = any(each.dtype.itemsize == 2 for each in (weights | inputs).values())
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max() if wide else 0)
    return text


def widened(model: Model) -> Model:
    """The same with int32 operands of convolutions: the interpreter multiplies in the operands' type, not the result's.

    StableHLO, "convolution": the product is a `dot_general` of the windows, which has the type of the result.
    """
    operation = r'%(\w+) = ("stablehlo.convolution")\((%\w+), (%\w+)\)(.*) : \(tensor<(\S+)xi8>, tensor<(\S+)xi8>\)'
    converted = r"""%l\1 = "stablehlo.convert"(\3) : (tensor<\6xi8>) -> tensor<\6xi32>
    %r\1 = "stablehlo.convert"(\4) : (tensor<\7xi8>) -> tensor<\7xi32>
    %\1 = \2(%l\1, %r\1)\5 : (tensor<\6xi32>, tensor<\7xi32>)"""
    text = re.sub(operation, converted, portable.to_text(model.graph))
    return dataclasses.replace(model, graph=portable.from_text(text))


@given(SEEDS, ANY, ANY, st.booleans())
@settings(few, max_examples=12)
def test_products(seed: int, left: type, right: type, is_weight: bool) -> None:
    rng = np.random.default_rng(seed)
    batch, m, k, n = (int(v) for v in rng.integers(1, 5, 4))
    a, b = {"a": narrow(rng, left, batch, m, k)}, {"b": narrow(rng, right, k, batch, n)}
    x, y = zeros(rng, left), zeros(rng, right, n)
    s, t = scales(rng), scales(rng, batch, n)

    def model(b: jax.Array, a: jax.Array) -> jax.Array:
        numbers = (((2,), (0,)), ((0,), (1,)))
        return lax.dot_general(dequantised(a, x, s), dequantised(b, y, t), numbers)

    weights, inputs = (b, a) if is_weight else ({}, b | a)
    check(model, weights, inputs)


@given(SEEDS, ANY, NARROW, st.sampled_from(["plain", "grouped", "depthwise"]), st.booleans())
@settings(few, max_examples=16)
def test_convolutions(seed: int, left: type, right: type, kind: str, is_weight: bool) -> None:
    rng = np.random.default_rng(seed)
    groups, width, outputs = {"plain": (1, 3, 4), "grouped": (2, 2, 4), "depthwise": (3, 1, 6)}[kind]
    image = {"image": narrow(rng, left, 2, groups * width, 5, 4)}
    kernel = {"kernel": narrow(rng, right, outputs, width, 3, 2)}
    x, y = zeros(rng, left), zeros(rng, right, outputs, 1, 1, 1)
    s, t = scales(rng), scales(rng, outputs, 1, 1, 1)
    strides, base, spread = (tuple(int(v) for v in rng.integers(1, 3, 2)) for _ in range(3))
    pads = [(int(a), int(b)) for a, b in rng.integers(0, 3, (2, 2))]

    def model(kernel: jax.Array, image: jax.Array) -> jax.Array:
        operands = dequantised(image, x, s), dequantised(kernel, y, t)
        return lax.conv_general_dilated(*operands, strides, pads, base, spread, feature_group_count=groups)

    weights, inputs = (kernel, image) if is_weight else ({}, kernel | image)
    check(model, weights, inputs)


@given(SEEDS, ANY, NARROW, st.booleans(), st.booleans())
@settings(few, max_examples=12)
def test_transposed_convolutions(seed: int, left: type, right: type, is_grouped: bool, is_per_channel: bool) -> None:
    """Their kernels are turned around, and those of groups put in another order."""
    rng = np.random.default_rng(seed)
    groups, outputs = (2, 3) if is_grouped else (1, 4)
    image = {"image": narrow(rng, left, 2, 4, 3, 5)}
    kernel = {"kernel": narrow(rng, right, 4, outputs, 3, 2)}
    x, s = zeros(rng, left), scales(rng)
    shape = (1, outputs, 1, 1) if is_per_channel else (1, 1, 1, 1)
    y, t = np.full(shape, zeros(rng, right)), scales(rng, *shape)
    strides = tuple(int(v) for v in rng.integers(1, 4, 2))

    def model(kernel: jax.Array, image: jax.Array) -> jax.Array:
        operands = dequantised(image, x, s), dequantised(kernel, y, t)
        return conv_transpose(*operands, group=groups, strides=strides, pads=(0, 1, 1, 0))

    check(model, kernel, image)


def test_what_lies_between_a_scale_and_its_product_moves_along() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = {"w": narrow(rng, np.uint8, 3, 8)}, {"x": narrow(rng, np.int8, 2, 2, 4)}
    zero, scale = np.array([[3], [200], [128]]), np.array([[1], [2], [0.5]], np.float32)

    def model(w: jax.Array, x: jax.Array) -> jax.Array:
        return dequantised(x, np.array(7), np.float32(2)).reshape(2, 8) @ dequantised(w, zero, scale).T

    check(model, weights, inputs)


def test_half_precision_is_scaled_in_single() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = {"w": narrow(rng, np.int8, 8, 4)}, {"x": narrow(rng, np.int8, 2, 8)}

    def model(w: jax.Array, x: jax.Array) -> jax.Array:
        left, right = (dequantised(v, np.array(0), np.float32(2**-9)).astype(np.float16) for v in (x, w))
        return lax.dot(left, right, preferred_element_type=np.float32).astype(np.float16)

    check(model, weights, inputs)


def weight_only(w: jax.Array, x: jax.Array) -> jax.Array:
    return x @ dequantised(w, np.array(1), np.float32(2))


def scaled_along_the_sum(w: jax.Array, x: jax.Array) -> jax.Array:
    return dequantised(x.astype(np.int8), np.array(1), np.float32(2)) @ dequantised(
        w, np.array(1), np.arange(1, 5, dtype=np.float32)[:, None]
    )


def thirty_two_bits(w: jax.Array, x: jax.Array) -> jax.Array:
    return dequantised(x.astype(np.int32), np.array(1), np.float32(2)) @ dequantised(w, np.array(1), np.float32(2))


def wide_sums(w: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.matmul(x.astype(np.int16).astype(np.int32) - 1, w.astype(np.int32))


def fractional_zero(w: jax.Array, x: jax.Array) -> jax.Array:
    left, right = (v.astype(np.int8).astype(np.float32) - np.float32(0.5) for v in (x, w))
    return (left * np.float32(2)) @ (right * np.float32(2))


def scaled_while_running(w: jax.Array, x: jax.Array) -> jax.Array:
    return dequantised(x.astype(np.int8), np.array(1), x[0, 0]) @ dequantised(w, np.array(1), np.float32(2))


@pytest.mark.parametrize(
    "model", [weight_only, scaled_along_the_sum, thirty_two_bits, wide_sums, fractional_zero, scaled_while_running]
)
def test_what_is_no_integer_product_stays_as_it_is(model: Callable[..., Any]) -> None:
    weights, inputs = {"w": np.ones((4, 3), np.int8)}, {"x": np.ones((2, 4), np.float32)}
    assert rewritten(traced(model, weights, inputs), "integer-contractions")[1] == 0


def test_centred_integers_without_a_scale_are_narrowed_too() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = {"w": narrow(rng, np.int8, 8, 4)}, {"x": narrow(rng, np.uint8, 2, 8)}

    def model(w: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.matmul(x.astype(np.int32) - 100, w.astype(np.int32))

    text = check(model, weights, inputs)
    assert re.search(r'dot_general".*tensor<2x8xi8>, tensor<8x4xi8>', text)
