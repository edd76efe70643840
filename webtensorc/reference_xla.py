"""A second reference for any graph: XLA, through JAX. Quick where StableHLO's interpreter takes minutes.

XLA shares no compiler with IREE, but JAX is what traced an ONNX model's operators: against a wrong translation of ONNX
only ONNX Runtime helps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from webtensorc.errors import UnsupportedError
from webtensorc.model import Model
from webtensorc.reference import Array, in_order

__all__ = ["run_xla"]


def run_xla(model: Model, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name, computed by XLA on the CPU from the model's graph and weights.

    Args:
        model: any model.
        inputs: one array per input, by name, with the dtypes and shapes of `model.inputs`.

    Raises:
        UsageError: an input is missing or has another dtype or shape.
        UnsupportedError: XLA refuses the graph; the message is its own.
    """
    import jax
    from jax import export

    arrays = [*model.weights.values(), *in_order(model, inputs)]
    with jax.enable_x64(True):
        # JAX calls a module that it has the signature of: export a stand-in, and put the graph in its place.
        stand_in = jax.jit(lambda *_: tuple(map(_zeros, model.outputs)), keep_unused=True)
        exported = export.export(stand_in, platforms=("cpu",))(*arrays)
        try:
            exported = dataclasses.replace(exported, mlir_module_serialized=_without_guards(model.graph))
            found = jax.jit(exported.call)(*arrays)
            results = [np.asarray(each) for each in found]
        except Exception as error:  # JaxRuntimeError, ValueError and others: they share no base class
            raise UnsupportedError(
                f"XLA cannot run the model: {str(error).strip().splitlines()[0]}", doing="computing the reference"
            ) from None
    return dict(zip((spec.name for spec in model.outputs), results, strict=True))


def _without_guards(graph: bytes) -> bytes:
    from jaxlib.mlir.dialects import stablehlo

    from webtensorc import portable

    with portable.context() as context:
        module = stablehlo.deserialize_portable_artifact(context, graph)
        portable.drop_guards(module)
        return portable.serialize(module)


def _zeros(spec: Any) -> Any:
    import jax.numpy as jnp
    import ml_dtypes

    return jnp.zeros(spec.shape, np.dtype(getattr(ml_dtypes, spec.dtype, spec.dtype)))
