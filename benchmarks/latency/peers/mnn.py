"""MNN's CPU backend in full precision."""

from __future__ import annotations

import tempfile
from pathlib import Path

import _tools  # MNN's converter; its own command line sends reports home
import MNN
import numpy as np
import onnx
from MNN import expr, nn

from benchmarks.latency.peers import Inputs, Prepared


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """Convert to MNN's format and load with constant input variables."""
    graph = onnx.load(model, load_external_data=False).graph
    outputs = [each.name for each in graph.output]
    config = {"backend": "CPU", "numThread": threads, "precision": "high"}
    with tempfile.TemporaryDirectory() as folder:
        converted = str(Path(folder) / "model.mnn")
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", model, "--MNNModel", converted])
        runtime = nn.create_runtime_manager((config,))
        module = nn.load_module_from_file(converted, list(inputs), outputs, runtime_manager=runtime)
    variables = [_variable(each) for each in inputs.values()]
    return Prepared(lambda: [each.read() for each in module.onForward(variables)], MNN.version())


def _variable(array: np.ndarray) -> object:
    if array.dtype == np.int64:  # it has none
        array = array.astype(np.int32)
    kind = expr.int if array.dtype == np.int32 else expr.float
    return expr.const(array, list(array.shape), expr.NCHW, kind)
