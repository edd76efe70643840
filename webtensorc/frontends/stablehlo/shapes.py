"""Open dimensions: checking what the user asked of them, and carrying sizes through a module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jaxlib.mlir import ir
from webtensorc_runtime.dims import Bounds, Dim, Place, names, solve, substitute

from webtensorc.errors import Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.stablehlo import divisions
from webtensorc.frontends.stablehlo.inline import nested
from webtensorc.frontends.stablehlo.signature import Argument
from webtensorc.frontends.stablehlo.source import run_passes
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC, dtype_and_shape, mlir_element
from webtensorc.sizes import Sizes

_PINNING = "pinning dimensions"


@dataclass(frozen=True)
class Pinned:
    """The shapes of all inputs, the sizes that names were given, and the named dimensions that stay open."""

    shapes: tuple[tuple[Dim, ...], ...]
    sizes: Mapping[str, int]
    dims: tuple[Bounds, ...]

    def extents(self) -> list[tuple[int, ...]]:
        """The shapes with `DYNAMIC` for open dimensions."""
        return [tuple(DYNAMIC if isinstance(dim, str) else dim for dim in shape) for shape in self.shapes]


def pin(
    inputs: Sequence[Argument],
    declared: Sequence[Sequence[Dim]],
    dims: Mapping[str, Sizes],
    input_shapes: Mapping[str, tuple[int, ...]],
    file: str | None,
) -> Pinned:
    """What is asked of the inputs, carried out.

    Args:
        inputs: as the module declares them.
        declared: their shapes, with names and expressions for open dimensions.
        dims: sizes and bounds by name; other dimensions are open, from 1 on.
        input_shapes: whole shapes by input.
        file: for messages.

    Raises:
        UsageError: a given shape does not fit, sizes contradict each other, or a name is unknown.
    """
    known = names(dim for shape in declared for dim in shape)
    for name in dims:
        if name not in known:
            hint = f"named dimensions: {', '.join(known)}" if known else "all its shapes are fixed"
            raise UsageError(f"no dimension is named {name!r}", file=file, doing=_PINNING, hint=hint)
    check_names(inputs, input_shapes, file)
    sizes = {name: each.fixed for name, each in dims.items() if each.fixed is not None}
    anything = {name: Bounds(name) for name in known}
    for argument, shape in zip(inputs, declared, strict=True):
        if argument.name in input_shapes:
            given = input_shapes[argument.name]
            check_fits(argument, given, file)
            for name, size in _told(argument, shape, given, anything, file).items():
                if sizes.setdefault(name, size) != size:
                    message = f"dimension {name!r} is given as {sizes[name]} and as {size}"
                    raise UsageError(message, file=file, doing=_PINNING)
    pinned = tuple(tuple(substitute(dim, sizes) for dim in shape) for shape in declared)
    for argument, shape, made in zip(inputs, declared, pinned, strict=True):
        given = input_shapes.get(argument.name, ())
        if argument.name in input_shapes and given != made:
            declared_shape = f"[{', '.join(map(str, shape))}], here {made}"
            message = f"input {argument.name} has the shape {declared_shape}, and cannot take {given}"
            raise UsageError(message, file=file, doing=_PINNING)
        check_fits(argument, tuple(dim if isinstance(dim, int) else DYNAMIC for dim in made), file)
    left = names(dim for shape in pinned for dim in shape)
    return Pinned(pinned, sizes, tuple(dims.get(name, Sizes()).bounds(name) for name in left))


def _told(
    argument: Argument,
    shape: Sequence[Dim],
    given: tuple[int, ...],
    anything: Mapping[str, Bounds],
    file: str | None,
) -> dict[str, int]:
    """The sizes of names that a whole shape tells; expressions of several names tell nothing here."""
    alone = [axis for axis, dim in enumerate(shape) if isinstance(dim, str) and len(names([dim])) == 1]
    alone.sort(key=lambda axis: not str(shape[axis]).isidentifier())
    found: dict[str, int] = {}
    for axis in alone:
        place = Place(argument.name, axis, shape[axis])
        try:
            found.update(solve([place], [given[axis]], anything) if names([place.dim])[0] not in found else {})
        except UsageError as error:
            raise UsageError(error.message, file=file, doing=_PINNING) from None
    return found


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


def refine(module: Any, types: Sequence[tuple[str, tuple[int, ...]]], file: str | None = None) -> None:
    """Give the arguments of `main` the types `types` and carry what is fixed in them through the body.

    Raises:
        UsageError: an operation cannot have such sizes.
    """
    divisions.guard(module)
    listed = ",".join(
        f"tensor<{''.join(f'{_extent(size)}x' for size in shape)}{mlir_element(dtype)}>" for dtype, shape in types
    )
    try:
        run_passes(
            module,
            f"stablehlo-refine-arguments{{types={listed}}},stablehlo-refine-shapes,canonicalize,"
            "func.func(stablehlo-canonicalize-dynamism),canonicalize",
        )
    except ir.MLIRError as error:
        first = next((each.message for each in error.error_diagnostics), str(error))
        raise UsageError(f"the model cannot have these sizes: {first}", file=file, doing=_PINNING) from None


def _extent(size: int) -> str:
    return "?" if size == DYNAMIC else str(size)


def refuse_open(module: Any, file: str | None) -> None:
    """Raise UnsupportedError if sizes remain that depend on data."""
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
