"""Open dimensions: checking what the user pinned, and refining a module to static shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from webtensorc.errors import Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.stablehlo.inline import nested
from webtensorc.frontends.stablehlo.signature import Argument
from webtensorc.frontends.stablehlo.source import run_passes
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC, dtype_and_shape, mlir_element

_PINNING = "pinning dimensions"


def pin(
    inputs: Sequence[Argument],
    input_shapes: Mapping[str, tuple[int, ...]],
    dims: Mapping[str, int],
    file: str | None,
) -> list[tuple[int, ...]]:
    """The static shape of every input; plain StableHLO has no names for dimensions, so `dims` must be empty.

    Raises:
        UsageError: an open dimension was given no size, a given shape does not fit, or a name is unknown.
    """
    if dims:
        raise UsageError(
            f"the model has no named dimension {', '.join(map(repr, dims))}",
            file=file,
            doing=_PINNING,
            hint="StableHLO does not name dimensions; use --input-shape NAME:AxBxC"
            if any(DYNAMIC in argument.shape for argument in inputs)
            else "all its shapes are fixed",
        )
    check_names(inputs, input_shapes, file)
    shapes = []
    for argument in inputs:
        given = input_shapes.get(argument.name, argument.shape)
        check_fits(argument, given, file)
        if DYNAMIC in given:
            axis = given.index(DYNAMIC)
            example = "x".join(str(1 if size == DYNAMIC else size) for size in argument.shape)
            raise UsageError(
                f"dimension {axis} of input {argument} has no size",
                file=file,
                doing=_PINNING,
                hint=f"give the input's shape, for example --input-shape {argument.name}:{example}",
            )
        shapes.append(given)
    return shapes


def check_names(inputs: Iterable[Argument], input_shapes: Mapping[str, tuple[int, ...]], file: str | None) -> None:
    """Raise UsageError where `input_shapes` names an input that the model does not have."""
    known = {argument.name for argument in inputs}
    for name in input_shapes:
        if name not in known:
            listed = "; ".join(map(str, inputs)) or "none"
            raise UsageError(f"no input is named {name!r}", file=file, doing=_PINNING, hint=f"inputs: {listed}")


def check_fits(argument: Argument, given: tuple[int, ...], file: str | None) -> None:
    """Raise UsageError where `given` contradicts the fixed dimensions of `argument` or its rank."""
    fits = len(given) == len(argument.shape) and all(
        size in (DYNAMIC, wanted) for size, wanted in zip(argument.shape, given, strict=True)
    )
    if not fits or any(size < 0 and size != DYNAMIC for size in given):
        raise UsageError(
            f"input {argument} cannot take the shape {'x'.join(map(str, given)) or '(scalar)'}",
            file=file,
            doing=_PINNING,
        )


def refine(module: Any, types: Sequence[tuple[str, tuple[int, ...]]], file: str | None) -> None:
    """Give the arguments of `main` the static types `types` and carry them through the body.

    Raises:
        UnsupportedError: sizes remain that depend on data.
    """
    listed = ",".join(f"tensor<{''.join(f'{size}x' for size in shape)}{mlir_element(dtype)}>" for dtype, shape in types)
    run_passes(
        module,
        f"stablehlo-refine-arguments{{types={listed}}},stablehlo-refine-shapes,canonicalize,"
        "func.func(stablehlo-canonicalize-dynamism),canonicalize",
    )
    open_operations: dict[str, list[str]] = {}
    for operation in nested(module.operation):
        for result in operation.results:
            found = dtype_and_shape(result.type)
            if found and DYNAMIC in found[1]:
                open_operations.setdefault(operation.name, []).append(str(result.type))
    if open_operations:
        raise UnsupportedError(
            "sizes remain that are not known before the model runs",
            tuple(
                Unsupported(name, "the size of its result depends on data", tuple(kinds))
                for name, kinds in open_operations.items()
            ),
            file=file,
            doing="refining shapes",
        )
