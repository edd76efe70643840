"""Processors and GPUs in one bundle: the loader takes what fits and says why the others do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import target_models
import webtensorc_runtime
from onnx import TensorProto, helper, numpy_helper
from webtensorc_runtime import IncompatibleMachineError, cpu

import webtensorc

LABELS = ("x86-64-v3", "x86-64-v4", "aarch64", "spirv", "cuda")


@pytest.mark.slow
@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="runs the x86-64 variants")
def test_one_bundle_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.mlir"
    path.write_text(target_models.CONTRACTIONS)
    webtensorc.compile(path, targets=LABELS, cache=False).save(tmp_path / "model.wtb")
    monkeypatch.setenv(cpu.MASK, "avx512f")
    module = webtensorc_runtime.load(tmp_path / "model.wtb")
    assert module.variant == "x86-64-v3"
    assert dict(module.rejected) == {
        "x86-64-v4": f"needs {missing_of_v4()} which this CPU lacks",
        "aarch64": "is for aarch64, not x86_64",
        "spirv": "is for device vulkan, not cpu",
        "cuda": "is for device cuda, not cpu",
    }
    x, w = (np.random.default_rng(0).standard_normal(s).astype(np.float32) for s in ((32, 64), (64, 48)))
    image, kernel = np.ones((1, 14, 14, 16), np.float32), np.ones((3, 3, 16, 32), np.float32)
    product, convolved, total = module(x, w, image, kernel)
    np.testing.assert_allclose(product, x @ w, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(convolved, np.full((1, 12, 12, 32), 144), rtol=1e-6)  # by Winograd's algorithm
    np.testing.assert_allclose(total, x.sum(1), rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(cpu, "architecture", lambda: "riscv64")
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(tmp_path / "model.wtb")
    assert len(caught.value.notes) == len(LABELS)


@pytest.mark.slow
def test_six_targets_share_the_weights(tmp_path: Path) -> None:
    """A second copy of them would be more than is allowed."""
    draw = np.random.default_rng(0).standard_normal
    weights = {"w": draw((2048, 3072), np.float32), "b": draw(3072, np.float32)}
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (8, 2048))]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (8, 3072))]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["y"])]
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    proto = helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, constants), ir_version=10)
    targets = ("x86-64-v3", "x86-64-v4", "aarch64", "aarch64-v8.2", "spirv", "cuda{arch=sm_80}")
    webtensorc.compile(proto, targets=targets, cache=False).save(tmp_path / "model.wtb")
    size = sum(array.nbytes for array in weights.values())
    assert (tmp_path / "model.wtb").stat().st_size <= 1.10 * size + (8 << 20) < 2 * size


def missing_of_v4() -> str:
    from webtensorc.registry import make_target

    return ", ".join(sorted(make_target("x86-64-v4").features() - cpu.features()))
