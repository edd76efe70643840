"""StableHLO in all its forms, and jax.export, to a `Model`.

Forms: text, MLIR bytecode, portable artifact (StableHLO compatibility.md), and what `jax.export` writes or holds.
The result is one function `main` in canonical shape: calls inlined, big constants lifted to weights, static shapes,
locations without paths. The same computation gives the same bytes wherever it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxlib.mlir import ir

from webtensorc.frontends.detect import Format
from webtensorc.frontends.naming import Names
from webtensorc.frontends.stablehlo import shapes, signature, source
from webtensorc.frontends.stablehlo.canonical import to_model
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC
from webtensorc.model import Model
from webtensorc.sizes import Sizes

__all__ = ["load", "load_exported"]


def load(
    path: Path,
    form: Format,
    *,
    name: str,
    dims: Mapping[str, Sizes],
    input_shapes: Mapping[str, tuple[int, ...]],
) -> Model:
    """Read a file of a known form. Raises as `webtensorc.frontends.load_model`."""
    data, file = source.read_file(path), str(path)
    if form is Format.JAX_EXPORT:
        from webtensorc.frontends.stablehlo import jax_export

        export = jax_export.read(data, file)
        source.check(export.module, Format.PORTABLE_ARTIFACT, file, "reading the module of the export")
        return jax_export.load(export, name=name, dims=dims, input_shapes=input_shapes, file=file)

    def pinner(inputs: Sequence[signature.Argument]) -> shapes.Pinned:
        declared = [[None if size == DYNAMIC else size for size in each.shape] for each in inputs]
        names = Names.of([(each.name, shape) for each, shape in zip(inputs, declared, strict=True)])
        found = [names.shape(each.name, shape) for each, shape in zip(inputs, declared, strict=True)]
        return shapes.pin(inputs, found, dims, input_shapes, file)

    doing = f"reading {form.value}"
    source.check(data, form, file, doing)
    with source.context(), ir.Location.unknown():
        module = source.parse(data, form, file, doing)
        return to_model(module, name=name, file=file, pinner=pinner)


def load_exported(exported: Any, *, dims: Mapping[str, Sizes], input_shapes: Mapping[str, tuple[int, ...]]) -> Model:
    """Read a `jax.export.Exported`. Raises as `webtensorc.frontends.load_model`."""
    from webtensorc.frontends import model_name
    from webtensorc.frontends.stablehlo import jax_export

    export = jax_export.from_object(exported)
    return jax_export.load(export, name=model_name(export.name), dims=dims, input_shapes=input_shapes, file=None)
