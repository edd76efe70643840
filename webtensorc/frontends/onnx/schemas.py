"""What ONNX itself says about an operator: its schema, type constraints and function body."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx.extents import Count, is_open
from webtensorc.frontends.onnx.values import Value, describe

_OPTION = defs.OpSchema.FormalParameterOption


@functools.cache
def find(domain: str, name: str, version: int) -> Any:
    """The operator's schema in force at an opset version, or None."""
    try:
        return defs.get_schema(name, version, domain)
    except defs.SchemaError:
        return None


@functools.cache
def exists(domain: str, name: str) -> bool:
    """Whether any opset version has the operator."""
    return bool(defs.has(name, domain))


def type_string(value: Value) -> str | None:
    """ONNX's name for the value's type (`tensor(float)`, `seq(tensor(int64))`), None where it cannot be told."""
    if isinstance(value, list):
        inner = type_string(value[0]) if value else None
        return f"seq({inner})" if inner else None
    if value is None:
        return None
    if value.dtype == object:
        return "tensor(string)"
    return type_name(helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)))


def type_name(element: int) -> str:
    """ONNX's name for the tensors of an element type: `tensor(float)`."""
    return f"tensor({_type_names().get(element, element)})"


@functools.cache
def _type_names() -> dict[int, str]:
    return {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}


def check_inputs(schema: Any, inputs: tuple[Value, ...], file: str | None, place: str) -> None:
    """Compare the number and the element types of a node's inputs with the schema.

    Raises:
        InvalidFileError: too few or too many inputs, a type the operator does not take, or types that must agree and do
            not.
    """
    if not schema.min_input <= len(inputs) <= schema.max_input:
        message = f"`{schema.name}` takes {_range(schema)} inputs, {len(inputs)} are given"
        raise InvalidFileError(message, file=file, place=place)
    bound: dict[str, tuple[str, str]] = {}
    for position, value in enumerate(inputs):
        formal = schema.inputs[min(position, len(schema.inputs) - 1)]
        if value is None:
            if formal.option == _OPTION.Single and not schema.deprecated:
                raise InvalidFileError(f"`{schema.name}` needs its input `{formal.name}`", file=file, place=place)
            continue
        given = type_string(value)
        if given is None:
            continue
        if not {given, f"optional({given})"} & set(formal.types):
            message = f"`{schema.name}` does not take {describe(value)} as input `{formal.name}` in this opset"
            hint = f"it takes {', '.join(sorted(formal.types))}{_later(schema, position, given)}"
            raise InvalidFileError(message, file=file, place=place, hint=hint)
        if formal.option == _OPTION.Variadic and not formal.is_homogeneous:
            continue
        other, first = bound.setdefault(formal.type_str, (formal.name, given))
        if first != given and not given.startswith("seq"):
            message = f"`{schema.name}` needs `{other}` and `{formal.name}` of one type, not {first} and {given}"
            raise InvalidFileError(message, file=file, place=place)


def _later(schema: Any, position: int, given: str) -> str:
    """What to do about a type that the operator's latest version takes; PyTorch writes bfloat16 in any opset."""
    latest = defs.get_schema(schema.name, schema.domain)
    inputs = latest.inputs
    is_taken = bool(inputs) and given in inputs[min(position, len(inputs) - 1)].types
    return f"; export the model with opset {latest.since_version} or later" if is_taken else ""


def check_outputs(schema: Any, outputs: tuple[str, ...], file: str | None, place: str) -> None:
    """Compare the number of a node's outputs with the schema.

    Raises:
        InvalidFileError: too many outputs.
    """
    if len(outputs) > schema.max_output:
        message = f"`{schema.name}` has at most {schema.max_output} outputs in this opset, {len(outputs)} are named"
        raise InvalidFileError(message, file=file, place=place, hint="export the model again")


def _range(schema: Any) -> str:
    low, high = schema.min_input, schema.max_input
    return str(low) if low == high else f"{low} or more" if high > 10**6 else f"{low} to {high}"


def function_body(
    schema: Any, proto: Any, attributes: Mapping[str, Any], version: int, inputs: tuple[Value, ...]
) -> Any:
    """The FunctionProto that defines the operator in terms of others, or None."""
    if schema.has_context_dependent_function:
        node = onnx.NodeProto()
        node.CopyFrom(proto)
        del node.attribute[:]
        node.attribute.extend(attributes.values())
        types = [type_proto(each).SerializeToString() for each in inputs]
        versions = [each for each in schema.context_dependent_function_opset_versions if each <= version]
        if versions:
            body = schema.get_context_dependent_function_with_opset_version(
                max(versions), node.SerializeToString(), types
            )
            return onnx.FunctionProto.FromString(body) if body else None
    if schema.has_function:
        versions = [each for each in schema.function_opset_versions if each <= version]
        if versions:
            return onnx.FunctionProto.FromString(schema.get_function_with_opset_version(max(versions)))
    return None


def type_proto(value: Value) -> Any:
    """The TypeProto of a value; open sizes are named by their expressions, elements of a sequence have no shape."""
    if value is None:
        return onnx.TypeProto()
    if isinstance(value, list):
        kind = type_proto(value[0]) if value else onnx.TypeProto()
        kind.tensor_type.ClearField("shape")
        return helper.make_sequence_type_proto(kind)
    element = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
    sizes = [None if isinstance(size, Count) else str(size) if is_open(size) else size for size in value.shape]
    return helper.make_tensor_type_proto(element, sizes)
