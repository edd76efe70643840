"""Processors and GPUs in one bundle: the loader takes what fits and says why the others do not."""

from __future__ import annotations

from pathlib import Path

import lanes
import numpy as np
import onnx
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
    proto = linear(2048, 3072)
    targets = ("x86-64-v3", "x86-64-v4", "aarch64", "aarch64-v8.2", "spirv", "cuda{arch=sm_80}")
    webtensorc.compile(proto, targets=targets, cache=False).save(tmp_path / "model.wtb")
    size = sum(numpy_helper.to_array(each).nbytes for each in proto.graph.initializer)
    assert (tmp_path / "model.wtb").stat().st_size <= 1.10 * size + (8 << 20) < 2 * size


@pytest.mark.slow
def test_prepacked_weights_are_stored_once_for_all_that_read_them(tmp_path: Path) -> None:
    """GPUs read one matrix, processors the panels of the same; without the option the bundle has the panels alone."""
    path = tmp_path / "model.onnx"
    onnx.save(linear(64, 200), path)
    targets = ("x86-64-v3", "spirv", "cuda")
    bundle = webtensorc.compile(path, targets=targets, prepack=True, cache=False)
    (name,) = bundle.own_weights
    expected = numpy_helper.to_array(onnx.load(path).graph.initializer[0])
    np.testing.assert_array_equal(bundle.own_weights[name], expected)
    assert [each.weights for each in bundle.artifacts] == [(), (name,), (name,)]
    assert webtensorc.Bundle.load(bundle.to_bytes()).to_bytes() == bundle.to_bytes()
    at_load = webtensorc.compile(path, targets=["spirv"], cache=False)
    assert not at_load.own_weights
    assert len(at_load.artifacts[0].module) > len(bundle.artifacts[1].module)  # it has the kernels that pack
    x = np.random.default_rng(1).standard_normal((8, 64), np.float32)
    for device in ("cpu", "vulkan") if not lanes.missing("x86-64-v3") and not lanes.missing("spirv") else ():
        (y,) = webtensorc_runtime.load(bundle, device=device)(x)
        np.testing.assert_allclose(y, x @ expected + 1, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_prepacked_weights_of_three_bytes_are_float32() -> None:
    """Their bytes were stored a second time, and each call made the matrix of them."""
    model = linear(600, 200, rows=2)
    spec = "fixed-point-weights{cached=0,smallest=0}"
    bundle = webtensorc.compile(model, ["x86-64-v3", "spirv"], passes=[spec], prepack=True, cache=False)
    assert {"w.fixed", "w.steps"} <= set(bundle.model.weights)
    (name,) = bundle.own_weights
    w = numpy_helper.to_array(model.graph.initializer[0])
    assert bundle.own_weights[name].dtype == np.float32
    np.testing.assert_allclose(bundle.own_weights[name], w, rtol=0, atol=np.abs(w).max() * 2.0**-23)
    plain = webtensorc.compile(model, ["spirv"], prepack=True, precise=True, cache=False)
    steps = [each.report["schedule"]["steps"] for each in (plain.artifacts[0], bundle.artifacts[1])]
    assert len(steps[0]) == len(steps[1])
    x = np.random.default_rng(1).standard_normal((2, 600), np.float32)
    for device in ("cpu", "vulkan") if not lanes.missing("x86-64-v3") and not lanes.missing("spirv") else ():
        (y,) = webtensorc_runtime.load(bundle, device=device)(x)
        np.testing.assert_allclose(y, x @ w + 1, rtol=1e-4, atol=1e-4)


def missing_of_v4() -> str:
    from webtensorc.registry import make_target

    return ", ".join(sorted(make_target("x86-64-v4").features() - cpu.features()))


def linear(depth: int, columns: int, rows: int = 8) -> onnx.ModelProto:
    """x @ w + 1, w random."""
    weights = {
        "w": np.random.default_rng(0).standard_normal((depth, columns), np.float32),
        "b": np.ones(columns, np.float32),
    }
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (rows, depth))]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (rows, columns))]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["y"])]
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    return helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, constants), ir_version=10)
