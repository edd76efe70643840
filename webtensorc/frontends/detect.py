"""What a file is, judged by its first bytes; its extension is never trusted, only mentioned."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from enum import Enum
from pathlib import Path

from webtensorc.errors import InvalidFileError

ACCEPTED = (
    "accepted: ONNX (.onnx), StableHLO as text, MLIR bytecode or portable artifact (.mlir, .mlirbc, .stablehlo), "
    "files of jax.export's Exported.serialize(), and .wtb bundles"
)

_HEAD = 64 * 1024


class Format(Enum):
    """The kinds of model file."""

    ONNX = "ONNX"
    BUNDLE = "bundle"
    MLIR_TEXT = "MLIR text"
    MLIR_BYTECODE = "MLIR bytecode"
    PORTABLE_ARTIFACT = "StableHLO portable artifact"
    JAX_EXPORT = "jax.export file"


_FOREIGN = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x7fELF", "an ELF binary"),
    (b"MZ", "a Windows executable"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF\r\n", "an HDF5 file (a Keras model?)"),
    (b"GGUF", "a GGUF model"),
    (b"RIFF", "a RIFF file (audio or video)"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself (run `git lfs pull`)"),
)


def detect(path: Path) -> Format:
    """The kind of model file at `path`.

    Raises:
        InvalidFileError: missing, a directory, unreadable, empty, or not a model file; the message says what it looks
            like instead.
    """
    head, size = _read_head(path)
    if head.startswith(b"ML\xefR"):
        producer = head[4:].split(b"\0", 1)[0]
        return Format.PORTABLE_ARTIFACT if b"StableHLO_v" in producer else Format.MLIR_BYTECODE
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    for magic, looks_like in _FOREIGN:
        if head.startswith(magic):
            raise _not_a_model(path, looks_like)
    if _is_pickle(head):
        raise _not_a_model(path, "a Python pickle (which is never loaded: it can run code)")
    if head[4:8] == b"TFL3":
        raise _not_a_model(path, "a TensorFlow Lite model")
    if _is_jax_export(head, size):
        return Format.JAX_EXPORT
    if _is_safetensors(head, size):
        raise _not_a_model(path, "a safetensors file (weights without a graph)")
    text = _as_text(head)
    if text is not None:
        return _text_kind(path, text)
    if _is_onnx(head):
        return Format.ONNX
    raise _not_a_model(path, "none of the formats known")


def _read_head(path: Path) -> tuple[bytes, int]:
    file = str(path)
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            message = "this is a pipe; a model is mapped into memory, for which it must be a file"
            raise InvalidFileError(message, file=file, hint="write it into a file first")
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            size = stream.seek(0, 2)
    except FileNotFoundError:
        raise InvalidFileError("the file does not exist", file=file, hint="check the path") from None
    except IsADirectoryError:
        hint = "give the model file itself"
        if (path / "saved_model.pb").exists():
            hint = "this is a TensorFlow SavedModel; convert it to ONNX or StableHLO first"
        raise InvalidFileError("this is a directory, not a file", file=file, hint=hint) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidFileError(f"the file cannot be read: {reason}", file=file, hint="check its permissions") from None
    if not head:
        raise InvalidFileError("the file is empty", file=file, hint="write or download it again")
    return head, size


def _not_a_model(path: Path, looks_like: str) -> InvalidFileError:
    return InvalidFileError(f"not a model file: it looks like {looks_like}", file=str(path), hint=ACCEPTED)


def _zip_kind(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        # The bundle reader gives the exact reason; a damaged archive of another kind is no more useful.
        return Format.BUNDLE
    if "manifest.json" in names or path.suffix == ".wtb":
        return Format.BUNDLE
    if any(name.endswith("data.pkl") for name in names):
        raise _not_a_model(path, "a PyTorch archive; export it with torch.onnx.export first")
    if "config.json" in names and any(name.endswith(".h5") for name in names):
        raise _not_a_model(path, "a Keras archive")
    raise _not_a_model(path, "a ZIP archive that is no bundle (it has no manifest.json)")


def _is_pickle(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0x80 and head[1] in (2, 3, 4, 5)


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 10:
        return False
    (length,) = struct.unpack_from("<Q", head)
    return bool(2 <= length <= size - 8 and head[8:9] == b"{")


def _is_jax_export(head: bytes, size: int) -> bool:
    """Whether this is a flatbuffer whose root table has the fields of jax.export's schema (it has no magic of its own).

    Flatbuffers begin with the offset of the root table, and the root table with its distance to its vtable. Checked are
    the serialisation version and that names, trees and module are present, so truncated files are recognised as well.
    """
    if len(head) < 64:
        return False
    (root,) = struct.unpack_from("<I", head)
    if not 8 <= root <= len(head) - 4:
        return False
    (distance,) = struct.unpack_from("<i", head, root)
    vtable = root - distance
    if not 4 <= vtable <= len(head) - 36:
        return False
    length, table = struct.unpack_from("<HH", head, vtable)
    if length % 2 or not 36 <= length <= 256 or not 8 <= table <= 1024:
        return False
    slots = struct.unpack_from("<16H", head, vtable + 4)
    version, function, in_tree, module, convention = slots[0], slots[1], slots[2], slots[13], slots[14]
    if not all(0 < slot < table for slot in (version, function, in_tree, module, convention)):
        return False
    (value,) = struct.unpack_from("<H", head, root + version) if root + version + 2 <= len(head) else (0,)
    return bool(1 <= value <= 64 and root < size)


def _as_text(head: bytes) -> str | None:
    if b"\0" in head:
        return None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return None
        text = head[: error.start].decode("utf-8")
    return text if not re.search(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]", text) else None


def _text_kind(path: Path, text: str) -> Format:
    body = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE).lstrip("\ufeff \t\r\n")
    if re.match(r'(module\b|func\.func\b|"builtin\.module"|"func\.func"|#\w|!\w+\s*=|\{-#)', body) and re.search(
        r"\b(module|func)\b|stablehlo\.", text
    ):
        return Format.MLIR_TEXT
    if body.startswith("ir_version"):
        raise _not_a_model(path, "an ONNX model in protobuf text form; save it as binary .onnx")
    if body.startswith(("{", "[")):
        raise _not_a_model(path, "JSON text")
    if body.startswith("<"):
        raise _not_a_model(path, "XML or HTML text (a failed download?)")
    raise _not_a_model(path, "plain text")


def _is_onnx(head: bytes) -> bool:
    """Whether the first protobuf key is one of ModelProto's fields (onnx.proto3: 1 to 9, 14, 20, 25, 26)."""
    field, wire = head[0] >> 3, head[0] & 7
    if head[0] & 0x80:
        field = (head[0] & 0x7F) >> 3 | head[1] << 4 if len(head) > 1 else 0
    expected = 0 if field in (1, 5) else 2
    return field in (1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26) and wire == expected
