"""XLA on the CPU, through JAX, of the graph that this project makes from the model: ONNX is not read by XLA."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
from jax import export

import webtensorc
from benchmarks.latency.peers import Inputs, Prepared


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """Compile with weights and inputs in XLA's memory; it uses as many threads as the process has processors."""
    jax.config.update("jax_enable_x64", True)
    found = webtensorc.compile(model).model
    arrays = [jax.device_put(each) for each in (*found.weights.values(), *inputs.values())]
    shapes = [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in found.outputs]
    # JAX calls a module that it has the signature of: export a stand-in, and put the graph in its place.
    stand_in = jax.jit(lambda *_: tuple(jax.numpy.zeros(each.shape, each.dtype) for each in shapes), keep_unused=True)
    exported = export.export(stand_in, platforms=("cpu",))(*arrays)
    compiled = jax.jit(dataclasses.replace(exported, mlir_module_serialized=found.graph).call).lower(*arrays).compile()
    return Prepared(lambda: [np.asarray(each) for each in compiled(*arrays)], jax.lib.__version__)
