"""A bundle's own graph in JAX, so that XLA and webtensorc run the same StableHLO on the same weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

_DOT = re.compile(r"(stablehlo\.dot_general .*? contracting_dims = \S* x \S*) :")
_CONVOLUTION = re.compile(r"(stablehlo\.convolution\(.*?batch_group_count = [^{}]*?)\}")
"""Operations without a precision, in StableHLO's text."""


def function(
    graph: bytes, arguments: Sequence[np.ndarray], results: Sequence[tuple[tuple[int, ...], Any]], *, highest: bool
) -> Callable[..., Any]:
    """The graph as a compiled function of weights and inputs, for JAX's default device.

    `highest` multiplies float32 as such; by default XLA rounds it to tf32 on GPUs that can.
    """
    platform = jax.default_backend()
    platform = "cuda" if platform == "gpu" else platform

    def shell(*_: Any) -> tuple[Any, ...]:
        return tuple(jnp.zeros(shape, dtype) for shape, dtype in results)

    shapes = [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in arguments]
    frame = export.export(jax.jit(shell, keep_unused=True), platforms=[platform])(*shapes)
    module = _module(graph, highest)
    exported = replace(frame, mlir_module_serialized=module, module_kept_var_idx=tuple(range(len(arguments))))
    return jax.jit(exported.call)


def _module(graph: bytes, highest: bool) -> bytes:
    with ir.Context() as context:
        context.allow_unregistered_dialects = True
        stablehlo.register_dialect(context)
        text = str(stablehlo.deserialize_portable_artifact(context, graph))
        if highest:
            text = _DOT.sub(r"\1, precision = [HIGHEST, HIGHEST] :", text)
            text = _CONVOLUTION.sub(
                r"\1, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]}", text
            )
        return stablehlo.serialize_portable_artifact(ir.Module.parse(text), stablehlo.get_minimum_version())
