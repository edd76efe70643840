"""Models exported by PyTorch, by both of its exporters, agree with PyTorch.

`fixtures/torch` holds some of them with what PyTorch computes; where PyTorch is installed, all of
`fixtures/torch_zoo.py` are exported again.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

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


def assert_agrees(file: Path, dims: dict[str, tuple[int, int]] | None = None) -> None:
    """The model in the file gives the outputs in the file.

    Its dimensions are open within `dims`, or, without that, as large as those of the inputs.
    """
    with np.load(file) as arrays:
        inputs = {key.removeprefix("input:"): arrays[key] for key in arrays if key.startswith("input:")}
        outputs = [arrays[f"output:{i}"] for i in range(sum(key.startswith("output:") for key in arrays))]
        model = onnx.ModelProto.FromString(arrays["model"].tobytes())
    used = [each.name for each in model.graph.input]
    shapes = {} if dims else {name: inputs[name].shape for name in used}
    module = webtensorc_runtime.load(webtensorc.compile(model, dims=dims, input_shapes=shapes, cache=False))
    results = module.run({name: inputs[name] for name in used})
    for each, expected in zip(model.graph.output, outputs, strict=True):
        found = results[each.name]
        if f"{each.name}.size0" in results:  # as many as there can be are given, and how many there are
            found = found[: int(results[f"{each.name}.size0"])]
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(found, expected, rtol=0, atol=LARGEST_ERROR * np.abs(expected).max())


def test_what_is_committed_is_what_the_list_says() -> None:
    found = {path.stem: path.stat().st_size for path in (FIXTURES / "torch").iterdir()}
    assert set(found) == set(torch_zoo.exports(torch_zoo.COMMITTED))
    assert max(found.values()) < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("name", torch_zoo.exports(torch_zoo.COMMITTED))
def test_agrees_with_what_pytorch_gave(name: str) -> None:
    assert_agrees(FIXTURES / "torch" / f"{name}.npz")


@pytest.mark.slow
def test_agrees_with_open_dimensions() -> None:
    assert_agrees(FIXTURES / "torch" / "bert.script.npz", {"steps": (1, 40)})


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("name", torch_zoo.exports())
def test_agrees_with_pytorch(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(FIXTURES / "torch_models.py"), str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_agrees(tmp_path / f"{name}.npz")
