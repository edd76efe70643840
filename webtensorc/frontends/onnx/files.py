"""Reading a model file: what can be wrong with it before its graph is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
from onnx import defs

from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.onnx.lifting import OLDEST_OPSET, lifted

_DEFAULT_DOMAIN = ("", "ai.onnx")


@dataclass(frozen=True)
class Source:
    """A parsed model and where it came from.

    Attributes:
        proto: the ModelProto, external data not loaded.
        file: the file's name as the user wrote it, for messages; None for an in-memory model.
        folder: where external data is looked for; None refuses external data.
        opsets: imported version by domain, the default domain under "".
    """

    proto: Any
    file: str | None
    folder: Path | None
    opsets: dict[str, int]

    @property
    def stem(self) -> str:
        """A name for the model: the file's, else the graph's."""
        return Path(self.file).stem if self.file else (self.proto.graph.name or "model")


def open_model(source: Any) -> Source:
    """Read a path or take a ModelProto, and check its versions.

    Raises:
        InvalidFileError: missing, unreadable, empty, truncated or not an ONNX model.
        UnsupportedError: IR version or opset newer or older than this version reads.
    """
    if isinstance(source, onnx.ModelProto):
        proto, file, folder = source, None, None
    else:
        path = Path(source)
        proto, file, folder = _parse(path), str(source), path.resolve().parent
    if not proto.HasField("graph"):
        raise InvalidFileError("the file holds no ONNX graph", file=file, hint="is it an ONNX model?")
    opsets = _opsets(proto, file)
    if opsets.get("", OLDEST_OPSET) < OLDEST_OPSET:
        proto = lifted(proto, opsets[""], file)
        opsets = _opsets(proto, file)
    return Source(proto, file, folder, opsets)


def _parse(path: Path) -> Any:
    file, doing = str(path), "reading the model"
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidFileError(f"the model cannot be read: {reason}", file=file, doing=doing) from None
    if not content:
        raise InvalidFileError("the file is empty", file=file, doing=doing)
    again = "download or export the model again"
    try:
        proto = onnx.ModelProto.FromString(content)
    except DecodeError:
        message = "the file is not an ONNX model, or it is truncated"
        raise InvalidFileError(message, file=file, doing=doing, hint=again) from None
    for field in _garbled(proto):
        raise InvalidFileError(f"the model's text is not UTF-8, in {field}", file=file, doing=doing, hint=again)
    return proto


def _garbled(message: Any) -> Iterator[str]:
    """The fields of text within a message that are not UTF-8, which the parser hands out as bytes."""
    if isinstance(message, onnx.TensorProto):  # to list its fields would copy the data
        if isinstance(message.name, bytes):
            yield "TensorProto.name"
        return
    for field, value in message.ListFields():
        several = [value] if isinstance(value, str | bytes | Message) else value
        if field.type == field.TYPE_STRING and any(isinstance(each, bytes) for each in several):
            yield field.full_name.removeprefix("onnx.")
        elif field.type == field.TYPE_MESSAGE:
            for each in several:
                yield from _garbled(each)


def _opsets(proto: Any, file: str | None) -> dict[str, int]:
    if proto.ir_version > onnx.IR_VERSION:
        raise UnsupportedError(
            f"ONNX IR version {proto.ir_version} is newer than {onnx.IR_VERSION}, the newest this version reads",
            file=file,
            hint="export the model for an older IR version, or update webtensorc",
        )
    if proto.ir_version < 1:
        raise InvalidFileError("the model states no ONNX IR version", file=file)
    opsets: dict[str, int] = {}
    for each in proto.opset_import:
        domain = "" if each.domain in _DEFAULT_DOMAIN else each.domain
        if opsets.setdefault(domain, each.version) != each.version:
            message = f'the model imports opsets {opsets[domain]} and {each.version} of the domain "{each.domain}"'
            raise InvalidFileError(message, file=file, hint="a domain is imported once; export the model again")
    if not opsets:
        raise InvalidFileError("the model imports no operator set", file=file, hint="IR version 3 or newer states one")
    newest = defs.onnx_opset_version()
    version = opsets.setdefault("", newest)
    if version > newest:
        raise UnsupportedError(
            f"opset {version} is newer than {newest}, the newest this version reads",
            file=file,
            hint=f"export the model with opset {newest} or older, or update webtensorc",
        )
    return opsets
