"""Everything in a model that cannot be compiled, at once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from webtensorc import sizes
from webtensorc.errors import InvalidFileError, Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.onnx import failures, inference, least_sizes, registry, relations, schemas, symbolic
from webtensorc.frontends.onnx.files import Source, open_model
from webtensorc.frontends.onnx.interpreter import Failed, Interpreter, OnFailure
from webtensorc.frontends.onnx.locations import Locations
from webtensorc.frontends.onnx.signature import Signature, declared_inputs, pin
from webtensorc.frontends.onnx.structure import label, subgraphs
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Value
from webtensorc.frontends.onnx.weights import Weights


def check(
    source: Any,
    *,
    dims: Mapping[str, Any] | None = None,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    warnings: list[str] | None = None,
) -> tuple[Unsupported, ...]:
    """List everything unsupported: operator, reason, nodes; empty if the model can be compiled.

    Every node is looked up. If all inputs have a rank the graph is traced too, which finds what depends on shapes,
    types and values; behind a node that fails the trace goes on with the shape that ONNX infers for its outputs.
    What the file declares and is not so, and does not matter, is added to `warnings`, one sentence each.

    Raises:
        InvalidFileError: the file is not a valid model; unsupported operators in it are in the notes.
        UnsupportedError: IR version or opset out of range.
        UsageError: unknown or contradictory `dims` or `input_shapes`; inputs without a rank, and nothing else to list.
    """
    opened = open_model(source)
    found = list(_unknown_operators(opened, opened.proto.graph, opened.opsets, ""))
    try:
        asked = {each: sizes.read(size) for each, size in (dims or {}).items()}
        signature = pin(declared_inputs(opened), asked, input_shapes or {}, opened.file)
    except UnsupportedError as error:
        return _merged([*found, *error.items])
    except UsageError as error:
        if not error.notes or not found:  # inputs without a rank are listed in notes; all else is a wrong request
            raise
        return _merged(found)
    try:
        traced, _ = walked(opened, signature, warnings=warnings)
        return _merged([*found, *traced])
    except InvalidFileError as error:
        error.notes = (*error.notes, *map(str, _merged(found)))
        raise


def _unknown_operators(
    source: Source, graph: Any, opsets: Mapping[str, int], path: str, calling: tuple[str, ...] = ()
) -> Iterator[Unsupported]:
    """The nodes of a graph, of those inside it and of the functions that it calls which have no implementation."""
    functions = {(each.domain, each.name): each for each in source.proto.functions}
    for index, node in enumerate(graph.node):
        name = path + label(node, index)
        domain = "" if node.domain == "ai.onnx" else node.domain
        version = opsets.get(domain, 0)
        schema = schemas.find(domain, node.op_type, version)
        has_body = schema is not None and (schema.has_function or schema.has_context_dependent_function)
        function = functions.get((node.domain, node.op_type))
        if function and node.op_type not in calling:  # one that calls itself is refused by the trace
            own = {"" if each.domain == "ai.onnx" else each.domain: each.version for each in function.opset_import}
            yield from _unknown_operators(source, function, own, f"{name}/", (*calling, node.op_type))
        if not (function or has_body or registry.find(domain, node.op_type, version)):
            reason = failures.missing_reason(domain, node.op_type, version, opsets)
            yield Unsupported(f"{domain}.{node.op_type}" if domain else node.op_type, reason, (name,))
        for inner in subgraphs(node):
            yield from _unknown_operators(source, inner, opsets, f"{name}/", calling)


def walked(
    source: Source,
    signature: Signature,
    constants: Mapping[str, Value] | None = None,
    warnings: list[str] | None = None,
    memory: relations.Memory | None = None,
) -> tuple[list[Unsupported], Signature]:
    """What a trace to the end of the graph finds unsupported, and the signature with what all nodes demand of sizes.

    `memory` has what earlier traces found out (see `relations.settle`).
    """
    found: list[Unsupported] = []
    not_so: dict[str, str] = {}

    def on_failure(failed: Failed) -> tuple[Value, ...]:
        unnamed = Unsupported(failed.proto.op_type, failed.error.message, (failed.node.name,))
        found.extend(getattr(failed.error, "items", ()) or (unnamed,))
        return _stand_ins(failed)

    def walk(signature: Signature, on_failure: OnFailure | None) -> Signature:
        def main(*arguments: jax.Array) -> None:
            interpreter = Interpreter(source, Weights({}), Locations(), on_failure, not_so)
            given = zip((each.name for each in signature.inputs), arguments, strict=True)
            interpreter.main({**(constants or {}), **dict(given)})

        found.clear()
        not_so.clear()
        jax.eval_shape(main, *symbolic.structs(signature))
        return signature

    raised = functools.partial(least_sizes.raised, source, constants=constants or {})
    with jax.enable_x64(True):
        settled = relations.settle(signature, walk, raised, on_failure, memory)
    if warnings is not None:
        warnings += (f"{source.file}: {each}" if source.file else each for each in not_so.values())
    return found, settled


def _stand_ins(failed: Failed) -> tuple[Value, ...]:
    """For the results of a node that fails: values of the types that ONNX infers, of a node that is valid at least."""
    proto = failed.proto
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    schema = schemas.find(domain, proto.op_type, failed.node.opset)
    types: Mapping[str, Any] = {}
    if schema and not isinstance(failed.error, InvalidFileError):
        attributes = {each.name: each for each in proto.attribute}
        with contextlib.suppress(Exception):  # inference raises several kinds; then nothing is known behind the node
            types = inference.types(schema, proto, attributes, failed.inputs, {domain: failed.node.opset})
    return tuple(_stand_in(types.get(name)) for name in proto.output)


def _stand_in(kind: Any) -> Value:
    """A value of an inferred type, or UNKNOWN where its shape is not known."""
    if kind is None or kind.WhichOneof("value") != "tensor_type":
        return failures.UNKNOWN
    tensor = kind.tensor_type
    if not tensor.HasField("shape") or any(not each.HasField("dim_value") for each in tensor.shape.dim):
        return failures.UNKNOWN
    if dtype_of(tensor.elem_type).hasobject:
        return failures.UNKNOWN
    return jnp.zeros([each.dim_value for each in tensor.shape.dim], dtype_of(tensor.elem_type))


def _merged(items: list[Unsupported]) -> tuple[Unsupported, ...]:
    """One item per operator and reason, nodes in order and once."""
    nodes: dict[tuple[str, str], dict[str, None]] = {}
    for each in items:
        nodes.setdefault((each.operator, each.reason), {}).update(dict.fromkeys(each.nodes))
    return tuple(Unsupported(operator, reason, tuple(names)) for (operator, reason), names in nodes.items())
