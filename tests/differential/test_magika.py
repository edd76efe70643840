"""magika's trained file-type model agrees with ONNX Runtime on real files and on noise."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from end_to_end import assert_agrees, through_a_file

from fixtures import demo

onnxruntime = pytest.importorskip("onnxruntime")
_PACKAGE = importlib.util.find_spec("magika")
FOLDER = Path(_PACKAGE.origin).parent / "models" / "standard_v3_3" if _PACKAGE and _PACKAGE.origin else Path("missing")


@pytest.mark.slow
def test_agrees_with_onnxruntime(tmp_path: Path) -> None:
    module = through_a_file(FOLDER / "model.onnx", tmp_path, input_shapes={"bytes": (1, 2048)})
    session = onnxruntime.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    config = json.loads((FOLDER / "config.min.json").read_text())
    texts = [Path(__file__).read_bytes(), b"", demo.png(), demo.zip_archive(), b"{}" * 2000]
    random = np.random.default_rng(0)
    inputs = [demo.features(text, config) for text in texts]
    inputs.append(random.integers(0, 257, (1, 2048), dtype=np.int32))
    types = []
    for tokens in inputs:
        (wanted,) = session.run(None, {"bytes": tokens})
        (name,) = [spec.name for spec in module.outputs]
        assert_agrees(module.run({"bytes": tokens}), {name: wanted})
        types.append(config["target_labels_space"][int(wanted.argmax())])
    assert types[:4:2] == ["python", "png"]
