"""What `jax.export` writes (`Exported.serialize()`) and holds (`Exported`).

Of a file, only the module and its calling convention are read, straight from the flatbuffer: pytree nodes of the user's
own classes need not be registered here, and no code of theirs runs. Names come from the module, where JAX records the
key path of every argument and result (see `names`). The schema is jax/_src/export/serialization.fbs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jax import export
from jax._src.export import serialization_generated as schema
from jaxlib.mlir import ir
from webtensorc_runtime.dims import Dim

from webtensorc.errors import InvalidFileError, Unsupported, UnsupportedError
from webtensorc.frontends.detect import Format
from webtensorc.frontends.stablehlo import shapes, source
from webtensorc.frontends.stablehlo.canonical import to_model
from webtensorc.frontends.stablehlo.signature import Argument
from webtensorc.model import Model
from webtensorc.sizes import Sizes


@dataclass(frozen=True)
class Export:
    """What is needed of an `Exported`.

    Attributes:
        name: the function's name.
        module: portable artifact; its arguments are those of `shapes`, after the platform index if there are
            several platforms.
        shapes, results: shape of every argument that the export kept, and of every result; dimensions are text (`"8"`,
            `"2*batch"`).
        platforms: what it was lowered for.
        convention: jax.export's calling convention version.
        effects: ordered effects, whose tokens it passes.
    """

    name: str
    module: bytes
    shapes: tuple[tuple[str, ...], ...]
    results: tuple[tuple[str, ...], ...]
    platforms: tuple[str, ...]
    convention: int
    effects: int


def from_object(exported: Any) -> Export:
    """The parts of a `jax.export.Exported`."""
    avals = [exported.in_avals[index] for index in exported.module_kept_var_idx]
    return Export(
        name=exported.fun_name,
        module=bytes(exported.mlir_module_serialized),
        shapes=tuple(tuple(map(str, aval.shape)) for aval in avals),
        results=tuple(tuple(map(str, aval.shape)) for aval in exported.out_avals),
        platforms=tuple(exported.platforms),
        convention=exported.calling_convention_version,
        effects=len(exported.ordered_effects),
    )


def read(data: bytes, file: str) -> Export:
    """The parts of a serialised `Exported`.

    Raises:
        InvalidFileError: it is truncated or damaged.
    """
    try:
        table = schema.Exported.GetRootAsExported(data, 0)  # type: ignore[no-untyped-call]
        _check_end(table, len(data))
        return _read(table)
    except (struct.error, IndexError, ValueError, AttributeError, TypeError, OverflowError, MemoryError):
        raise InvalidFileError(
            "the jax.export file is truncated or damaged", file=file, hint="write it again with Exported.serialize()"
        ) from None


def _check_end(table: Any, size: int) -> None:
    """The function's name is written first, so it lies last; flatbuffers would silently give a part of it."""
    slot = table._tab.Offset(6)
    if not slot or table._tab.Vector(slot) + table._tab.VectorLen(slot) + 1 > size:
        raise ValueError("truncated")


def _read(table: Any) -> Export:
    module = table.MlirModuleSerializedAsNumpy().tobytes()
    if len(module) != table.MlirModuleSerializedLength() or not module.startswith(b"ML\xefR"):
        raise ValueError("no module")
    kept = table.ModuleKeptVarIdxAsNumpy().tolist() if table.ModuleKeptVarIdxLength() else []
    if table.InAvalsIdxsLength():
        avals = [table.UniqueAvals(table.InAvalsIdxs(number)) for number in range(table.InAvalsIdxsLength())]
    else:
        avals = [table.InAvals(number) for number in range(table.InAvalsLength())]
    if table.OutAvalsIdxsLength():
        results = [table.UniqueAvals(table.OutAvalsIdxs(number)) for number in range(table.OutAvalsIdxsLength())]
    else:
        results = [table.OutAvals(number) for number in range(table.OutAvalsLength())]
    return Export(
        name=table.FunctionName().decode(),
        module=module,
        shapes=tuple(_shape(avals[index]) for index in kept),
        results=tuple(map(_shape, results)),
        platforms=tuple(table.Platforms(number).decode() for number in range(table.PlatformsLength())),
        convention=table.CallingConventionVersion(),
        effects=table.OrderedEffectsLength(),
    )


def _shape(aval: Any) -> tuple[str, ...]:
    return tuple(aval.Shape(axis).decode() for axis in range(aval.ShapeLength()))


def load(
    exported: Export,
    *,
    name: str,
    dims: Mapping[str, Sizes],
    input_shapes: Mapping[str, tuple[int, ...]],
    file: str | None,
) -> Model:
    """An `Export` to a `Model`. Raises as `webtensorc.frontends.load_model`."""
    _check(exported, file)

    def pinner(inputs: Sequence[Argument]) -> shapes.Pinned:
        return shapes.pin(inputs, list(map(_dims, exported.shapes)), dims, input_shapes, file)

    platform = exported.platforms.index("cpu") if "cpu" in exported.platforms else 0
    results = list(map(_dims, exported.results))
    with source.context(), ir.Location.unknown():
        module = source.parse(exported.module, Format.PORTABLE_ARTIFACT, file, "reading the module of the export")
        return to_model(module, name=name, file=file, pinner=pinner, platform=platform, results=results)


def _dims(shape: Sequence[str]) -> tuple[Dim, ...]:
    """A shape as `Dim`s. JAX's parser brings expressions of numbers alone to a number."""
    return tuple(int(dim) if dim.isdigit() else dim for dim in shape)


def _check(exported: Export, file: str | None) -> None:
    low, high = export.minimum_supported_calling_convention_version, export.maximum_supported_calling_convention_version
    if not low <= exported.convention <= high:
        raise InvalidFileError(
            f"calling convention {exported.convention} of jax.export is not supported; supported: {low} to {high}",
            file=file,
            hint="export it again with a JAX of about the same age as this installation's",
        )
    if exported.effects:
        raise UnsupportedError(
            "the export has ordered side effects",
            (Unsupported("token", "ordered effects such as io_callback have no place in a model", (exported.name,)),),
            file=file,
        )
