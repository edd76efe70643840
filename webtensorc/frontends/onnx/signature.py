"""The model's inputs, with a size or a name for every dimension."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds, Dim, places, renamed, substitute
from webtensorc_runtime.dims import names as dim_names
from webtensorc_runtime.manifest import TensorSpec

from webtensorc.errors import InvalidFileError, Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.naming import Names
from webtensorc.frontends.onnx.files import Source
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.sizes import Sizes

LARGEST_SIZE = 2**63 - 1
"""Of a dimension: sizes in MLIR are signed 64-bit integers."""

Declaration = int | str | None
"""A size, a name, or neither (unknown and unnamed)."""


@dataclass(frozen=True)
class Declared:
    """An input as the file declares it; `shape` is None where not even the rank is stated."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[Declaration, ...] | None


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
    except ValueError as error:
        raise InvalidFileError(str(error), file=source.file, place=place) from None
    if dtype.hasobject:
        reason = "string tensors cannot be passed to a compiled model"
        item = Unsupported("input", reason, (value.name,))
        raise UnsupportedError(reason, (item,), file=source.file, place=place)
    return Declared(value.name, dtype, declared_shape(tensor))


def declared_shape(tensor: Any) -> tuple[Declaration, ...] | None:
    """The shape that a TypeProto.Tensor states, None where not even the rank is stated."""
    return tuple(map(_dim, tensor.shape.dim)) if tensor.HasField("shape") else None


def _dim(dim: Any) -> Declaration:
    """A size, a name, or None: PaddlePaddle's exporter writes `?` and -1 for what it does not know, others "-1"."""
    if dim.WhichOneof("value") == "dim_param" and any(map(str.isalpha, dim.dim_param)):
        return str(dim.dim_param)
    is_size = dim.WhichOneof("value") == "dim_value" and dim.dim_value >= 0
    return int(dim.dim_value) if is_size else None


@dataclass(frozen=True)
class Signature:
    """The inputs, the named dimensions that are open in them, and what the sizes of these must keep besides.

    `identities` say how quotients are written in the trace (see `quotients`); they hold for all sizes.
    """

    inputs: tuple[TensorSpec, ...]
    dims: tuple[Bounds, ...]
    constraints: tuple[Constraint, ...] = ()
    identities: tuple[str, ...] = ()

    def with_multiples(self, steps: Mapping[str, int]) -> Signature:
        """Only multiples of these steps for some dimensions.

        Raises:
            ValueError: there is none within the bounds.
        """
        return replace(self, dims=tuple(each.within(step=steps.get(each.name, 1)) for each in self.dims))

    def with_bounds(self, name: str, least: int = 1, most: int | None = None) -> Signature:
        """Only sizes within these bounds, too, for one dimension.

        Raises:
            ValueError: there is none.
        """
        return replace(self, dims=tuple(each.within(least, most) if each.name == name else each for each in self.dims))

    def with_numbers(self) -> Signature:
        """Numbers in place of dimensions that have one size only."""
        only = next((each for each in self.dims if each.least == each.most), None)
        return self.with_equal(only.name, str(only.least)).with_numbers() if only else self

    def with_equal(self, name: str, expression: str) -> Signature:
        """A number, or an expression of the other dimensions, in place of one, whose bounds become constraints.

        Raises:
            ValueError: the number is out of bounds, or the inputs' sizes would not tell the other dimensions any more.
        """
        (bounds,) = (each for each in self.dims if each.name == name)
        dims = tuple(each for each in self.dims if each.name != name)
        if expression.isdigit():
            if int(expression) not in bounds:
                raise ValueError(f"{expression} is none of {bounds.range}")
            inputs = tuple(_with_shape(each, each.at({name: int(expression)}).shape) for each in self.inputs)
            kept = tuple(each.at({name: int(expression)}) for each in self.constraints)
            return replace(self, inputs=inputs, dims=dims, constraints=kept)
        inputs = tuple(
            _with_shape(each, tuple(renamed(dim, {name: expression}) for dim in each.shape)) for each in self.inputs
        )
        places((each.name, each.shape) for each in inputs)
        found = [f"{expression} - {bounds.least}"] if bounds.least > 1 else []
        found += [f"{bounds.most} - ({expression})"] if bounds.most is not None else []
        constraints = [Constraint(each, ">=") for each in found]
        if bounds.step > 1:
            constraints.append(Constraint(f"mod({expression}, {bounds.step})", "=="))
        kept = tuple(
            Constraint(str(renamed(each.expression, {name: expression})), each.relation) for each in self.constraints
        )
        return replace(self, inputs=inputs, dims=dims, constraints=(*kept, *constraints))


def _with_shape(spec: TensorSpec, shape: tuple[Dim, ...]) -> TensorSpec:
    """An input with what its file does not say of its shape."""
    return spec if spec.shape == shape else replace(spec, shape=shape, declared=spec.declared or spec.shape)


def pin(
    inputs: tuple[Declared, ...],
    dims: Mapping[str, Sizes],
    input_shapes: Mapping[str, tuple[int, ...]],
    file: str | None,
) -> Signature:
    """The inputs with sizes or names for all dimensions.

    Args:
        inputs: as declared.
        dims: what is asked of named dimensions, by the file's names or ours (see `naming`).
        input_shapes: whole shapes of inputs; they also give the sizes of the named dimensions in them.
        file: for messages.

    Raises:
        UsageError: an unknown name, sizes that contradict each other or the file, or an input without a rank.
    """
    names = Names.of([(each.name, each.shape) for each in inputs if each.shape is not None])
    asked = {names.ours(name): each for name, each in dims.items()}
    _check_names("dimension", asked, names.symbols(), file)
    _check_names("input", input_shapes, [each.name for each in inputs], file)
    sizes = {name: each.fixed for name, each in asked.items() if each.fixed is not None}
    shapes = {each.name: None if each.shape is None else names.shape(each.name, each.shape) for each in inputs}
    for each in inputs:
        if each.name in input_shapes:
            _bind(each, shapes[each.name], tuple(input_shapes[each.name]), sizes, file)
    shapes.update({name: tuple(shape) for name, shape in input_shapes.items()})
    _refuse_shapeless(inputs, shapes, file)
    specs = tuple(TensorSpec(each.name, str(each.dtype), _shape(shapes[each.name] or (), sizes)) for each in inputs)
    opened = dim_names(dim for each in specs for dim in each.shape)
    return Signature(specs, tuple(asked.get(name, Sizes()).bounds(name) for name in opened))


def _check_names(kind: str, given: Iterable[str], known: list[str], file: str | None) -> None:
    for name in given:
        if name in known:
            continue
        close = difflib.get_close_matches(name, known, 1)
        listed = ", ".join(f'"{each}"' for each in known) or "none"
        hint = f'did you mean "{close[0]}"? ' if close else ""
        raise UsageError(f'the model has no {kind} "{name}"', file=file, hint=f"{hint}its {kind}s are: {listed}")


def _bind(
    each: Declared, declared: tuple[Dim, ...] | None, shape: tuple[int, ...], sizes: dict[str, int], file: str | None
) -> None:
    """Check a whole shape against the declaration, and take the sizes of named dimensions from it."""
    place = f'input "{each.name}"'
    shown = "x".join(map(str, shape))
    if not all(0 <= size <= LARGEST_SIZE for size in shape):
        raise UsageError(f"the shape {shown} has a size that no tensor can have", file=file, place=place)
    if declared is None:
        return
    hint = f"the declared shape is {_written(each.shape or ())}"
    if len(shape) != len(declared):
        message = f"the shape {shown} has rank {len(shape)}, the model declares rank {len(declared)}"
        raise UsageError(message, file=file, place=place, hint=hint)
    for position, (size, dim) in enumerate(zip(shape, declared, strict=True)):
        if isinstance(dim, int) and dim != size:
            message = f"dimension {position} is {dim} in the model, not {size}"
            raise UsageError(message, file=file, place=place, hint=hint)
        if isinstance(dim, str) and dim.isidentifier() and sizes.setdefault(dim, size) != size:
            message = f'dimension "{dim}" cannot be both {sizes[dim]} and {size}'
            raise UsageError(message, file=file, place=place, hint="give one of them, or make them agree")


def _shape(shape: tuple[Dim, ...], sizes: Mapping[str, int]) -> tuple[Dim, ...]:
    """The shape with sizes for the names that have one."""
    return tuple(substitute(dim, sizes) for dim in shape)


def _refuse_shapeless(
    inputs: tuple[Declared, ...], shapes: Mapping[str, tuple[Dim, ...] | None], file: str | None
) -> None:
    names = [each.name for each in inputs if shapes[each.name] is None]
    if names:
        message = f"{len(names)} input{'s have' if len(names) > 1 else ' has'} no shape"
        hint = f"give it: {' '.join(f'--input-shape {name}:1x?' for name in names)}"
        raise UsageError(message, file=file, notes=tuple(f'input "{name}" has no shape' for name in names), hint=hint)


def _written(shape: Sequence[Declaration]) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in shape) or "scalar"
