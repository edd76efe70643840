"""The types that a graph declares of its values, compared with what they are.

An element type that is declared otherwise is an error, as it is for ONNX Runtime: whoever wrote the file meant another
model. A shape that is declared otherwise gives way, as it does there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import failures, schemas
from webtensorc.frontends.onnx.values import Value


def of(graph: Any) -> dict[str, str]:
    """The declared types of tensors by the names of the values, as ONNX writes them: `tensor(float)`."""
    declared = {}
    for each in (*graph.input, *graph.value_info, *graph.output):
        if each.type.WhichOneof("value") == "tensor_type" and each.type.tensor_type.elem_type:
            declared[each.name] = schemas.type_name(each.type.tensor_type.elem_type)
    return declared


def check(
    declared: Mapping[str, str], names: Sequence[str], values: Sequence[Value], file: str | None, place: str
) -> None:
    """Compare values with their declarations.

    Raises:
        InvalidFileError: another element type, or a sequence in place of a tensor.
    """
    for name, value in zip(names, values, strict=False):
        wanted = declared.get(name)
        if wanted is None or value is None or value is failures.UNKNOWN:
            continue
        found = "a sequence" if isinstance(value, list) else schemas.type_string(value)
        if found != wanted:
            message = f'value "{name}" is declared as {wanted}, but it is {found}'
            hint = "correct the declaration, or put a Cast in front of it"
            raise InvalidFileError(message, file=file, place=place, hint=hint)
