"""Every model of the silero-vad package agrees with ONNX Runtime, at both sampling rates where it takes one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
import webtensorc_runtime

import webtensorc

onnxruntime = pytest.importorskip("onnxruntime")
_PACKAGE = importlib.util.find_spec("silero_vad")
DATA = Path(_PACKAGE.origin).parent / "data" if _PACKAGE and _PACKAGE.origin else Path("silero-vad-is-missing")

SHAPES = {
    "silero_vad.onnx": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_16k_op15.onnx": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_16k_sequence.onnx": {"input": (5, 576)},
    "silero_vad_half.onnx": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_op18_ifless.onnx": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_openvino_16k.onnx": {},
}


def test_every_file_of_the_package_is_tried() -> None:
    assert {path.name for path in DATA.glob("*.onnx")} == set(SHAPES)


BOTH = ("silero_vad.onnx", "silero_vad_op18_ifless.onnx")
"""The models for both sampling rates; the others have weights for 16 kHz only."""
SAMPLES = {16000: 576, 8000: 288}
"""What a chunk with its context has at each sampling rate, in samples."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rate"), [(name, 16000) for name in sorted(SHAPES)] + [(name, 8000) for name in BOTH])
def test_agrees_with_onnxruntime(name: str, rate: int) -> None:
    session = onnxruntime.InferenceSession(DATA / name, providers=["CPUExecutionProvider"])
    takes_rate = any(each.name == "sr" for each in session.get_inputs())
    shapes = {**SHAPES[name], **({"input": (1, SAMPLES[rate])} if takes_rate else {})}
    module = webtensorc_runtime.load(webtensorc.compile(DATA / name, input_shapes=shapes, cache=False))
    random = np.random.default_rng(0)
    feed = {
        spec.name: np.asarray(rate if spec.name == "sr" else random.standard_normal(spec.shape)).astype(spec.dtype)
        for spec in module.inputs
    }
    for one, other in zip(module.run(feed).values(), session.run(None, feed), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


@pytest.mark.slow
def test_an_open_batch_agrees_at_several_sizes() -> None:
    model = onnx.load(DATA / "silero_vad_16k_op15.onnx")
    shapes = {each.name: each.type.tensor_type.shape.dim for each in model.graph.input}
    shapes["input"][0].dim_param = shapes["state"][1].dim_param = "batch"
    shapes["input"][1].dim_value = 576
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    module = webtensorc_runtime.load(webtensorc.compile(model, dims={"batch": (1, 16)}, cache=False))
    random = np.random.default_rng(0)
    for batch in (1, 3, 16):
        feed = {
            spec.name: np.asarray(16000 if spec.name == "sr" else random.standard_normal(spec.sizes)).astype(spec.dtype)
            for spec in (each.at({"batch": batch}) for each in module.inputs)
        }
        for one, other in zip(module.run(feed).values(), session.run(None, feed), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
