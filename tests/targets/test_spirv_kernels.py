"""SPIR-V kernels of many invocations: valid, right, tiled, and each invocation with work of its own."""

from __future__ import annotations

from pathlib import Path

import inspection
import jax
import jax.numpy as jnp
import kernels
import loops
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax
from vulkan_device import needs_vulkan

import webtensorc
from webtensorc.artifact import Bundle

NETWORK = """
func.func @main(%x: tensor<1x16x14x14xf32>, %k: tensor<32x16x3x3xf32>, %a: tensor<144x64xf32>, %b: tensor<64x96xf32>,
                %i: tensor<1x3x37x39xf32>, %l: tensor<24x3x3x3xf32>, %g: tensor<24x6x3x3xf32>)
    -> (tensor<1x32x12x12xf32>, tensor<144x96xf32>, tensor<3x20xf32>, tensor<20xf32>, tensor<1x24x16x17xf32>,
        tensor<64x97xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x16x14x14xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x12x12xf32>
  %1 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0]
    : (tensor<144x64xf32>, tensor<64x96xf32>) -> tensor<144x96xf32>
  %2 = stablehlo.slice %a [0:3, 0:20] : (tensor<144x64xf32>) -> tensor<3x20xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %3 = stablehlo.exponential %2 : tensor<3x20xf32>
  %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [0]
    : (tensor<3x20xf32>, tensor<f32>) -> tensor<20xf32>
  %5 = stablehlo.broadcast_in_dim %4, dims = [1] : (tensor<20xf32>) -> tensor<3x20xf32>
  %6 = stablehlo.divide %3, %5 : tensor<3x20xf32>
  %7 = stablehlo.slice %b [0:1, 0:20] : (tensor<64x96xf32>) -> tensor<1x20xf32>
  %8 = stablehlo.reshape %7 : (tensor<1x20xf32>) -> tensor<20xf32>
  %9 = chlo.atan %8 : tensor<20xf32> -> tensor<20xf32>
  %10 = stablehlo.convolution(%i, %l) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {stride = [2, 2]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x3x37x39xf32>, tensor<24x3x3x3xf32>) -> tensor<1x24x18x19xf32>
  %none = stablehlo.constant dense<0.0> : tensor<1x24x18x19xf32>
  %11 = stablehlo.maximum %10, %none : tensor<1x24x18x19xf32>
  %12 = stablehlo.convolution(%11, %g) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 4 : i64}
    : (tensor<1x24x18x19xf32>, tensor<24x6x3x3xf32>) -> tensor<1x24x16x17xf32>
  %13 = stablehlo.logistic %12 : tensor<1x24x16x17xf32>
  %14 = stablehlo.reshape %b : (tensor<64x96xf32>) -> tensor<6144xf32>
  %15 = stablehlo.slice %14 [0:64] : (tensor<6144xf32>) -> tensor<64xf32>
  %16 = stablehlo.slice %14 [64:161] : (tensor<6144xf32>) -> tensor<97xf32>
  %17 = stablehlo.broadcast_in_dim %15, dims = [0] : (tensor<64xf32>) -> tensor<64x97xf32>
  %18 = stablehlo.broadcast_in_dim %16, dims = [1] : (tensor<97xf32>) -> tensor<64x97xf32>
  %19 = stablehlo.add %17, %18 : tensor<64x97xf32>
  return %0, %1, %6, %9, %13, %19 : tensor<1x32x12x12xf32>, tensor<144x96xf32>, tensor<3x20xf32>, tensor<20xf32>,
    tensor<1x24x16x17xf32>, tensor<64x97xf32>
}
"""
"""A convolution with channels first, a matrix product, a softmax along the first dimension, an arc tangent; two
convolutions, one of them grouped, of sizes that no tile fits, with more done to their sums; a table of 97 columns."""


@pytest.fixture(scope="module", params=[0, 3], ids=["no passes", "passes"])
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("spirv") / "network.mlir"
    path.write_text(NETWORK)
    return webtensorc.compile(path, targets=["spirv"], optimization_level=request.param, cache=False)


@pytest.mark.slow
@needs_vulkan
def test_every_invocation_sees_what_the_others_wrote(network: Bundle) -> None:
    shapes = [spec.shape for spec in network.model.inputs]
    feed = [np.random.default_rng(i).standard_normal(shape, np.float32) for i, shape in enumerate(shapes)]
    x, k, a, b, image, first, second = feed
    power = np.exp(a[:3, :20])
    numbers = ("NCHW", "OIHW", "NCHW")
    convolved = lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=numbers)
    hidden = jax.nn.relu(lax.conv_general_dilated(image, first, (2, 2), "VALID", dimension_numbers=numbers))
    grouped = lax.conv_general_dilated(
        hidden, second, (1, 1), "VALID", dimension_numbers=numbers, feature_group_count=4
    )
    sums = (np.asarray(convolved), a @ b, power / power.sum(0), np.arctan(b[0, :20]))
    flat = b.ravel()
    table = flat[:64, None] + flat[64:161]
    expected = (*sums, np.asarray(jax.nn.sigmoid(grouped)), table)
    module = webtensorc_runtime.load(network, device="vulkan")
    for _ in range(3):
        for found, wanted in zip(module(*feed), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_kernels_of_many_invocations_know_which_they_are_and_wait_for_each_other(network: Bundle) -> None:
    binaries = kernels.spirv(network.artifacts[0].module)
    found = [kernels.Kernel.read(each) for each in binaries]
    assert len(found) >= 4
    assert not [complaint for each in binaries for complaint in inspection.complaints(each)]
    assert sum(each.invocations > 1 for each in found) >= 4
    assert any(each.shares and each.barriers for each in found)


@pytest.mark.slow
@pytest.mark.parametrize("network", [3], indirect=True)
def test_convolutions_are_many_invocations_work(network: Bundle) -> None:
    """With channels first the native compiler writes one kernel that all invocations would do the whole of.

    With channels last an invocation adds up a result number by number, in 3 * 3 * 16 rounds for the first convolution;
    as a product it does several at a time.
    """
    binaries = kernels.spirv(network.artifacts[0].module)
    assert all(each.invocations > 1 for each in map(kernels.Kernel.read, binaries))
    assert max(loops.iterations(each) or 0 for each in binaries) < 3 * 3 * 16


PRODUCTS = {
    "rows": ("ij,jk->ik", (784, 64), (64, 96)),
    "transposed": ("ij,kj->ik", (64, 48), (128, 48)),
    "batch": ("bij,bjk->bik", (3, 32, 32), (3, 32, 64)),
}
"""Products of the sizes of a tile: of 16 rows, of 64 with the second factor transposed, and one of several."""


@pytest.mark.slow
@needs_vulkan
def test_products_go_through_memory_of_the_workgroup() -> None:
    """One kernel a product, of 128 invocations that wait for the slices that they share; results are right."""

    def products(*factors: jax.Array) -> list[jax.Array]:
        pairs = zip(factors[::2], factors[1::2], strict=True)
        return [
            jnp.maximum(jnp.einsum(how, *pair), 0) for (how, _, _), pair in zip(PRODUCTS.values(), pairs, strict=True)
        ]

    shapes = [shape for _, *sides in PRODUCTS.values() for shape in sides]
    factors = [np.random.default_rng(i).standard_normal(shape, np.float32) for i, shape in enumerate(shapes)]
    bundle = webtensorc.compile(export.export(jax.jit(products))(*factors), targets=["spirv"], cache=False)
    found = [kernels.Kernel.read(each) for each in kernels.spirv(bundle.artifacts[0].module)]
    assert [(each.invocations, each.shares, each.barriers > 1) for each in found].count((128, True, True)) == 3
    module = webtensorc_runtime.load(bundle, device="vulkan")
    for name, result, expected in zip(PRODUCTS, module(*factors), products(*factors), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.slow
@needs_vulkan
def test_rows_that_no_power_of_two_divides_fill_workgroups() -> None:
    """As of 55 x 55, 27 x 27 and 13 x 13 pixels: the native compiler has 2 to 16 invocations a workgroup."""

    def products(*factors: jax.Array) -> list[jax.Array]:
        return [a @ b for a, b in zip(factors[::2], factors[1::2], strict=True)]

    shapes = [(3025, 64), (64, 16), (3025, 16), (16, 64), (729, 128), (128, 32), (169, 256), (256, 48)]
    factors = [np.random.default_rng(i).standard_normal(shape, np.float32) for i, shape in enumerate(shapes)]
    bundle = webtensorc.compile(export.export(jax.jit(products))(*factors), targets=["spirv"], cache=False)
    found = [kernels.Kernel.read(each) for each in kernels.spirv(bundle.artifacts[0].module)]
    assert len(found) == 4
    assert all(26 <= each.invocations <= 128 for each in found), [each.workgroup for each in found]
    results = webtensorc_runtime.load(bundle, device="vulkan")(*factors)
    for result, expected in zip(results, products(*factors), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_an_invocation_keeps_no_whole_tile_to_itself() -> None:
    """A layer normalisation of BERT's width, for which a driver refused to build the pipeline."""

    def normalise(x: jax.Array) -> jax.Array:
        apart = x - x.mean(-1, keepdims=True)
        return apart * lax.rsqrt((apart * apart).mean(-1, keepdims=True) + 1e-5)

    exported = export.export(jax.jit(normalise), platforms=["cpu"])(jax.ShapeDtypeStruct((128, 768), np.float32))
    bundle = webtensorc.compile(exported, targets=["spirv"], cache=False)
    found = [kernels.Kernel.read(each) for each in kernels.spirv(bundle.artifacts[0].module)]
    assert found
    assert max(each.largest_array for each in found) <= 1024


@pytest.mark.slow
@pytest.mark.skipif(kernels.SPIRV_VAL is None, reason="no spirv-val: apt-get install spirv-tools")
def test_kernels_are_valid(network: Bundle, tmp_path: Path) -> None:
    found = kernels.spirv(network.artifacts[0].module)
    assert len(found) >= 4
    for each in found:
        kernels.validate(each, tmp_path)
