"""The kernels within a compiled CUDA executable, and how to exchange them for others.

An executable is a FlatBuffer (IREE 3.13, runtime/src/iree/schemas/cuda_executable_def.fbs) behind a header of 64 bytes,
whose third field is its length. Its one module is a string, the image that CUDA's driver loads (`cuModuleLoadDataEx`):
PTX, or a binary for one or more architectures.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

__all__ = ["executables", "image", "replace_image"]

_HEADER, _LENGTH_AT = 64, 8
_MODULES = 1
"""Number of the field `modules` in the root table; a module's own field `ptx_image` is its number 0."""
_ALIGNMENT = 16
"""Of an image in memory: binaries are read in words of 8 bytes."""


def executables(module: Operation) -> list[Operation]:
    """The CUDA executables of a module that has reached `Phase.HAL`."""
    found = (op for op in mlir.nested(module) if op.name == "hal.executable.binary")
    return [op for op in found if '"cuda-nvptx-fb"' in str(op.attributes["format"])]


def image(executable: Operation) -> bytes:
    """What the driver loads."""
    data = _bytes(executable)
    start, size = _place(data)[1:]
    return bytes(data[start : start + size])


def replace_image(executable: Operation, binary: bytes) -> None:
    """Have the driver load `binary`, which defines the same kernels.

    It is put at the end, for tables refer to what is behind them; where the old image was, zeros are left.
    """
    data = _bytes(executable)
    reference, start, size = _place(data)
    data[start : start + size] = bytes(size)
    data += bytes((-len(data) - 4) % _ALIGNMENT)
    struct.pack_into("<I", data, reference, len(data) - reference)
    data += struct.pack("<I", len(binary)) + binary + b"\0"
    data += bytes(-len(data) % _ALIGNMENT)
    struct.pack_into("<Q", data, _LENGTH_AT, len(data) - _HEADER)
    kind = ir.Type.parse(f"vector<{len(data)}xi8>", executable.context)
    numbers = np.frombuffer(bytes(data), np.int8)
    executable.attributes["data"] = ir.DenseElementsAttr.get(numbers, type=kind, context=executable.context)


def _bytes(executable: Operation) -> bytearray:
    values: Any = ir.DenseIntElementsAttr(executable.attributes["data"])
    return bytearray(np.array(values, np.int8).tobytes())


def _place(data: bytearray) -> tuple[int, int, int]:
    """Where the reference to the image is, the image's first byte, and its length."""
    root = _HEADER + _read(data, _HEADER)
    modules = _field(data, root, _MODULES)
    modules += _read(data, modules)
    assert _read(data, modules) == 1, "an executable has one module"
    first = modules + 4
    reference = _field(data, first + _read(data, first), 0)
    text = reference + _read(data, reference)
    return reference, text + 4, _read(data, text)


def _field(data: bytearray, table: int, number: int) -> int:
    """Where a table's field is: its vtable lies at a signed distance before it, and has two sizes first."""
    (distance,) = struct.unpack_from("<i", data, table)
    (offset,) = struct.unpack_from("<H", data, table - distance + 4 + 2 * number)
    return int(table + offset)


def _read(data: bytearray, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])
