"""Models exported by PyTorch, by both of its exporters, agree with PyTorch.

`fixtures/torch` holds some of them with what PyTorch computes; where PyTorch is installed, all of
`fixtures/torch_zoo.py` are exported again.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import webtensorc_runtime

import webtensorc
from fixtures import torch_zoo

FIXTURES = Path(torch_zoo.__file__).parent
MISSING = [name for name in ("torch", "transformers", "onnxscript") if importlib.util.find_spec(name) is None]
needs_torch = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install --group torch)"
)

LARGEST_ERROR = 1e-4
"""Of the output's scale."""


def assert_agrees(file: Path, *, is_open: bool = False) -> Any:
    """The model in the file gives the outputs in the file, at one size or, left open, at all; the loaded module."""
    with np.load(file) as arrays:
        stored = {key: arrays[key] for key in arrays}
    model = onnx.ModelProto.FromString(stored.pop("model").tobytes())
    used = [each.name for each in model.graph.input]
    shapes = {} if is_open else {name: stored[f"input:{name}"].shape for name in used}
    module = webtensorc_runtime.load(webtensorc.compile(model, input_shapes=shapes, cache=False))
    marks = sorted({key.partition("@")[2] for key in stored})
    assert len(marks) > 1 or not is_open
    for mark in marks if is_open else marks[:1]:
        end = f"@{mark}" if mark else ""
        inputs = {name: stored[f"input:{name}{end}"] for name in used}
        outputs = [stored[f"output:{index}{end}"] for index in range(len(model.graph.output))]
        _compare(module.run(inputs), dict(zip((each.name for each in model.graph.output), outputs, strict=True)))
    return module


def _compare(results: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
    for name, expected in outputs.items():
        found = results[name]
        if f"{name}.size0" in results:  # as many as there can be are given, and how many there are
            found = found[: int(results[f"{name}.size0"])]
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(found, expected, rtol=0, atol=LARGEST_ERROR * np.abs(expected).max())


def test_what_is_committed_is_what_the_list_says() -> None:
    found = {path.stem: path.stat().st_size for path in (FIXTURES / "torch").iterdir()}
    assert set(found) == set(torch_zoo.exports(torch_zoo.COMMITTED))
    assert max(found.values()) < 250_000


@pytest.mark.slow
@pytest.mark.parametrize("name", torch_zoo.exports(torch_zoo.COMMITTED))
def test_agrees_with_what_pytorch_gave(name: str) -> None:
    assert_agrees(FIXTURES / "torch" / f"{name}.npz")


OPEN = {
    "bert.script": ["batch=1..", "steps=1..40"],
    "bert.dynamo": ["s95=1..", "s85=1..40", "s87=1.."],
    "gpt2_with_cache.script": ["batch=1..", "steps=1..", "total=1..", "past=1.."],
    "t5_decoder.dynamo": ["s87=1..", "s85=1..", "s0=1..", "s26=1.."],
    "whisper_decoder.script": ["batch=1..", "steps=1.."],
    "vit.dynamo": ["s95=1.."],
    "yolo.script": ["batch=1..", "height=16..:16", "width=16..:16"],
    "yolo.dynamo": ["s34=1..", "s14=16..:16", "s54=16..:16"],
}
"""Models compiled once for all sizes, by both exporters, and what is found out about their dimensions."""


@pytest.mark.slow
@pytest.mark.parametrize("name", OPEN)
def test_agrees_at_several_sizes(name: str) -> None:
    module = assert_agrees(FIXTURES / "torch" / f"{name}.npz", is_open=True)
    assert [str(each) for each in module.dims] == OPEN[name]


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("name", torch_zoo.exports())
def test_agrees_with_pytorch(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(FIXTURES / "torch_models.py"), str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_agrees(tmp_path / f"{name}.npz")
