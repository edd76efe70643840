"""What a model asks of a Vulkan device: types, memory, a family of GPUs."""

from __future__ import annotations

from pathlib import Path

import kernels
import numpy as np
import pytest
import webtensorc_runtime
from vulkan_device import needs_vulkan
from webtensorc_runtime import IncompatibleMachineError, accelerators, engine
from webtensorc_runtime.dtypes import numpy_dtype

import webtensorc

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
    assert {"subgroup32", "CooperativeMatrixKHR", "CooperativeMatrix16x16x16xf32xf32", "vulkan1.3"} <= turing
    assert not {each for each in any_gpu if each.startswith(("subgroup", "Cooperative", "GroupNonUniform"))}
    assert not any_gpu & {"vulkan1.2", "vulkan1.3"}
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
@pytest.mark.skipif(kernels.SPIRV_VAL is None, reason="no spirv-val: apt-get install spirv-tools")
@pytest.mark.parametrize("gpu", ["adreno", "pascal", "rdna2", "cdna3"])
def test_code_for_a_family_is_valid(gpu: str, tmp_path: Path) -> None:
    """It had decorations, and variables of entry points, that its version of SPIR-V does not have."""
    path = tmp_path / "family.mlir"
    path.write_text(FAMILY)
    bundle = webtensorc.compile(path, targets=[f"spirv{{gpu={gpu}}}"], cache=False)
    kernels.check_all(bundle, tmp_path)


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
@pytest.mark.parametrize("shape", [(3, 70000), (3, 300, 300)])
def test_loops_that_a_driver_would_end_too_early(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """One long loop, and one in another; without passes each sum is one invocation's. Lavapipe's were 65535."""
    tensor = "x".join(map(str, shape))
    path = tmp_path / "sums.mlir"
    path.write_text(f"""
      func.func @main(%x: tensor<{tensor}xf32>) -> tensor<3xf32> {{
        %zero = stablehlo.constant dense<0.0> : tensor<f32>
        %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = {[*range(1, len(shape))]}
          : (tensor<{tensor}xf32>, tensor<f32>) -> tensor<3xf32>
        return %0 : tensor<3xf32>
      }}""")
    without = webtensorc.compile(path, targets=["spirv"], optimization_level=0, cache=False)
    assert "LongLoops" in without.artifacts[0].features
    with pytest.raises(IncompatibleMachineError, match="spirv needs LongLoops"):
        webtensorc_runtime.load(without, device="vulkan")
    bundle = webtensorc.compile(path, targets=["spirv"], cache=False)
    assert "LongLoops" not in bundle.artifacts[0].features
    (found,) = webtensorc_runtime.load(bundle, device="vulkan")(np.ones(shape, np.float32))
    np.testing.assert_array_equal(found, np.full(3, np.prod(shape[1:]), np.float32))
