"""Front ends: everything a user may hand in, turned into a `Model`.

What a source is, its content decides (`webtensorc.frontends.detect`); the front end for it is imported only then.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtensorc_runtime.dtypes import DTYPES

from webtensorc import sizes
from webtensorc.errors import Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.detect import Format, detect

if TYPE_CHECKING:
    from webtensorc.model import Model

__all__ = ["load_model"]

Asked = dict[str, sizes.Sizes]
"""What is asked of named dimensions."""


def load_model(
    source: Any,
    *,
    dims: Mapping[str, Any] | None = None,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
) -> Model:
    """Read a model from a file or from an object.

    Args:
        source: a path (ONNX; StableHLO as text, MLIR bytecode or portable artifact; a file written by
            `jax.export.Exported.serialize()`; a `.wtb` bundle), an `onnx.ModelProto`, a `jax.export.Exported`, a
            `Bundle`, or a `Model`, which is returned as it is.
        dims: sizes or bounds of named dimensions, `{"batch": 1, "seq": (1, 512)}`, as `webtensorc.sizes.read` takes
            them; one that is not mentioned is open. Sizes to have variants for say nothing here.
        input_shapes: whole shapes by input name, `{"x": (1, 3, 224, 224)}`.

    Raises:
        InvalidFileError: the file is missing, unreadable, damaged, or of a kind that is not accepted.
        UsageError: an input has no rank, or `dims` or `input_shapes` do not fit the model.
        UnsupportedError: the model is valid but needs what this version lacks.
    """
    shapes = {name: tuple(shape) for name, shape in (input_shapes or {}).items()}
    asked = {name: sizes.read(size, name) for name, size in (dims or {}).items()}
    model = _read(source, asked, shapes)
    if items := _unpassable(model):
        file = str(source) if isinstance(source, str | Path) else None
        raise UnsupportedError("no runtime passes arrays of these types to or from a model", items, file=file)
    return model


def _unpassable(model: Model) -> tuple[Unsupported, ...]:
    """The inputs and outputs whose element type cannot cross the border of a compiled module."""
    sides = {"input": model.inputs, "output": model.outputs}
    return tuple(
        Unsupported(side, f"arrays of type {spec.dtype} cannot be passed", (spec.name,))
        for side, specs in sides.items()
        for spec in specs
        if DTYPES[spec.dtype].element is None
    )


def _read(source: Any, asked: Asked, shapes: dict[str, tuple[int, ...]]) -> Model:
    if isinstance(source, str | Path):
        return _from_file(Path(source), asked, shapes)
    if _is_instance(source, "webtensorc.model", "Model"):
        return _from_model(source, asked, shapes)
    if _is_instance(source, "webtensorc.artifact", "Bundle"):
        return _from_model(source.model, asked, shapes)
    if _is_instance(source, "onnx", "ModelProto"):
        from webtensorc.frontends import onnx

        name = source.graph.name or "model"
        return onnx.load(source, name=model_name(name), dims=asked, input_shapes=shapes)
    if _is_instance(source, "jax.export", "Exported"):
        from webtensorc.frontends import stablehlo

        return stablehlo.load_exported(source, dims=asked, input_shapes=shapes)
    raise UsageError(
        f"cannot read a model from a `{type(source).__module__}.{type(source).__qualname__}`",
        hint="pass a path, an onnx.ModelProto, a jax.export.Exported, a Bundle or a Model",
    )


def model_name(text: str) -> str:
    """`text` reduced to characters that are safe in file names and MLIR symbols; never empty."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.-") or "model"


def _from_file(path: Path, dims: Asked, shapes: dict[str, tuple[int, ...]]) -> Model:
    found = detect(path)
    name = model_name(path.stem)
    if found is Format.ONNX:
        from webtensorc.frontends import onnx

        return onnx.load(path, name=name, dims=dims, input_shapes=shapes)
    if found is Format.BUNDLE:
        from webtensorc.artifact import Bundle

        return _from_model(Bundle.load(path).model, dims, shapes)
    from webtensorc.frontends import stablehlo

    return stablehlo.load(path, found, name=name, dims=dims, input_shapes=shapes)


def _is_instance(value: object, module: str, name: str) -> bool:
    """Whether `value` is an instance of `module.name`, without importing what the caller has not imported."""
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and isinstance(value, cls)


def _from_model(model: Model, asked: Asked, shapes: dict[str, tuple[int, ...]]) -> Model:
    """`model` with other bounds, or with sizes for some of its open dimensions."""
    if not asked and not shapes:
        return model
    from webtensorc.frontends.stablehlo import specialise

    return specialise.pinned(model, asked, shapes)
