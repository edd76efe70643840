"""Programs whose contractions become generated kernels, against JAX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import lax
from webtensorc_runtime import cpu

import webtensorc

pytestmark = pytest.mark.slow

Array = Any


def conv(x: Array, w: Array, *, strides: tuple[int, int] = (1, 1), padding: Any = "SAME", **more: Any) -> Array:
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=numbers, precision="highest", **more)


def bias_and_relu(x: Array, w: Array, b: Array) -> Array:
    return jax.nn.relu(conv(x, w) + b)


def residual(x: Array, w: Array, b: Array) -> Array:
    y = jax.nn.relu(conv(x, w) + b)
    return jax.nn.relu(conv(y, jnp.flip(w, 0)) * 2 + x + b)


def hard_swish(x: Array, w: Array, b: Array) -> Array:
    y = conv(x, w, strides=(2, 2), padding=[(0, 1), (2, 0)]) + b
    return y * jnp.clip(y + 3, 0, 6) / 6


def used_twice(x: Array, w: Array, b: Array) -> Array:
    y = conv(x, w) + b
    return jnp.tanh(y), jnp.sum(y, axis=(1, 2)), y


def first_channels_last(x: Array, w: Array, b: Array) -> Array:
    return jnp.transpose(jax.nn.silu(conv(x, w, rhs_dilation=(2, 1)) + b), (0, 3, 1, 2))


def several_images(x: Array, w: Array, b: Array) -> Array:
    return conv(jnp.concatenate([x, 2 * x, -x]), w, padding="VALID") - b


def scaled_by_pixel(x: Array, w: Array, b: Array) -> Array:
    return conv(x, w) * x[..., :1] + b


def product_with_gelu(x: Array, w: Array, b: Array) -> Array:
    return jax.nn.gelu(x.reshape(-1, x.shape[-1]) @ w[0, 0] + b, approximate=False).reshape(x.shape)


def grouped(x: Array, w: Array, b: Array) -> Array:
    groups = 4 if x.shape[-1] % 4 == 0 else 1
    return conv(x, w[:, :, : x.shape[-1] // groups], feature_group_count=groups, padding=[(1, 1), (0, 2)]) + b


def depthwise(x: Array, w: Array, b: Array) -> Array:
    channels = x.shape[-1]
    return jax.nn.relu(conv(x, w[:, :, :1], feature_group_count=channels, strides=(2, 1)) + b) @ w[0, 0]


def two_for_each_channel(x: Array, w: Array, b: Array) -> Array:
    channels = x.shape[-1]
    twice = w[:, :, :2].swapaxes(2, 3).reshape(*w.shape[:2], 1, 2 * channels)
    return conv(x, twice, feature_group_count=channels, padding=[(1, 0), (0, 2)]) * jnp.concatenate([b, b])


def pooled(x: Array, w: Array, b: Array) -> Array:
    pads = ((0, 0), (1, 0), (1, 1), (0, 0))
    largest = lax.reduce_window(x, -np.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), pads)
    total = lax.reduce_window(x, 0.0, lax.add, (1, 2, 3, 1), (1, 1, 1, 1), pads, window_dilation=(1, 2, 1, 1))
    return largest * w[0, 0, 0] + b, total / 6


def every_other_pixel(x: Array, w: Array, b: Array) -> Array:
    return x[:, ::2, ::3].reshape(-1, x.shape[-1]) @ w[1, 1] + b


def one_dimensional(x: Array, w: Array, b: Array) -> Array:
    channels = x.shape[-1]
    line, numbers = x[0], ("NWC", "WIO", "NWC")
    plain = lax.conv_general_dilated(line, w[0], (2,), [(1, 0)], dimension_numbers=numbers, precision="highest")
    deep = lax.conv_general_dilated(
        jnp.tanh(line),
        w[1, :, :1],
        (1,),
        "SAME",
        dimension_numbers=numbers,
        feature_group_count=channels,
        precision="highest",
    )
    largest = lax.reduce_window(line, -np.inf, lax.max, (1, 3, 1), (1, 2, 1), ((0, 0), (1, 1), (0, 0)))
    return jax.nn.relu(plain + b), deep * b, largest + b


def volume(x: Array, w: Array, b: Array) -> Array:
    channels, numbers = x.shape[-1], ("NDHWC", "DHWIO", "NDHWC")
    planes = jnp.stack([x, 2 * x, -x], 1)
    pads = [(1, 0), (1, 1), (0, 2)]
    plain = lax.conv_general_dilated(planes, jnp.stack([w, -w]), (1, 2, 1), pads, dimension_numbers=numbers)
    groups = 4 if channels % 4 == 0 else 1
    apart = jnp.stack([w, -w])[..., : channels // groups, :]
    grouped = lax.conv_general_dilated(
        planes, apart, (2, 1, 1), pads, dimension_numbers=numbers, feature_group_count=groups
    )
    around = ((0, 0), *pads, (0, 0))
    largest = lax.reduce_window(planes, -np.inf, lax.max, (1, 2, 3, 3, 1), (1, 1, 2, 2, 1), around)
    return jax.nn.relu(plain + b), grouped * b, largest + b


def column(x: Array, w: Array, b: Array) -> Array:
    return conv(x[:, :, :1], w[:, :1], padding=[(0, 2), (0, 0)]) + b


def few_rows(x: Array, w: Array, b: Array) -> Array:
    return jnp.tanh(x[0, 0, 0] @ w[0, 1] + b), x[0, 1, :3] @ w[0, 2] * b


def several_products(x: Array, w: Array, b: Array) -> Array:
    return jax.nn.relu(jnp.einsum("nck,nkd->ncd", x[0].swapaxes(1, 2), x[0])) @ w[1, 0] + b


def looped(x: Array, w: Array, b: Array) -> Array:
    def step(state: Array, row: Array) -> tuple[Array, Array]:
        state = jnp.tanh(state @ w[0, 0] + row + b)
        return state, state

    return lax.scan(step, jnp.zeros_like(x[0, :, 0]), x[0].swapaxes(0, 1))


def concatenated(x: Array, w: Array, b: Array) -> Array:
    left, right = jax.nn.relu(conv(x, w) + b), conv(x, w[1:2, 1:2]) - b
    largest = lax.reduce_window(x, -np.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    return jnp.concatenate([left, right, x, largest], axis=3), jnp.concatenate([right, right * b], axis=3)


def residual_from_a_part(x: Array, w: Array, b: Array) -> Array:
    wide = jnp.tanh(jnp.concatenate([x, x * b, x], axis=3))
    return jax.nn.relu(conv(x, w) + wide[..., x.shape[-1] : 2 * x.shape[-1]])


PROGRAMS = {
    bias_and_relu: 1,
    residual: 2,
    hard_swish: 1,
    used_twice: 1,
    first_channels_last: 1,
    several_images: 1,
    scaled_by_pixel: 1,
    product_with_gelu: 1,
    grouped: 1,
    depthwise: 2,
    two_for_each_channel: 1,
    pooled: 2,
    volume: 3,
    concatenated: 3,
    residual_from_a_part: 1,
    every_other_pixel: 1,
    one_dimensional: 3,
    column: 1,
    few_rows: 2,
    several_products: 2,
    looped: 1,
}


def compiled(program: Callable[..., Any], arguments: tuple[np.ndarray, ...], folder: Path, target: str) -> Any:
    path = folder / "model.mlir"
    path.write_text(jax.jit(program).lower(*arguments).as_text())
    return webtensorc.compile(path, targets=(target,), cache=False)


def inputs(channels: int, kernel: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    shapes = (1, 9, 11, channels), (kernel, kernel, channels, channels), (channels,)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, w / np.float32(channels * kernel), b


@pytest.mark.parametrize(("channels", "target"), [(20, "host"), (5, "x86-64-v3"), (32, "x86-64-v2")])
def test_numbers(channels: int, target: str, tmp_path: Path) -> None:
    """All programs in one model, each with weights of its own: equal convolutions would be merged."""
    x, w, b = inputs(channels, 3)
    weights = tuple(w * np.float32(1 + i) for i in range(len(PROGRAMS)))

    def every(x: Array, b: Array, *weights: Array) -> Array:
        return [program(x, w, b) for program, w in zip(PROGRAMS, weights, strict=True)]

    bundle = compiled(every, (x, b, *weights), tmp_path, target)
    steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
    assert sum(name.startswith(("conv", "depthwise", "matmul", "pool")) for name in steps) == sum(PROGRAMS.values())
    results = iter(webtensorc_runtime.load(bundle)(x, b, *weights))
    for program, expected in zip(PROGRAMS, jax.jit(every)(x, b, *weights), strict=True):
        for theirs in jax.tree.leaves(expected):
            np.testing.assert_allclose(next(results), theirs, rtol=2e-5, atol=1e-4, err_msg=program.__name__)


def quantised(x: Array, scale: float, zero: int) -> Array:
    return jnp.clip(jnp.round(x / jnp.float32(scale)) + zero, 0, 255).astype(jnp.int32).astype(jnp.uint8)


def signed(x: Array) -> Array:
    return lax.bitcast_convert_type(x, jnp.int8) ^ jnp.int8(-128)


def integers(x: Array, w: Array, scales: Array, sums: Array) -> Array:
    """Unsigned bytes flipped and padded, a residual that is dequantised, and signed bytes as they are."""
    numbers: Any = {"dimension_numbers": ("NHWC", "HWIO", "NHWC"), "preferred_element_type": jnp.int32}
    padded = lax.pad(signed(x), jnp.int8(-5), ((0, 0, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0)))
    first = quantised((lax.conv_general_dilated(padded, w, (1, 1), "VALID", **numbers) - sums) * scales, 0.07, 7)
    product = lax.dot_general(signed(first), w[0, 0], (((3,), (0,)), ((), ())), preferred_element_type=jnp.int32)
    total = product * scales + (first.astype(jnp.int32) - 7).astype(jnp.float32) * 0.01
    second = quantised(jax.nn.relu(total), 0.02, 0)
    return (
        first,
        second,
        lax.conv_general_dilated(lax.bitcast_convert_type(second, jnp.int8), w, (2, 1), "VALID", **numbers),
    )


@pytest.mark.parametrize("channels", [3, 20, 64])
def test_integers(channels: int, tmp_path: Path) -> None:
    if "avx512vnni" not in cpu.features() and "avxvnni" not in cpu.features():
        pytest.skip("this processor has no instruction for products of bytes")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (1, 9, 11, channels), np.uint8)
    w = rng.integers(-128, 128, (3, 3, channels, channels), np.int8)
    scales = rng.random(channels, np.float32) / np.float32(1000)
    arguments = x, w, scales, rng.integers(-99, 99, channels, np.int32)
    bundle = compiled(integers, arguments, tmp_path, "host")
    kernels = bundle.artifacts[0].report["kernels"]
    assert len([name for name in kernels if name.endswith("_i8")]) == (3 if channels > 3 else 0)
    first, second, third = webtensorc_runtime.load(bundle)(*arguments)
    expected = [np.asarray(each) for each in jax.jit(integers)(*arguments)]
    for ours, theirs in ((first, expected[0]), (second, expected[1])):
        apart = np.abs(ours.astype(int) - theirs.astype(int))
        assert apart.max() <= 1 and (apart > 0).mean() < 0.01 and 0 < theirs.mean() < 255
    again = lax.conv_general_dilated(
        second.view(np.int8),
        w,
        (2, 1),
        "VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        preferred_element_type=np.int32,
    )
    np.testing.assert_array_equal(third, again)


def test_nan_and_infinity_arrive_where_they_should(tmp_path: Path) -> None:
    x, w, b = inputs(8, 3)
    x[0, 4, 5, 2], x[0, 0, 0, 0], x[0, 8, 10, 7] = np.nan, np.inf, -np.inf
    (ours,) = webtensorc_runtime.load(compiled(bias_and_relu, (x, w, b), tmp_path, "host"))(x, w, b)
    theirs = np.asarray(jax.jit(bias_and_relu)(x, w, b))
    assert np.isnan(theirs).sum() == 9 * 8
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(theirs))


@pytest.mark.parametrize(("growth", "panels"), [(0, 0), (1, 1), (10, 2)])
def test_weights_are_transformed_at_load_as_far_as_they_may_grow(growth: float, panels: int, tmp_path: Path) -> None:
    """Of two weights, one of them used twice: for tiles of 2x2 either becomes 16/9 as large, for 4x4 four times."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 14, 14, 64), np.float32)
    w, v = rng.standard_normal((2, 3, 3, 64, 64), np.float32) / 24

    def twice(x: Array) -> Array:
        return conv(jax.nn.relu(conv(jax.nn.relu(conv(x, w)), v)), w)

    path = tmp_path / "model.mlir"
    path.write_text(jax.jit(twice).lower(x).as_text())
    bundle = webtensorc.compile(path, cache=False, passes=(f"generate-kernels{{growth={growth}}}",))
    startup = bundle.artifacts[0].report["schedule"]["startup"]
    assert sum(step["name"].startswith("winograd_weights") for step in startup) == panels
    (found,) = webtensorc_runtime.load(bundle)(x)
    np.testing.assert_allclose(found, jax.jit(twice)(x), rtol=2e-5, atol=1e-4)


def test_the_pass_can_be_left_out(tmp_path: Path) -> None:
    arguments = inputs(4, 1)
    path = tmp_path / "model.mlir"
    path.write_text(jax.jit(bias_and_relu).lower(*arguments).as_text())
    bundle = webtensorc.compile(path, cache=False, disabled_passes=("generate-kernels",))
    assert "kernels" not in bundle.artifacts[0].report


def test_kernels_of_constants_alone(tmp_path: Path) -> None:
    """The native compiler computes them ahead of time, with kernels that have their code."""
    path = tmp_path / "model.mlir"
    path.write_text("""
      func.func @main(%x: tensor<32x32xf32>) -> tensor<32x32xf32> {
        %zero = stablehlo.constant dense<0> : tensor<i32>
        %one = stablehlo.constant dense<1> : tensor<i32>
        %three = stablehlo.constant dense<3> : tensor<i32>
        %rows = stablehlo.iota dim = 0 : tensor<32x32xf32>
        %scale = stablehlo.constant dense<0.03125> : tensor<32x32xf32>
        %start = stablehlo.multiply %rows, %scale : tensor<32x32xf32>
        %0:2 = stablehlo.while(%i = %zero, %m = %start) : tensor<i32>, tensor<32x32xf32>
         cond {
          %more = stablehlo.compare LT, %i, %three : (tensor<i32>, tensor<i32>) -> tensor<i1>
          stablehlo.return %more : tensor<i1>
        } do {
          %next = stablehlo.add %i, %one : tensor<i32>
          %p = stablehlo.dot_general %m, %scale, contracting_dims = [1] x [0]
            : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
          stablehlo.return %next, %p : tensor<i32>, tensor<32x32xf32>
        }
        %y = stablehlo.add %x, %0#1 : tensor<32x32xf32>
        return %y : tensor<32x32xf32>
      }""")
    x = np.random.default_rng(0).standard_normal((32, 32)).astype(np.float32)
    (found,) = webtensorc_runtime.load(webtensorc.compile(path, cache=False))(x)
    np.testing.assert_allclose(found, x + np.arange(32, dtype=np.float32)[:, None] / 32, rtol=1e-6)
