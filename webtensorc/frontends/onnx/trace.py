"""From a parsed model with pinned inputs to StableHLO: trace under JAX, lower, clean, serialise."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo
from jaxlib.mlir.passmanager import PassManager
from webtensorc_runtime.manifest import TensorSpec

from webtensorc import portable
from webtensorc.errors import InternalError, Unsupported, UnsupportedError
from webtensorc.frontends.onnx import least_sizes, relations, subscripts, symbolic
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.files import Source
from webtensorc.frontends.onnx.interpreter import Interpreter, OnFailure
from webtensorc.frontends.onnx.locations import Locations
from webtensorc.frontends.onnx.signature import Signature
from webtensorc.frontends.onnx.structure import free_names
from webtensorc.frontends.onnx.tensors import to_array
from webtensorc.frontends.onnx.values import Bounded, Value, is_weight_sized, splat
from webtensorc.frontends.onnx.weights import Weights
from webtensorc.frontends.stablehlo import expansion

_MOST_TRACES = 5
_PIPELINE = "builtin.module(func.func(chlo-legalize-to-stablehlo),cse,symbol-dce)"


@dataclass(frozen=True)
class Traced:
    """The graph as a portable artifact, the weights that are its first arguments, its inputs, its results, warnings."""

    graph: bytes
    weights: Mapping[str, np.ndarray]
    signature: Signature
    outputs: tuple[TensorSpec, ...]
    warnings: tuple[str, ...]


def trace(
    source: Source, signature: Signature, constants: Mapping[str, Value], memory: relations.Memory | None = None
) -> Traced:
    """Trace the model for these inputs; the result's signature has what was found out about their sizes.

    `memory` has what earlier traces found out (see `relations.settle`).

    Raises:
        DiagnosticError: a node cannot be computed, or an output cannot leave a compiled model.
    """

    def run(signature: Signature, on_failure: OnFailure | None) -> Traced:
        return _trace(source, signature, constants, on_failure)

    raised = functools.partial(least_sizes.raised, source, constants=constants)
    return relations.settle(signature, run, raised, memory=memory)


def _trace(
    source: Source, signature: Signature, constants: Mapping[str, Value], on_failure: OnFailure | None
) -> Traced:
    arrays = _weights(source, constants)
    with jax.enable_x64(True):
        for _ in range(_MOST_TRACES):
            weights, locations, warnings = Weights(arrays), Locations(), dict[str, str]()
            jitted, arguments, names = _jitted(source, signature, constants, weights, locations, on_failure, warnings)
            traced = jitted.trace(*arguments)
            if weights.settled():
                break
            arrays = weights.kept()
        else:
            raise InternalError("the set of weights does not settle", file=source.file, doing="tracing the graph")
        if signature.dims:
            signature = subscripts.demanded(traced.jaxpr, signature)
            exported = symbolic.export(jitted, arguments)
        else:
            module = traced.lower(lowering_platforms=("cpu",)).compiler_ir("stablehlo")
    results = zip(names, traced.out_info, strict=True)
    outputs = tuple(
        TensorSpec(each, str(info.dtype), symbolic.written(info.shape, signature.dims)) for each, info in results
    )
    if not signature.dims:
        _clean(module, locations)
        return Traced(portable.serialize(module), weights.arrays, signature, outputs, tuple(warnings.values()))
    with symbolic.module_of(exported) as module:
        _clean(module, locations)
        return Traced(portable.serialize(module), weights.arrays, signature, outputs, tuple(warnings.values()))


def _weights(source: Source, constants: Mapping[str, Value]) -> dict[str, np.ndarray]:
    """The weight-sized initialisers that some node reads."""
    graph = source.proto.graph
    read = {name for node in graph.node for name in free_names(node)}
    read |= {each.name for each in graph.output}
    arrays = {}
    for tensor in graph.initializer:
        if tensor.name in read and tensor.name not in constants:
            array = to_array(tensor, source.file, source.folder)
            if array.dtype != object and is_weight_sized(array):
                arrays[tensor.name] = array
    return arrays


def _jitted(
    source: Source,
    signature: Signature,
    constants: Mapping[str, Value],
    weights: Weights,
    locations: Locations,
    on_failure: OnFailure | None,
    warnings: dict[str, str],
) -> tuple[Any, list[Any], list[str]]:
    """The model as a function under `jax.jit`, what stands for its arguments, and the names of its results.

    The names are there once the function has been traced.
    """
    names: list[str] = []

    def main(given: tuple[jax.Array, ...], *arguments: jax.Array) -> tuple[jax.Array, ...]:
        weights.arguments = dict(zip(weights.arrays, given, strict=True))
        named = dict(zip((each.name for each in signature.inputs), arguments, strict=True))
        interpreter = Interpreter(source, weights, locations, on_failure, warnings)
        outputs = interpreter.main({**named, **constants})
        declared = [each.name for each in source.proto.graph.output]
        results = [each for pair in zip(declared, outputs, strict=True) for each in _results(*pair, source, weights)]
        names[:] = [name for name, _ in results]
        return tuple(array for _, array in results)

    parameters = tuple(symbolic.struct(each.shape, each.dtype) for each in weights.arrays.values())
    return jax.jit(main, keep_unused=True), [parameters, *symbolic.structs(signature)], names


def _results(name: str, value: Value, source: Source, weights: Weights) -> list[tuple[str, jax.Array]]:
    """An output as named arrays of the trace.

    One, but for sequences (`name.0`, ...), absent optionals (none), and tensors whose size along an axis `i` depends on
    data: these are as large as they can be, and `name.size<i>` says how much of that there is.
    """
    if value is None:
        return []
    if isinstance(value, list):
        parts = [_results(f"{name}.{index}", each, source, weights) for index, each in enumerate(value)]
        return [each for part in parts for each in part]
    if isinstance(value, Extents):
        value = value.__jax_array__()
    if isinstance(value, jax.Array):
        return [(name, value)]
    if isinstance(value, Bounded):
        return [(name, value.array), (f"{name}.size{value.axis}", value.count)]
    if value.dtype == object:
        reason = "string tensors cannot leave a compiled model"
        item = Unsupported("output", reason, (name,))
        raise UnsupportedError(reason, (item,), file=source.file, place=f'output "{name}"')
    if is_weight_sized(value) and splat(value) is None:
        weights.remember(name, value)
        return [(name, weights.lift(value))]
    return [(name, jnp.asarray(value))]


def _clean(module: Any, locations: Locations) -> None:
    """Make the module the same for everybody: StableHLO only, node names for locations, no trace of JAX."""
    with module.context:
        _register_passes()
        PassManager.parse(_PIPELINE).run(module.operation)
        expanded = [expansion.expand(function) for function in module.body.operations]
        if any(expanded):
            PassManager.parse(_PIPELINE).run(module.operation)
        locations.write(module)
        attributes = module.operation.attributes
        for name in [str(each) for each in attributes if "." in str(each)]:
            del attributes[name]
        attributes["sym_name"] = ir.StringAttr.get("module")
        for function in module.body.operations:
            for key in ("arg_attrs", "res_attrs"):
                if key in function.attributes:
                    del function.attributes[key]


@functools.cache
def _register_passes() -> None:
    stablehlo.register_stablehlo_passes()
