"""TensorProto to numpy: views of the bytes where they are, external data mapped from files beside the model."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from webtensorc.errors import InvalidFileError

_PACKED = {
    getattr(onnx.TensorProto, name): bits
    for name, bits in (
        *(("INT4", 4), ("UINT4", 4), ("FLOAT4E2M1", 4), ("FLOAT6E2M3", 6), ("FLOAT6E3M2", 6)),
        *(("INT2", 2), ("UINT2", 2)),
    )
    if hasattr(onnx.TensorProto, name)
}


def to_array(tensor: Any, file: str | None, folder: Path | None) -> np.ndarray:
    """The tensor's elements; read-only where they are mapped or shared with the proto.

    Raises:
        InvalidFileError: unknown element type, wrong number of bytes, or unsafe, missing or short external data.
    """
    place = f'initializer "{tensor.name}"'
    dtype = _dtype(tensor, file, place)
    dims = tuple(tensor.dims)
    if any(size < 0 for size in dims):
        raise InvalidFileError(f"its shape {list(dims)} has a negative size", file=file, place=place)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return _external(tensor, dtype, dims, file, folder)
    if not tensor.HasField("raw_data"):
        return _typed(tensor, file, place)
    expected = _byte_count(tensor.data_type, dtype, dims)
    raw = tensor.raw_data
    _check_bytes(len(raw), expected, dims, dtype, file, place)
    if tensor.data_type in _PACKED:
        return np.asarray(numpy_helper.to_array(tensor))
    return np.frombuffer(raw, dtype).reshape(dims)


def dtype_of(element_type: int) -> np.dtype[Any]:
    """The numpy (or ml_dtypes) dtype of a TensorProto element type; object for strings.

    Raises:
        ValueError: there is no such type.
    """
    try:
        found: np.dtype[Any] = np.dtype(helper.tensor_dtype_to_np_dtype(element_type))
    except KeyError:
        raise ValueError(f"element type {element_type} does not exist") from None
    return found


def _dtype(tensor: Any, file: str | None, place: str) -> np.dtype[Any]:
    try:
        return dtype_of(tensor.data_type)
    except ValueError as error:
        raise InvalidFileError(str(error), file=file, place=place) from None


def _typed(tensor: Any, file: str | None, place: str) -> np.ndarray:
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise InvalidFileError(f"its data does not fit its shape: {error}", file=file, place=place) from None


def _byte_count(element_type: int, dtype: np.dtype[Any], dims: tuple[int, ...]) -> int:
    count = math.prod(dims)
    return -(-count * _PACKED[element_type] // 8) if element_type in _PACKED else count * dtype.itemsize


def _check_bytes(
    found: int, expected: int, dims: tuple[int, ...], dtype: np.dtype[Any], file: str | None, place: str
) -> None:
    if found != expected:
        what = f"{dtype}[{', '.join(map(str, dims))}]"
        message = f"it has {found} bytes of data, but {what} needs {expected}"
        raise InvalidFileError(message, file=file, place=place, hint="export the model again")


def _external(
    tensor: Any, dtype: np.dtype[Any], dims: tuple[int, ...], file: str | None, folder: Path | None
) -> np.ndarray:
    place = f'initializer "{tensor.name}"'
    entries = {each.key: each.value for each in tensor.external_data}
    path = _external_path(entries.get("location", ""), folder, file, place)
    offset = _count(entries.get("offset", "0"), "offset", file, place)
    expected = _byte_count(tensor.data_type, dtype, dims)
    if "length" in entries:
        _check_bytes(_count(entries["length"], "length", file, place), expected, dims, dtype, file, place)
    size = path.stat().st_size
    if offset + expected > size:
        raise InvalidFileError(
            f'external data "{path.name}" has {size} bytes, but bytes {offset} to {offset + expected} are asked for',
            file=file,
            place=place,
            hint="the data file is truncated, or does not belong to this model",
        )
    if expected == 0:
        return np.empty(dims, dtype)
    data = np.memmap(path, np.uint8, "r", offset, (expected,))
    if tensor.data_type in _PACKED:
        whole = onnx.TensorProto(data_type=tensor.data_type, dims=dims, raw_data=data.tobytes())
        return np.asarray(numpy_helper.to_array(whole))
    return data.view(dtype).reshape(dims)


def _count(text: str, what: str, file: str | None, place: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InvalidFileError(f'the {what} "{text}" of its external data is no byte count', file=file, place=place)
    return int(text)


def _external_path(location: str, folder: Path | None, file: str | None, place: str) -> Path:
    """The data file, which must be a regular file inside the model's folder with no symbolic link on the way."""

    def refuse(reason: str) -> InvalidFileError:
        hint = "external data must be a regular file in the model's folder"
        message = f'external data "{location}" {reason}'
        return InvalidFileError(message, file=file, place=place, doing="opening external data", hint=hint)

    if folder is None:
        raise refuse("cannot be found: the model was given in memory, not as a file")
    parts = location.replace("\\", "/").split("/")
    if not location or "\0" in location:
        raise refuse("is not a file name")
    if Path(location).is_absolute() or location.startswith(("/", "\\")) or (len(location) > 1 and location[1] == ":"):
        raise refuse("is an absolute path")
    if ".." in parts:
        raise refuse("leaves the model's folder")
    path = folder
    for part in parts:
        path = path / part
        try:
            mode = os.lstat(path).st_mode
        except OSError as error:
            raise refuse(f"cannot be opened: {error.strerror}") from None
        if stat.S_ISLNK(mode):
            raise refuse("is, or goes through, a symbolic link")
    if not stat.S_ISREG(mode):
        raise refuse("is not a regular file")
    return path
