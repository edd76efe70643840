"""ONNX Runtime's CPU provider, with all its graph optimisations (its default)."""

from __future__ import annotations

import onnxruntime

from benchmarks.latency.peers import Inputs, Prepared


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """A session; the memory arena and the thread pool are as they are by default."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return Prepared(lambda: session.run(None, inputs), onnxruntime.__version__)
