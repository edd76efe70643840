"""SPIR-V kernels that drawn graphs found to be wrong."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax
from vulkan_device import needs_vulkan

import webtensorc


def run(function: Callable[..., jax.Array], *given: np.ndarray) -> np.ndarray:
    """What a function compiled for Vulkan computes."""
    shapes = [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in given]
    bundle = webtensorc.compile(export.export(jax.jit(function), platforms=["cpu"])(*shapes), ["spirv"], cache=False)
    (found,) = webtensorc_runtime.load(bundle, device="vulkan")(*given)
    return np.asarray(found)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize(
    ("image", "kernel", "strides", "groups"),
    [
        ((1, 4, 4, 4), (1, 1, 2, 4), (1, 1), 2),
        ((2, 12, 12, 20), (3, 3, 5, 8), (3, 3), 4),
        ((1, 23, 7, 9), (2, 1, 3, 210), (1, 2), 3),
        ((3, 5, 5, 14), (3, 3, 2, 7), (2, 2), 7),
    ],
)
def test_grouped_convolutions_with_the_channels_last(
    image: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, int], groups: int
) -> None:
    """One invocation filled a result with zeros while another added it up."""
    random = np.random.default_rng(0)
    x, w = (random.standard_normal(shape, np.float32) for shape in (image, kernel))

    def convolve(x: jax.Array, w: jax.Array) -> jax.Array:
        layout = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, w, strides, "VALID", feature_group_count=groups, dimension_numbers=layout)

    np.testing.assert_allclose(run(convolve, x, w), convolve(x, w), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@pytest.mark.parametrize(("rows", "depth", "columns"), [(60, 64, 48), (64, 64, 64), (60, 64, 47)])
def test_products_of_signed_integers(dtype: type, rows: int, depth: int, columns: int) -> None:
    """Bytes that are loaded in words lost their signs."""
    random = np.random.default_rng(0)
    a, b = (random.integers(-128, 128, shape).astype(dtype) for shape in ((rows, depth), (depth, columns)))
    found = run(lambda a, b: jnp.matmul(a, b, preferred_element_type=jnp.int32), a, b)
    np.testing.assert_array_equal(found, a.astype(np.int32) @ b.astype(np.int32))


@pytest.mark.slow
@needs_vulkan
def test_signed_bytes_as_floats() -> None:
    x = np.arange(-128, 128, dtype=np.int8).reshape(16, 16)
    np.testing.assert_array_equal(run(lambda x: x.astype(jnp.float32) * 2, x), x.astype(np.float32) * 2)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize("shape", [(33, 33, 128), (64, 33, 64), (65, 65, 65)])
def test_softmax_of_products_of_halves(shape: tuple[int, int, int]) -> None:
    """Rows of widened halves did not fit into the memory of a workgroup, and were not compiled."""
    m, k, n = shape
    random = np.random.default_rng(0)
    a, b, bias = ((random.standard_normal(each) / 4).astype(np.float16) for each in ((m, k), (k, n), (n,)))
    found = run(lambda a, b, bias: jax.nn.softmax(a @ b + bias), a, b, bias)
    np.testing.assert_allclose(found, jax.nn.softmax(a.astype(np.float32) @ b + bias), atol=4e-3)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize(("shape", "axis"), [((17, 256), 0), ((2, 5, 8, 8), 1)])
def test_softmax_along_another_axis_than_the_last(shape: tuple[int, ...], axis: int) -> None:
    """Every invocation computed all columns of its workgroup, unrolled: drivers took minutes to compile that."""
    x = np.random.default_rng(0).standard_normal(shape, np.float32)

    def softmax(x: jax.Array) -> jax.Array:
        return jax.nn.softmax(x, axis)

    exported = export.export(jax.jit(softmax), platforms=["cpu"])(jax.ShapeDtypeStruct(shape, x.dtype))
    bundle = webtensorc.compile(exported, ["spirv"], cache=False)
    assert len(bundle.artifacts[0].module) < 40_000  # one was 226 KB
    (found,) = webtensorc_runtime.load(bundle, device="vulkan")(x)
    np.testing.assert_allclose(found, softmax(x), rtol=1e-5, atol=1e-6)
