"""Operators, models and products on every GPU of this machine, with the passes and without, against the references.

A driver that computes on the processor is no GPU: `tests/targets/test_spirv.py` is about Mesa's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gpu_cases
import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime import accelerators, engine

import webtensorc
from webtensorc.compare import compare
from webtensorc.errors import UnsupportedError

TARGETS = {"cuda": ("cuda", "cuda{arch=sm_80}", "cuda{arch=sm_90}", "cuda{arch=sm_90a}"), "vulkan": ("spirv",)}
LEVELS = {"passes": 3, "no passes": 0}


def gpus(kind: str) -> list[accelerators.Found]:
    """The devices of a kind that do not compute on the processor."""
    try:
        return [each for each in accelerators.devices(engine.native(), kind) if not each.is_software]
    except accelerators.UnavailableError:
        return []


def usable() -> list[tuple[str, str]]:
    """Every device with each of the targets whose code it runs."""
    return [
        (each.uri, target)
        for kind, targets in TARGETS.items()
        for each in gpus(kind)
        for target in targets
        if webtensorc.registry.make_target(target).features() <= each.features
    ]


PLACES = [pytest.param(*each, id=" ".join(each)) for each in usable()] or [
    pytest.param("", "", marks=pytest.mark.skip(reason="no GPU: no driver for CUDA or Vulkan finds one"))
]
pytestmark = [pytest.mark.slow, pytest.mark.parametrize(("device", "target"), PLACES)]


def on_gpu(model: Any, device: str, target: str, level: int = 3, **more: Any) -> Any:
    options = webtensorc.Options(optimization_level=level)
    bundle = webtensorc.compile(model, targets=[target], options=options, cache=False, **more)
    return webtensorc_runtime.load(bundle, device=device)


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("name", gpu_cases.sample() if usable() else [""])
def test_operators(name: str, level: int, device: str, target: str) -> None:
    case = gpu_cases.sample()[name]
    inputs, expected = case.data_sets[0]
    try:
        module = on_gpu(case.model, device, target, level)
    except UnsupportedError as error:
        pytest.skip(f"refused: {error.message}")
    gpu_cases.agree(list(module(*inputs)), expected, case)


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("model", ["silero", "squeezenet", "shufflenet"])
def test_models(model: str, level: int, device: str, target: str, tmp_path: Path) -> None:
    from tests.targets import target_models

    path, shapes = target_models.MODELS[model](tmp_path)
    module = on_gpu(path, device, target, level, input_shapes=shapes)
    feed = {spec.name: each for spec, each in zip(module.inputs, _noise(module.inputs), strict=True)}
    for error in compare(module.run(feed), target_models.reference(path, feed), rtol=1e-4, atol=1e-6):
        assert error.passed, f"{error.name}: {error.reason}"


@pytest.mark.parametrize("element", ["f32", "f16", "bf16"])
def test_a_large_product(element: str, device: str, target: str, tmp_path: Path) -> None:
    """1024 x 1024: as exact as numpy's in float32, rounded to the element type."""
    if element != "f32" and not target.startswith("cuda{"):
        pytest.skip("the target's baseline has no 16-bit floats, or no matrix units for them")
    type_ = f"tensor<1024x1024x{element}>"
    path = tmp_path / "product.mlir"
    path.write_text(f"""
      func.func @main(%a: {type_}, %b: {type_}) -> {type_} {{
        %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : ({type_}, {type_}) -> {type_}
        return %0 : {type_}
      }}""")
    module = on_gpu(path, device, target)
    dtype = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}[element]
    a, b = (np.random.default_rng(i).standard_normal((1024, 1024), np.float32).astype(dtype) for i in range(2))
    expected = a.astype(np.float32) @ b.astype(np.float32)
    found = np.asarray(module.on_device(*module.to_device(a, b))[0]).astype(np.float32)
    limit = {"f32": 1e-5, "f16": 1e-3, "bf16": 8e-3}[element]
    assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


def _noise(specs: Any) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    special = {"sr": np.int64(16000)}
    return [
        np.asarray(special.get(spec.name, generator.standard_normal(spec.sizes))).astype(spec.dtype) for spec in specs
    ]
