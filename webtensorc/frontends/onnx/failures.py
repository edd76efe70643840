"""From whatever went wrong in a node to the error that the user reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from webtensorc.errors import DiagnosticError, InternalError, InvalidFileError, Unsupported, UnsupportedError
from webtensorc.frontends.onnx import equations, extents, registry, schemas
from webtensorc.frontends.onnx.values import NotKnownError, NotSupportedError, Value, describe

DOING = "tracing the graph"

_OF_ONE_MACHINE = {
    "com.microsoft.nchwc": (
        "is in the layout of the machine where ONNX Runtime optimised the model: save it with the optimisation level "
        "ORT_ENABLE_EXTENDED, or compile the one before"
    )
}
"""Domains whose operators are private to a version of a runtime and to a processor."""

_MAPS = "maps are no tensors"
LEFT_OUT = {
    ("", "ImageDecoder"): "the size of an image is in its compressed bytes; decode before the model",
    ("ai.onnx.ml", "CastMap"): _MAPS,
    ("ai.onnx.ml", "DictVectorizer"): _MAPS,
}
"""Operators that are left out on purpose, by domain and name, and why."""

UNKNOWN: Any = object()
"""Stands for a value of which not even the shape is known, when all that is unsupported is listed."""


class StartAgain(Exception):
    """The trace shall begin again, with another signature than it had before; `scope` is of the variables in it."""

    def __init__(self, signature: Any, before: Any, scope: Any) -> None:
        super().__init__("the trace shall begin again")
        self.signature = signature
        self.before = before
        self.scope = scope


class NeedsConstantsError(UnsupportedError):
    """A node needs a value while the graph is traced; `inputs` are the names of its inputs that would give it."""

    inputs: tuple[str, ...] = ()


def place(node: Any, domain: str, inputs: tuple[Value, ...]) -> str:
    """The node, its operator and what it is given, for `DiagnosticError.place`."""
    shown = ", ".join("unknown" if each is UNKNOWN else describe(each) for each in inputs)
    return f"{node_place(node, domain)}, inputs {shown or 'none'}"


def node_place(node: Any, domain: str) -> str:
    """The node and its operator."""
    operator = f"{domain}.{node.operator}" if domain else node.operator
    return f'node "{node.name}" ({operator}, opset {node.opset})'


def missing(domain: str, node: Any, file: str | None, where: str, opsets: Mapping[str, int]) -> UnsupportedError:
    """The error for an operator that has no implementation for the model's opset, worded by what is known of it."""
    reason = missing_reason(domain, node.operator, node.opset, opsets)
    item = Unsupported(_qualified(domain, node.operator), reason, (node.name,))
    hint = "`webtensorc check` lists every such node"
    return UnsupportedError(f"`{item.operator}` {reason}", (item,), file=file, place=where, doing=DOING, hint=hint)


def missing_reason(domain: str, operator: str, version: int, opsets: Mapping[str, int]) -> str:
    """Why there is no implementation: unknown domain, unknown operator, other opsets, or not written yet."""
    if domain in _OF_ONE_MACHINE:
        return _OF_ONE_MACHINE[domain]
    if domain not in opsets:
        return f'belongs to the domain "{domain}", which the model does not import'
    found = registry.operators().get((domain, operator), ())
    if found:
        return f"is implemented for opset {', '.join(each.versions for each in found)}, not {version}"
    if not schemas.exists(domain, operator):
        return f'is not an operator that is known of domain "{domain or "ai.onnx"}"'
    if schemas.find(domain, operator, version) is None:
        return f"does not exist in opset {version}"
    reason = LEFT_OUT.get((domain, operator))
    return f"is left out: {reason}" if reason else "is a known operator that is not implemented"


def explain(
    error: Exception, node: Any, proto: Any, inputs: tuple[Value, ...], where: str, source: Any
) -> DiagnosticError:
    """The user's error for an exception that an operator raised."""
    about = {"file": source.file, "place": where, "doing": DOING}
    operator = _qualified(proto.domain, node.operator)
    if isinstance(error, NotKnownError):
        return _needs_constants(error, operator, node, proto, inputs, about)
    if isinstance(error, (NotSupportedError, NotImplementedError)):
        reason = _first_line(error)
        item = Unsupported(operator, reason, (node.name,))
        return UnsupportedError(f"`{operator}` cannot be compiled: {reason}", (item,), hint=None, **about)
    if isinstance(error, jax.errors.InconclusiveDimensionOperation):
        reason = f"whether it fits its inputs depends on their open sizes: {_first_line(error)}"
        item = Unsupported(operator, reason, (node.name,))
        hint = "give the dimensions sizes (--dim); the model may also be invalid for all of them"
        return UnsupportedError(f"`{operator}` cannot be compiled: {reason}", (item,), hint=hint, **about)
    if isinstance(error, jax.errors.ConcretizationTypeError):
        reason = "a value that it needs when the model is compiled depends on the model's inputs"
        item = Unsupported(operator, reason, (node.name,))
        return UnsupportedError(f"`{operator}` cannot be compiled: {reason}", (item,), hint=None, **about)
    if isinstance(error, (ValueError, TypeError, ZeroDivisionError, IndexError, OverflowError)):
        hint = "the model is not valid for these input shapes"
        if any(extents.is_open(size) for value in inputs for size in equations.sizes_of(value)):
            hint += ", or it needs sizes of its open dimensions (--dim)"
        return InvalidFileError(f"`{operator}` does not fit its inputs: {_first_line(error)}", hint=hint, **about)
    return InternalError(f"`{operator}` failed: {type(error).__name__}: {_first_line(error)}", **about)


def _needs_constants(
    error: NotKnownError, operator: str, node: Any, proto: Any, inputs: tuple[Value, ...], about: dict[str, str | None]
) -> UnsupportedError:
    names = tuple(name for name, value in zip(proto.input, inputs, strict=False) if value is error.value)
    item = Unsupported(operator, str(error), (node.name,))
    made = NeedsConstantsError(f"`{operator}` cannot be compiled: {error}", (item,), **about)
    made.inputs = names or tuple(filter(None, proto.input))
    return made


def _qualified(domain: str, operator: str) -> str:
    return f"{domain}.{operator}" if domain and domain != "ai.onnx" else operator


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
