"""Real models, their inputs, and what ONNX Runtime makes of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime

from fixtures import random_weights
from webtensorc.artifact import Bundle
from webtensorc.model import Model

Made = tuple[Path, dict[str, tuple[int, ...]]]
"""A model's file, and the shapes of inputs that it leaves open."""

_CHUNK: dict[str, tuple[int, ...]] = {"input": (1, 576), "state": (2, 1, 128)}
"""What silero takes at 16 kHz: a chunk with its context, and what it remembers."""
_SILERO: dict[str, dict[str, tuple[int, ...]]] = {
    "op18_ifless": _CHUNK,
    "": _CHUNK,
    "16k_op15": _CHUNK,
    "16k_sequence": {"input": (5, 576)},
    "half": _CHUNK,
    "openvino_16k": {},
}
"""The files of the silero-vad package, by what follows `silero_vad` in their names; the first is `silero` here."""


def _magika(folder: Path) -> Made:
    return package("magika", "models/standard_v3_3/model.onnx"), {"bytes": (1, 2048)}


def _silero(kind: str, folder: Path) -> Made:
    return package("silero_vad", f"data/silero_vad{'_' * bool(kind)}{kind}.onnx"), _SILERO[kind]


def _vision(name: str, folder: Path) -> Made:
    return next(random_weights.write(folder, (name,))), {}


def package(name: str, file: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / file


MODELS: dict[str, Callable[[Path], Made]] = {
    "magika": _magika,
    "silero": partial(_silero, "op18_ifless"),
    **{f"silero_{kind or 'if'}": partial(_silero, kind) for kind in _SILERO if kind != "op18_ifless"},
    **{name: partial(_vision, name) for name in random_weights.names()},
}
"""Every model that the project is held to, by name: what makes its file in a folder."""


def inputs(bundle: Bundle) -> dict[str, np.ndarray]:
    """As `feed`, for a bundle."""
    return feed(bundle.model)


def feed(model: Model) -> dict[str, np.ndarray]:
    """Tokens of magika, the rate of silero, noise for the rest."""
    random = np.random.default_rng(0)
    special = {"sr": np.int64(16000), "bytes": random.integers(0, 257, (1, 2048))}
    return {
        spec.name: np.asarray(special.get(spec.name, random.standard_normal(spec.shape))).astype(spec.dtype)
        for spec in model.inputs
    }


def reference(path: Path, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of ONNX Runtime by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip((each.name for each in session.get_outputs()), session.run(None, dict(feed)), strict=True))


CONTRACTIONS = """
func.func public @main(%x: tensor<32x64xf32>, %w: tensor<64x48xf32>, %i: tensor<1x14x14x16xf32>,
                       %k: tensor<3x3x16x32xf32>) -> (tensor<32x48xf32>, tensor<1x12x12x32xf32>, tensor<32xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<32x64xf32>, tensor<64x48xf32>) -> tensor<32x48xf32>
  %1 = stablehlo.convolution(%i, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x14x14x16xf32>, tensor<3x3x16x32xf32>) -> tensor<1x12x12x32xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %2 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
  return %0, %1, %2 : tensor<32x48xf32>, tensor<1x12x12x32xf32>, tensor<32xf32>
}
"""
"""A matrix product, a channels-last convolution and a sum, in StableHLO."""
