"""The model's inputs with every dimension pinned to a size."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from webtensorc_runtime.manifest import TensorSpec

from webtensorc.errors import InvalidFileError, Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.onnx.files import Source
from webtensorc.frontends.onnx.tensors import dtype_of

LARGEST_SIZE = 2**63 - 1
"""Of a dimension: sizes in MLIR are signed 64-bit integers."""

Dim = int | str | None
"""A size, a name, or neither (unknown and unnamed)."""


@dataclass(frozen=True)
class Declared:
    """An input as the file declares it; `shape` is None where not even the rank is stated."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[Dim, ...] | None


def declared_inputs(source: Source, skip: Iterable[str] = ()) -> tuple[Declared, ...]:
    """The graph's inputs but for initialisers (which IR version 3 lists as inputs too) and `skip`.

    Raises:
        InvalidFileError: an input without a type.
        UnsupportedError: an input that is not a numeric tensor.
    """
    graph = source.proto.graph
    given = {each.name for each in graph.initializer} | {each.values.name for each in graph.sparse_initializer}
    given |= set(skip)
    return tuple(_declared(each, source) for each in graph.input if each.name not in given)


def _declared(value: Any, source: Source) -> Declared:
    place = f'input "{value.name}"'
    kind = value.type.WhichOneof("value")
    if kind is None:
        raise InvalidFileError("the input has no type", file=source.file, place=place)
    if kind != "tensor_type":
        reason = f"inputs of type {kind.removesuffix('_type')} cannot be passed to a compiled model"
        item = Unsupported("input", reason, (value.name,))
        raise UnsupportedError(reason, (item,), file=source.file, place=place)
    tensor = value.type.tensor_type
    try:
        dtype = dtype_of(tensor.elem_type)
    except KeyError:
        message = f"element type {tensor.elem_type} does not exist"
        raise InvalidFileError(message, file=source.file, place=place) from None
    if dtype.hasobject:
        reason = "string tensors cannot be passed to a compiled model"
        item = Unsupported("input", reason, (value.name,))
        raise UnsupportedError(reason, (item,), file=source.file, place=place)
    shape = tuple(map(_dim, tensor.shape.dim)) if tensor.HasField("shape") else None
    return Declared(value.name, dtype, shape)


def _dim(dim: Any) -> Dim:
    if dim.WhichOneof("value") == "dim_param" and dim.dim_param:
        return str(dim.dim_param)
    return int(dim.dim_value) if dim.dim_value > 0 else None


def pin(
    inputs: tuple[Declared, ...],
    dims: Mapping[str, int],
    input_shapes: Mapping[str, tuple[int, ...]],
    file: str | None,
) -> tuple[TensorSpec, ...]:
    """The inputs with static shapes.

    Args:
        inputs: as declared.
        dims: sizes of named dimensions.
        input_shapes: whole shapes of inputs; they also give the sizes of the named dimensions in them.
        file: for messages.

    Raises:
        UsageError: a name that does not exist, sizes that contradict each other or the file, or dimensions left open;
            the message then names each and the options that would pin them.
    """
    _check_names("dimension", dims, _names(inputs), file)
    _check_names("input", input_shapes, [each.name for each in inputs], file)
    for name, size in dims.items():
        if not 1 <= size <= LARGEST_SIZE:
            raise UsageError(f'dimension "{name}" cannot be {size}', file=file, hint=f"write --dim {name}=1 or more")
    sizes = dict(dims)
    for each in inputs:
        if each.name in input_shapes:
            _bind(each, tuple(input_shapes[each.name]), sizes, file)
    shapes = {each.name: input_shapes.get(each.name) or _shape(each, sizes) for each in inputs}
    shapes.update({name: tuple(shape) for name, shape in input_shapes.items()})
    _refuse_open(inputs, shapes, sizes, file)
    return tuple(TensorSpec(each.name, str(each.dtype), tuple(map(int, shapes[each.name]))) for each in inputs)  # type: ignore[arg-type]


def _names(inputs: tuple[Declared, ...]) -> list[str]:
    return list(dict.fromkeys(dim for each in inputs for dim in each.shape or () if isinstance(dim, str)))


def _check_names(kind: str, given: Iterable[str], known: list[str], file: str | None) -> None:
    for name in given:
        if name in known:
            continue
        close = difflib.get_close_matches(name, known, 1)
        listed = ", ".join(f'"{each}"' for each in known) or "none"
        hint = f'did you mean "{close[0]}"? ' if close else ""
        raise UsageError(f'the model has no {kind} "{name}"', file=file, hint=f"{hint}its {kind}s are: {listed}")


def _bind(each: Declared, shape: tuple[int, ...], sizes: dict[str, int], file: str | None) -> None:
    """Check a whole shape against the declaration, and take the sizes of named dimensions from it."""
    place = f'input "{each.name}"'
    shown = "x".join(map(str, shape))
    if not all(0 <= size <= LARGEST_SIZE for size in shape):
        raise UsageError(f"the shape {shown} has a size that no tensor can have", file=file, place=place)
    if each.shape is None:
        return
    if len(shape) != len(each.shape):
        message = f"the shape {shown} has rank {len(shape)}, the model declares rank {len(each.shape)}"
        raise UsageError(message, file=file, place=place, hint=f"the declared shape is {_written(each.shape)}")
    for position, (size, dim) in enumerate(zip(shape, each.shape, strict=True)):
        if isinstance(dim, int) and dim != size:
            message = f"dimension {position} is {dim} in the model, not {size}"
            raise UsageError(message, file=file, place=place, hint=f"the declared shape is {_written(each.shape)}")
        if isinstance(dim, str) and sizes.setdefault(dim, size) != size:
            message = f'dimension "{dim}" cannot be both {sizes[dim]} and {size}'
            raise UsageError(message, file=file, place=place, hint="give one of them, or make them agree")


def _shape(each: Declared, sizes: Mapping[str, int]) -> tuple[Dim, ...] | None:
    if each.shape is None:
        return None
    return tuple(sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in each.shape)


def _refuse_open(
    inputs: tuple[Declared, ...],
    shapes: Mapping[str, tuple[Dim, ...] | None],
    sizes: Mapping[str, int],
    file: str | None,
) -> None:
    notes: list[str] = []
    options: dict[str, None] = {}
    for each in inputs:
        shape = shapes[each.name]
        if shape is None:
            notes.append(f'input "{each.name}" has no shape')
            options[f"--input-shape {each.name}:1x?"] = None
        elif opened := tuple(dim for dim in shape if not isinstance(dim, int)):
            notes.append(f'input "{each.name}" {_written(shape)}: {_open_dims(opened)}')
            for dim in opened:
                options[f"--dim {dim}=1" if dim else f"--input-shape {each.name}:{_suggested(shape)}"] = None
    if notes:
        count = len(notes)
        message = f"{count} input{'s have' if count > 1 else ' has'} dimensions without a size"
        hint = f"pin them: {' '.join(options)}"
        raise UsageError(message, file=file, notes=tuple(notes), hint=hint)


def _open_dims(dims: tuple[Dim, ...]) -> str:
    named = [f'"{dim}"' for dim in dict.fromkeys(dims) if dim]
    unnamed = dims.count(None)
    parts = [*named, *([f"{unnamed} unnamed"] if unnamed else [])]
    return f"{', '.join(parts)} not pinned"


def _written(shape: tuple[Dim, ...]) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in shape) or "scalar"


def _suggested(shape: tuple[Dim, ...]) -> str:
    return "x".join(str(dim) if isinstance(dim, int) else "?" for dim in shape)
