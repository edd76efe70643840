"""The onnx package's nine vision models, with real-sized random weights, agree with ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from end_to_end import assert_agrees, is_saturated, through_a_file

from fixtures import random_weights

onnxruntime = pytest.importorskip("onnxruntime")
NAMES = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
ALIKE = ("densenet121", "inception_v2", "vgg19", "zfnet512")
"""What these consist of the others have too, and they take a tenth of the time of all tests."""


def test_all_nine_are_here() -> None:
    assert random_weights.names() == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_onnxruntime(name: str, tmp_path: Path) -> None:
    if name in ALIKE and "WEBTENSORC_ALL_MODELS" not in os.environ:
        pytest.skip("like the others: `make conformance` runs it")
    (path,) = random_weights.write(tmp_path, (name,))
    module = through_a_file(path, tmp_path)
    random = np.random.default_rng(0)
    feed = {spec.name: random.standard_normal(spec.shape).astype(spec.dtype) for spec in module.inputs}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted = dict(zip((each.name for each in session.get_outputs()), session.run(None, feed), strict=True))
    assert not any(map(is_saturated, wanted.values()))
    assert_agrees(module.run(feed), wanted)
    path.unlink()  # weights of up to 575 MB
    (tmp_path / "model.wtb").unlink()
