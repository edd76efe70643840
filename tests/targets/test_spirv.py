"""SPIR-V: models on a Vulkan device, where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import kernels
import numpy as np
import pytest
import target_models
import webtensorc_runtime
from inspection import complaints
from jax import export
from vulkan_device import needs_vulkan

import webtensorc
from webtensorc.compare import compare
from webtensorc.registry import make_target

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


@pytest.mark.slow
@needs_vulkan
def test_each_of_several_tensors_of_open_size_is_read() -> None:
    """Whether they are stacked, joined along what is open, or looked up by what a condition says."""

    def joined(x: jax.Array, y: jax.Array, z: jax.Array) -> Sequence[jax.Array]:
        return (
            jnp.stack([x, y]),
            jnp.stack([x, y, x + y], axis=1),
            jnp.concatenate([x, y, z, x]),
            jnp.where(x[:, :1] > 0, x, y),
        )

    n, m = export.symbolic_shape("n, m")
    exported = export.export(jax.jit(joined), platforms=["cpu"])(
        *(jax.ShapeDtypeStruct((rows, 128), np.float32) for rows in (n, n, m))
    )
    bundle = webtensorc.compile(exported, targets=["spirv"], cache=False)
    assert not [complaint for each in kernels.spirv(bundle.artifacts[0].module) for complaint in complaints(each)]
    module = webtensorc_runtime.load(bundle, device="vulkan")
    for sizes in ((3, 3, 5), (1, 1, 1), (40, 40, 2)):
        given = [np.random.default_rng(i).standard_normal((rows, 128), np.float32) for i, rows in enumerate(sizes)]
        for found, wanted in zip(module(*given), joined(*given), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)
