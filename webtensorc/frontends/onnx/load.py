"""ONNX model in, `Model` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import onnx

from webtensorc import sizes
from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.onnx import relations
from webtensorc.frontends.onnx.check import walked
from webtensorc.frontends.onnx.files import Source, open_model
from webtensorc.frontends.onnx.interpreter import Interpreter
from webtensorc.frontends.onnx.locations import Locations
from webtensorc.frontends.onnx.signature import Signature, declared_inputs, pin
from webtensorc.frontends.onnx.structure import tensors
from webtensorc.frontends.onnx.trace import Traced, trace
from webtensorc.frontends.onnx.values import Value
from webtensorc.frontends.onnx.weights import Weights
from webtensorc.model import Model


def load(
    source: Any,
    *,
    name: str | None = None,
    dims: Mapping[str, Any] | None = None,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    constants: Mapping[str, Value] | None = None,
) -> Model:
    """Read an ONNX model (opset 7 to the newest of the installed onnx) and express it as StableHLO.

    Args:
        source: path of a `.onnx` file, or an `onnx.ModelProto`.
        name: the model's name; the file's stem if None.
        dims: sizes or bounds of named dimensions, as `webtensorc.sizes.read` takes them; others are open.
        input_shapes: whole shapes of inputs.
        constants: values of inputs that are fixed (arrays, or None for optional ones); they vanish from the signature.

    Raises:
        InvalidFileError: the file is not a valid model, or its external data is missing or unsafe.
        UnsupportedError: the model is valid but needs what this version lacks.
        UsageError: an input without a rank, or unknown or contradictory `dims`, `input_shapes` or `constants`.
    """
    opened = open_model(source)
    fixed = dict(constants or {})
    inputs = declared_inputs(opened, fixed)
    asked = {each: sizes.read(size, each) for each, size in (dims or {}).items()}
    signature = pin(inputs, asked, input_shapes or {}, opened.file)
    traced = _traced(opened, signature, fixed)
    return Model(
        name or opened.stem,
        traced.graph,
        traced.weights,
        traced.signature.inputs,
        traced.outputs,
        _external_files(opened),
        traced.signature.dims,
        traced.signature.constraints,
        warnings=tuple(f"{opened.file}: {each}" if opened.file else each for each in traced.warnings),
    )


def _traced(source: Source, signature: Signature, constants: Mapping[str, Value]) -> Traced:
    """The trace; if a node is refused for its open sizes, with what nodes behind it demand of these."""
    memory: relations.Memory = {}
    try:
        return trace(source, signature, constants, memory)
    except (UnsupportedError, InvalidFileError):
        if not signature.dims:
            raise
        unsupported, demanded = walked(source, signature, constants, memory=memory)
        if unsupported or demanded == signature:
            raise
        return trace(source, demanded, constants, memory)


def _external_files(source: Source) -> tuple[Path, ...]:
    """The files beside the model that its tensors lie in; whoever caches the model must notice when they change."""
    external = (each for each in tensors(source.proto.graph) if each.data_location == onnx.TensorProto.EXTERNAL)
    locations = {entry.value for tensor in external for entry in tensor.external_data if entry.key == "location"}
    return tuple(source.folder / location for location in sorted(locations)) if source.folder else ()


def evaluate(source: Any, values: Mapping[str, Value], names: Sequence[str]) -> dict[str, Value]:
    """The values of a model's outputs `names` for inputs that are all known, computed while tracing.

    Raises:
        DiagnosticError: as `load`.
    """
    opened = open_model(source)
    interpreter = Interpreter(opened, Weights({}), Locations())
    with jax.enable_x64(True):
        outputs = interpreter.main(values)
    found = dict(zip((each.name for each in opened.proto.graph.output), outputs, strict=True))
    return {name: found[name] for name in names}
