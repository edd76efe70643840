"""The models that are compared, as ONNX files, and inputs for them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

import random_weights
import sequence_nets
import vision_nets

_INT8 = "resnet50_int8"


def names() -> list[str]:
    """Every model: convolution networks first, then those for sequences, then integer arithmetic."""
    return [*random_weights.names(), *_BUILT, _INT8]


def write(name: str, folder: Path) -> Path:
    """The model in `folder`, the same bytes each time."""
    path = folder / f"{name}.onnx"
    if name == _INT8:
        _quantise(write("resnet50", folder), path)
    else:
        onnx.save(_BUILT[name]() if name in _BUILT else random_weights.build(name), path)
    return path


def inputs(path: Path) -> dict[str, np.ndarray]:
    """Normal numbers, tokens below 1000, and masks that let everything through."""
    generator = np.random.default_rng(0)
    graph = onnx.load(path, load_external_data=False).graph
    return {each.name: _values(each, generator) for each in graph.input}


def _values(info: onnx.ValueInfoProto, generator: np.random.Generator) -> np.ndarray:
    kind = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
    shape = [each.dim_value for each in info.type.tensor_type.shape.dim]
    if kind.kind == "f":
        return generator.standard_normal(shape).astype(kind)
    return np.ones(shape, kind) if info.name == "mask" else generator.integers(0, 1000, shape).astype(kind)


def _quantise(source: Path, path: Path) -> None:
    """As ONNX Runtime quantises: batch normalisations folded, uint8 activations, int8 weights per channel.

    All but the softmax in the end, whose thousand probabilities would all be zero in steps of 1/256.
    """
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter([inputs(source)])

        def get_next(self) -> dict[str, Any] | None:
            return next(self._left, None)

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(source, options)
    source = path
    types = sorted({node.op_type for node in onnx.load(source).graph.node} - {"Softmax"})
    kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    logging.getLogger().setLevel(logging.ERROR)  # it advises to fold what has been folded
    quantize_static(
        source, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, op_types_to_quantize=types, **kinds
    )


_BUILT: dict[str, Callable[[], onnx.ModelProto]] = {
    each.__name__: each
    for each in (
        vision_nets.mobilenet,
        vision_nets.yolo,
        sequence_nets.minilm,
        sequence_nets.bert_base,
        sequence_nets.gpt2_decode,
        sequence_nets.lstm,
    )
}
