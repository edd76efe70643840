"""Node attributes to Python values, checked against the operator's schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import AttributeProto

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx.tensors import to_array
from webtensorc.frontends.onnx.values import NotSupportedError

_KINDS = AttributeProto.AttributeType
_FIELDS = {
    AttributeProto.FLOAT: "f",
    AttributeProto.INT: "i",
    AttributeProto.STRING: "s",
    AttributeProto.TENSOR: "t",
    AttributeProto.GRAPH: "g",
    AttributeProto.TYPE_PROTO: "tp",
    AttributeProto.SPARSE_TENSOR: "sparse_tensor",
}


def resolve(node: Any, outer: Mapping[str, Any]) -> dict[str, Any]:
    """The node's AttributeProtos by name, those that refer to the surrounding function's attributes looked up there."""
    found = {}
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            found[attribute.name] = attribute
        elif attribute.ref_attr_name in outer:
            copy = AttributeProto()
            copy.CopyFrom(outer[attribute.ref_attr_name])
            copy.name = attribute.name
            found[attribute.name] = copy
    return found


def check(attributes: Mapping[str, Any], schema: Any, file: str | None, place: str) -> None:
    """Compare names and types with the schema.

    Raises:
        InvalidFileError: an attribute of the wrong type, one that the operator does not have, or a required one absent.
    """
    for name, attribute in attributes.items():
        if name not in schema.attributes:
            known = ", ".join(sorted(schema.attributes)) or "none"
            message = f"`{schema.name}` has no attribute `{name}` in this opset"
            raise InvalidFileError(message, file=file, place=place, hint=f"its attributes are: {known}")
        wanted = schema.attributes[name].type.name
        given = _KINDS.Name(attribute.type)
        if wanted != given:
            message = f"attribute `{name}` of `{schema.name}` is of type {given}, not {wanted}"
            raise InvalidFileError(message, file=file, place=place, hint="export the model again")
    for name, each in schema.attributes.items():
        if each.required and name not in attributes:
            message = f"`{schema.name}` needs the attribute `{name}`"
            raise InvalidFileError(message, file=file, place=place, hint="export the model again")


def check_choices(
    attributes: Mapping[str, Any], choices: Mapping[str, tuple[str, ...]], operator: str, file: str | None, place: str
) -> None:
    """Compare attributes with the values that the operator has for them.

    Raises:
        InvalidFileError: another value.
    """
    for name, known in choices.items():
        value = attributes[name].s.decode("utf-8", "replace") if name in attributes else known[0]
        if value not in known:
            message = f"`{operator}` has no `{name}` that is called `{value}`"
            raise InvalidFileError(message, file=file, place=place, hint=f"it is one of: {', '.join(known)}")


def with_defaults(attributes: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """The attributes, with the schema's defaults for those that are absent."""
    defaults = {
        name: each.default_value
        for name, each in schema.attributes.items()
        if each.default_value.type != _KINDS.UNDEFINED
    }
    return {**defaults, **attributes}


def to_python(
    attribute: Any, file: str | None, folder: Path | None, subgraph: Callable[[Any, str], Callable[..., Any]]
) -> Any:
    """The attribute's value: int, float, str, numpy array, callable graph, or a tuple of them; TypeProtos as they are.

    Raises:
        NotSupportedError: the attribute is of a type that no operator here takes.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if isinstance(value, onnx.TensorProto):
            return to_array(value, file, folder)
        if isinstance(value, onnx.GraphProto):
            return subgraph(value, attribute.name)
        return value

    if attribute.type in _FIELDS:
        return convert(getattr(attribute, _FIELDS[attribute.type]))
    for field in ("floats", "ints", "strings", "tensors", "graphs", "type_protos"):
        if values := getattr(attribute, field):
            return tuple(map(convert, values))
    if attribute.type in (AttributeProto.SPARSE_TENSORS, AttributeProto.UNDEFINED):
        raise NotSupportedError(f"attribute `{attribute.name}` is of type {_KINDS.Name(attribute.type)}")
    return ()
