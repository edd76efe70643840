"""Files that are no models, or damaged ones: InvalidFileError with the file and a hint, never a crash."""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import export

from fixtures import jax_models
from webtensorc.errors import DiagnosticError, InvalidFileError, UnsupportedError
from webtensorc.frontends import load_model
from webtensorc.frontends.detect import Format, detect


def _zip(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return stream.getvalue()


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ones(3))
    return stream.getvalue()


WRONG = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG image"),
    "pdf": (b"%PDF-1.7\n", "a PDF document"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "gzip-compressed data"),
    "elf": (b"\x7fELF" + bytes(100), "an ELF binary"),
    "npy": (_npy(), "a NumPy array"),
    "pickle": (pickle.dumps({"weights": [1.0, 2.0]}), "a Python pickle"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(100), "a TensorFlow Lite model"),
    "gguf": (b"GGUF\3\0\0\0" + bytes(100), "a GGUF model"),
    "safetensors": (struct.pack("<Q", 2) + b"{}" + bytes(8), "a safetensors file"),
    "text": (b"Hello, this is a shopping list:\n- milk\n", "plain text"),
    "python": (b"import torch\nmodel = torch.load('x')\n", "plain text"),
    "json": (json.dumps({"a": 1}).encode(), "JSON text"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "XML or HTML text"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a Git LFS pointer"),
    "pytorch": (_zip(archive__data_dot_pkl=b"\x80\x02}."), "a PyTorch archive"),
    "zip": (_zip(readme=b"hello"), "a ZIP archive that is no bundle"),
    "onnx-text": (b'ir_version: 8\ngraph {\n  name: "g"\n}\n', "an ONNX model in protobuf text form"),
    "zeros": (bytes(1000), "none of the formats known"),
    "noise": (bytes(range(255, 0, -1)) * 4, "none of the formats known"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_files_say_what_they_look_like(kind, tmp_path):
    data, looks_like = WRONG[kind]
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(InvalidFileError, match=looks_like) as e:
        load_model(path)
    assert e.value.file == str(path)
    assert e.value.hint and ".onnx" in e.value.hint and ".wtb" in e.value.hint
    assert e.value.exit_code == 3


def test_missing_empty_and_directory(tmp_path):
    for path, message in (
        (tmp_path / "missing.onnx", "does not exist"),
        (tmp_path, "is a directory"),
        (tmp_path / "missing" / "m.onnx", "does not exist"),
    ):
        with pytest.raises(InvalidFileError, match=message) as e:
            load_model(path)
        assert e.value.file == str(path) and e.value.hint
    (tmp_path / "empty.mlir").touch()
    with pytest.raises(InvalidFileError, match="is empty"):
        load_model(tmp_path / "empty.mlir")
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InvalidFileError) as e:
        load_model(tmp_path)
    assert e.value.hint and "SavedModel" in e.value.hint


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidFileError, match="this is a pipe"):
        load_model(tmp_path / "pipe")


def test_unreadable(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"x")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidFileError, match="cannot be read: Permission denied"):
        load_model(path)


@pytest.fixture(scope="module")
def exported() -> export.Exported:
    return jax_models.export_with_arguments(jax_models.training_step())


def test_kinds_are_told_apart(exported, tmp_path):
    path = tmp_path / "model"
    for data, kind in (
        (bytes(exported.serialize()), Format.JAX_EXPORT),
        (bytes(exported.mlir_module_serialized), Format.PORTABLE_ARTIFACT),
        (b"ML\xefR\x0dMLIR21.0\0\0", Format.MLIR_BYTECODE),
        (b"// comment\n\nmodule {\n}\n", Format.MLIR_TEXT),
        (b"#loc = loc(unknown)\nmodule {}", Format.MLIR_TEXT),
        (b'"builtin.module"() ({}) : () -> ()', Format.MLIR_TEXT),
        (_zip(manifest_dot_json=b"{}"), Format.BUNDLE),
    ):
        path.write_bytes(data)
        assert detect(path) is kind


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("form", ["jax-export", "portable-artifact", "text"])
def test_truncated_files(exported, form, part, tmp_path):
    data = bytes(exported.serialize()) if form == "jax-export" else bytes(exported.mlir_module_serialized)
    if form == "text":
        data = exported.mlir_module().encode()
    path = tmp_path / "model"
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(InvalidFileError) as e:
        load_model(path)
    assert e.value.file == str(path)


def test_a_bit_that_crashes_the_native_reader_is_survived(exported, tmp_path):
    """A name that is no UTF-8 ends the process that prints it; found by flipping bits."""
    data = bytes(exported.mlir_module_serialized)
    assert b"func" in data
    path = tmp_path / "model"
    path.write_bytes(data.replace(b"func", b"f\xefnc", 1))
    with pytest.raises(InvalidFileError, match="damaged or malformed") as e:
        load_model(path)
    assert e.value.notes


def test_malformed_text_names_line_and_column(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_text("module {\n  func.func @main() {\n    %0 = stablehlo.nonsense : tensor<f32>\n  }\n}\n")
    with pytest.raises(InvalidFileError, match="MLIR text is damaged or malformed") as e:
        load_model(path)
    assert e.value.notes[0].startswith("line 3, column 10: ")


def test_text_that_is_not_utf8_far_inside(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_bytes(b"module {\n" + b"// padding padding\n" * 5000 + b"\xff\xfe }")
    with pytest.raises(InvalidFileError, match="damaged or malformed") as e:
        load_model(path)
    assert "UTF-8" in e.value.notes[0]


def test_a_newer_stablehlo_that_cannot_be_read_is_named(exported, tmp_path):
    path = tmp_path / "model"
    data = bytes(exported.mlir_module_serialized)
    version = data[5 : data.index(b"\0", 5)]
    newer = b"StableHLO_v9" + version[len(b"StableHLO_v1") :]
    path.write_bytes(data.replace(version, newer, 1)[:-40])
    with pytest.raises(InvalidFileError, match=r"written for StableHLO 9\.\d+\.\d+; this installation reads up to 1"):
        load_model(path)


def test_an_unsupported_calling_convention(exported, tmp_path):
    import dataclasses

    with pytest.raises(InvalidFileError, match=r"calling convention 99 .* supported: \d+ to \d+"):
        load_model(dataclasses.replace(exported, calling_convention_version=99))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_diagnostic(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "m"
    path.write_bytes(data)
    with pytest.raises(DiagnosticError):
        load_model(path)


def test_types_that_no_runtime_passes_are_unsupported(tmp_path):
    kind = "tensor<4xf8E3M4>"
    (tmp_path / "m.mlir").write_text(f"func.func @main(%x: {kind}) -> {kind} {{ return %x : {kind} }}")
    with pytest.raises(UnsupportedError) as e:
        load_model(tmp_path / "m.mlir")
    assert e.value.exit_code == 4
    assert [(each.operator, each.nodes) for each in e.value.items] == [("input", ("arg0",)), ("output", ("result0",))]
