"""SPIR-V: kernels that are valid and real models on a Vulkan device, where there is one (Mesa's lavapipe will do)."""

from __future__ import annotations

from pathlib import Path

import inspection
import jax
import jax.numpy as jnp
import kernels
import numpy as np
import pytest
import target_models
import webtensorc_runtime
from jax import export, lax
from webtensorc_runtime import IncompatibleMachineError, accelerators, engine
from webtensorc_runtime.dtypes import numpy_dtype

import webtensorc
from webtensorc.artifact import Bundle
from webtensorc.compare import compare
from webtensorc.registry import make_target


def missing() -> str | None:
    try:
        accelerators.devices(engine.native(), "vulkan")
    except accelerators.UnavailableError as error:
        return f"no Vulkan device ({error}): apt-get install libvulkan1 mesa-vulkan-drivers"
    return None


needs_vulkan = pytest.mark.skipif(bool(missing()), reason=missing() or "")
FUNCTIONS = """
func.func @main(%x: tensor<8xf64>) -> (tensor<8xf64>, tensor<8xf64>) {
  %0 = stablehlo.exponential %x : tensor<8xf64>
  %1 = stablehlo.log %x : tensor<8xf64>
  return %0, %1 : tensor<8xf64>, tensor<8xf64>
}
"""
COUNTS = """
func.func @main(%a: tensor<5xi64>, %b: tensor<5xi16>) -> (tensor<5xi64>, tensor<5xi64>, tensor<5xi16>, tensor<5xi16>) {
  %0 = stablehlo.count_leading_zeros %a : tensor<5xi64>
  %1 = stablehlo.popcnt %a : tensor<5xi64>
  %2 = stablehlo.count_leading_zeros %b : tensor<5xi16>
  %3 = stablehlo.popcnt %b : tensor<5xi16>
  return %0, %1, %2, %3 : tensor<5xi64>, tensor<5xi64>, tensor<5xi16>, tensor<5xi16>
}
"""
BRANCHES = """
func.func @main(%s: tensor<i64>, %x: tensor<4xf32>) -> (tensor<i1>, tensor<i64>, tensor<4xf32>) {
  %c = stablehlo.constant dense<16000> : tensor<i64>
  %0 = stablehlo.compare EQ, %s, %c : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %1 = stablehlo.add %s, %c : tensor<i64>
  %2 = "stablehlo.if"(%0) ({
    %3 = stablehlo.add %x, %x : tensor<4xf32>
    stablehlo.return %3 : tensor<4xf32>
  }, {
    %3 = stablehlo.multiply %x, %x : tensor<4xf32>
    stablehlo.return %3 : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<i1>, tensor<i64>, tensor<4xf32>
}
"""


def test_labels_give_the_target_again() -> None:
    for name in ("spirv", "spirv{gpu=rdna3}"):
        assert make_target(name).label == name


@pytest.mark.slow
@needs_vulkan
def test_single_bytes_and_branches_call_after_call(tmp_path: Path) -> None:
    """A result of one byte, which the plain baseline profile loses, decides what is computed; buffers are reused."""
    path = tmp_path / "branches.mlir"
    path.write_text(BRANCHES)
    module = webtensorc_runtime.load(webtensorc.compile(path, targets=["spirv"], cache=False), device="vulkan")
    assert module.mode == "device"
    x = np.arange(4, dtype=np.float32)
    for s in (16000, 16000, 8000, 16000, 1 << 40):
        is_equal, total, y = module(np.asarray(s), x)
        assert (bool(is_equal), int(total)) == (s == 16000, s + 16000)
        np.testing.assert_array_equal(y, x + x if s == 16000 else x * x)


FAMILY = """
func.func @main(%a: tensor<32x32xf16>, %b: tensor<32x32xf16>, %x: tensor<4x1024xf32>)
    -> (tensor<32x32xf32>, tensor<4xf32>) {
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0]
    : (tensor<32x32xf16>, tensor<32x32xf16>) -> tensor<32x32xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %1 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<4x1024xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<32x32xf32>, tensor<4xf32>
}
"""
"""A product for matrix units, and sums for subgroups."""


@pytest.mark.slow
@needs_vulkan
def test_code_for_other_gpus_is_passed_over(tmp_path: Path) -> None:
    """Lavapipe's subgroups are as wide as the processor's vectors, and it has no matrix units."""
    path = tmp_path / "family.mlir"
    path.write_text(FAMILY)
    bundle = webtensorc.compile(path, targets=["spirv{gpu=turing}", "spirv"], cache=False)
    turing, any_gpu = (set(each.features) for each in bundle.artifacts)
    assert {"subgroup32", "CooperativeMatrixKHR", "CooperativeMatrix16x16x16xf32xf32"} <= turing
    assert not {each for each in any_gpu if each.startswith(("subgroup", "Cooperative", "GroupNonUniform"))}
    module = webtensorc_runtime.load(bundle, device="vulkan")
    ((label, reason),) = module.rejected
    assert (module.variant, label) == ("spirv", "spirv{gpu=turing}")
    assert reason.startswith("needs ") and "subgroup32" in reason and "CooperativeMatrix" in reason
    x = np.random.default_rng(0).standard_normal((4, 1024), np.float32)
    ones = np.ones((32, 32), np.float16)
    product, total = module(ones, ones, x)
    np.testing.assert_array_equal(product, np.full((32, 32), 32, np.float32))
    np.testing.assert_allclose(total, x.sum(1), rtol=1e-4, atol=1e-4)
    with pytest.raises(IncompatibleMachineError, match="subgroup32") as caught:
        webtensorc_runtime.load(bundle, device="vulkan", variant="spirv{gpu=turing}")
    assert caught.value.exit_code == 6


@pytest.mark.slow
@needs_vulkan
def test_a_model_that_is_too_large_for_the_device(tmp_path: Path) -> None:
    """By what the driver says of its memory: a result of one GiB more than that."""
    memory = accelerators.find(engine.native(), "vulkan").memory_bytes
    if not 0 < memory <= 4 << 30:
        pytest.skip(f"the device has {memory / 2**30:.1f} GiB: kernels count results in 32 bits")
    path = tmp_path / "large.mlir"
    size = (memory + (1 << 30)) // 4
    path.write_text(f"""
      func.func @main(%x: tensor<1xf32>) -> tensor<{size}xf32> {{
        %0 = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<1xf32>) -> tensor<{size}xf32>
        return %0 : tensor<{size}xf32>
      }}""")
    bundle = webtensorc.compile(path, targets=["spirv", "host"], cache=False)
    with pytest.raises(
        IncompatibleMachineError, match=r"needs \S+ GiB of device memory, of which this GPU has"
    ) as caught:
        webtensorc_runtime.load(bundle, device="vulkan")
    assert caught.value.exit_code == 6
    with pytest.warns(webtensorc_runtime.FallbackWarning, match="of device memory"):
        assert webtensorc_runtime.load(bundle, device="vulkan", fallback=True).device == "cpu"


TYPES = {
    "f64": ("add", {"Float64"}),
    "f16": ("add", {"Float16", "StorageBuffer16BitAccess"}),
    "bf16": ("add", {"Int16", "StorageBuffer16BitAccess"}),
    "i16": ("add", {"Int16", "StorageBuffer16BitAccess"}),
    "i8": ("add", {"Int8", "StorageBuffer8BitAccess"}),
    "i64": ("divide", {"Int64"}),
    "i32": ("divide", set[str]()),
}
"""For each element type an operation, and what its kernel asks of a device beyond Vulkan 1.1."""


@pytest.mark.slow
@needs_vulkan
def test_types_are_asked_of_a_device_where_they_are_used(tmp_path: Path) -> None:
    arguments = ", ".join(f"%{name}: tensor<5x{name}>" for name in TYPES)
    kinds = ", ".join(f"tensor<5x{name}>" for name in TYPES)
    table = "stablehlo.constant dense<[3, 1, 4, 1, 5]>"
    lines = [f"%t = {table} : tensor<5xi64>", "%r_i64 = stablehlo.divide %i64, %t : tensor<5xi64>"]
    lines += [f"%r_{n} = stablehlo.{op} %{n}, %{n} : tensor<5x{n}>" for n, (op, _) in TYPES.items() if n != "i64"]
    lines += [f"return {', '.join(f'%r_{name}' for name in TYPES)} : {kinds}"]
    path = tmp_path / "types.mlir"
    path.write_text(f"func.func @main({arguments}) -> ({kinds}) {{\n" + "\n".join(lines) + "\n}")
    bundle = webtensorc.compile(path, targets=["spirv"], cache=False)
    assert set(bundle.artifacts[0].features) == {"vulkan1.1"}.union(*(needs for _, needs in TYPES.values()))
    module = webtensorc_runtime.load(bundle, device="vulkan")
    values = [np.array([1, 2, 3, 70, 11], numpy_dtype(spec.dtype)) for spec in module.inputs]
    for name, value, found in zip(TYPES, values, module(*values), strict=True):
        wanted = (
            value // np.array([3, 1, 4, 1, 5]) if name == "i64" else value // value if name == "i32" else value + value
        )
        np.testing.assert_array_equal(found.astype(np.float64), wanted.astype(np.float64), name)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize("model", ["magika", "silero", "squeezenet"])
def test_models_agree_with_onnxruntime(model: str, tmp_path: Path) -> None:
    path, shapes = target_models.MODELS[model](tmp_path)
    bundle = webtensorc.compile(path, targets=["spirv"], input_shapes=shapes, cache=False)
    feed = target_models.inputs(bundle)
    module = webtensorc_runtime.load(bundle, device="vulkan://0")
    for _ in range(2):
        for error in compare(module.run(feed), target_models.reference(path, feed), rtol=1e-4, atol=1e-6):
            assert error.passed, f"{error.name}: {error.reason}"


@pytest.mark.slow
@needs_vulkan
def test_float64_functions_are_exact_to_the_last_place(tmp_path: Path) -> None:
    """GPUs have none; ours are numpy's at both ends of the range and in between."""
    path = tmp_path / "functions.mlir"
    path.write_text(FUNCTIONS)
    module = webtensorc_runtime.load(webtensorc.compile(path, targets=["spirv"], cache=False), device="vulkan")
    usual = np.random.default_rng(0).lognormal(sigma=3, size=8)
    with np.errstate(all="ignore"):
        for x in (usual, -usual, np.array([0, 5e-324, 3e-310, 709.7, -745.1, np.inf, -np.inf, np.nan])):
            exponential, logarithm = module(x)
            np.testing.assert_allclose(exponential, np.exp(x), rtol=3e-16, atol=0)
            np.testing.assert_allclose(logarithm, np.log(x), rtol=3e-16, atol=0)


@pytest.mark.slow
@needs_vulkan
def test_bits_are_counted_in_words(tmp_path: Path) -> None:
    path = tmp_path / "counts.mlir"
    path.write_text(COUNTS)
    bundle = webtensorc.compile(path, targets=["spirv"], cache=False)
    if kernels.SPIRV_VAL:
        for each in kernels.spirv(bundle.artifacts[0].module):
            kernels.validate(each, tmp_path)
    wide, narrow = np.array([0, 1, -1, 1 << 40, (1 << 33) - 1]), np.array([0, 1, -1, 255, 256], np.int16)
    zeros, ones, narrow_zeros, narrow_ones = webtensorc_runtime.load(bundle, device="vulkan")(wide, narrow)
    np.testing.assert_array_equal(zeros, [64, 63, 0, 23, 31])
    np.testing.assert_array_equal(ones, [0, 1, 64, 1, 33])
    np.testing.assert_array_equal(narrow_zeros, [16, 15, 0, 8, 7])
    np.testing.assert_array_equal(narrow_ones, [0, 1, 16, 8, 1])


@pytest.mark.slow
@needs_vulkan
def test_results_of_open_size_come_back_from_the_device() -> None:
    """The caller cannot hand in memory for them: they lie in the device's own."""
    (n,) = export.symbolic_shape("n")
    weights = np.random.default_rng(0).standard_normal((16, 9), np.float32)
    exported = export.export(jax.jit(lambda x: (x @ weights, x[:0])), platforms=["cpu"])(
        jax.ShapeDtypeStruct((n, 16), np.float32)
    )
    module = webtensorc_runtime.load(webtensorc.compile(exported, targets=["spirv"], cache=False), device="vulkan")
    for rows in (5, 1, 40):
        x = np.random.default_rng(rows).standard_normal((rows, 16), np.float32)
        product, nothing = module(x)
        np.testing.assert_allclose(product, x @ weights, rtol=1e-4, atol=1e-4)
        assert nothing.shape == (0, 16)
        (kept, _) = module.on_device(x)
        np.testing.assert_array_equal(np.from_dlpack(kept), product)


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
    """With channels first the native compiler writes one kernel that all invocations would do the whole of."""
    assert all(each.invocations > 1 for each in map(kernels.Kernel.read, kernels.spirv(network.artifacts[0].module)))


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
