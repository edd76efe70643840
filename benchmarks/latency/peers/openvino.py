"""OpenVINO's CPU plug-in for latency, kept to float32 where the processor would offer bfloat16."""

from __future__ import annotations

import openvino

from benchmarks.latency.peers import Inputs, Prepared


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """A compiled model with one request."""
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()

    def call() -> list[object]:
        return list(request.infer(inputs, share_inputs=True, share_outputs=True).values())

    return Prepared(call, openvino.__version__.split("-")[0])
