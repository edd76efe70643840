"""The types that a graph declares of its values, compared with what they are.

An element type that is declared otherwise is an error, as it is for ONNX Runtime: whoever wrote the file meant another
model. A shape that is declared otherwise gives way with a warning, as it does there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import failures, schemas
from webtensorc.frontends.onnx.signature import Declaration, declared_shape
from webtensorc.frontends.onnx.values import Value


@dataclass(frozen=True)
class Type:
    """A declared type: the element type as ONNX writes it, `tensor(float)`; the shape, None where none is stated."""

    element: str
    shape: tuple[Declaration, ...] | None


def of(graph: Any) -> dict[str, Type]:
    """The declared types of tensors by the names of the values."""
    declared = {}
    for each in (*graph.input, *graph.value_info, *graph.output):
        if each.type.WhichOneof("value") == "tensor_type" and each.type.tensor_type.elem_type:
            tensor = each.type.tensor_type
            declared[each.name] = Type(schemas.type_name(tensor.elem_type), declared_shape(tensor))
    return declared


def check(
    declared: Mapping[str, Type], names: Sequence[str], values: Sequence[Value], file: str | None, place: str
) -> None:
    """Compare the element types of values with their declarations.

    Raises:
        InvalidFileError: another element type, or a sequence in place of a tensor.
    """
    for name, value in zip(names, values, strict=False):
        wanted = declared.get(name)
        if wanted is None or value is None or value is failures.UNKNOWN:
            continue
        found = "a sequence" if isinstance(value, list) else schemas.type_string(value)
        if found != wanted.element:
            message = f'value "{name}" is declared as {wanted.element}, but it is {found}'
            hint = "correct the declaration, or put a Cast in front of it"
            raise InvalidFileError(message, file=file, place=place, hint=hint)


def shapes_not_so(
    declared: Mapping[str, Type], names: Sequence[str], values: Sequence[Value]
) -> Iterator[tuple[str, str]]:
    """The values whose shape contradicts their declaration, each with a sentence; open sizes contradict nothing."""
    for name, value in zip(names, values, strict=False):
        wanted = declared.get(name)
        if wanted is None or wanted.shape is None or value is None or value is failures.UNKNOWN:
            continue
        if _contradicts(wanted.shape, tuple(value.shape)):
            found = ", ".join(map(str, value.shape))
            shown = ", ".join("?" if each is None else str(each) for each in wanted.shape)
            yield name, f'value "{name}" is declared with the shape [{shown}], but it has [{found}]'


def _contradicts(declared: tuple[Declaration, ...], found: tuple[Any, ...]) -> bool:
    if len(declared) != len(found):
        return True
    pairs = zip(declared, found, strict=True)
    return any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)
