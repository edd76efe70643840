"""DLPack for the types that numpy lacks: bfloat16 and floats of eight bits cross as integers of their size.

A capsule says the type of its elements in two bytes, which are all that is changed on its way in or out. Structures and
codes are those of dlpack.h, version 1.1; capsules are named as its specification for Python has it.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from webtensorc_runtime.dtypes import numpy_dtype

_UNSIGNED = 1
"""kDLUInt."""
_CODES = {
    "bfloat16": 4,
    "float8_e3m4": 7,
    "float8_e4m3": 8,
    "float8_e4m3b11fnuz": 9,
    "float8_e4m3fn": 10,
    "float8_e4m3fnuz": 11,
    "float8_e5m2": 12,
    "float8_e5m2fnuz": 13,
    "float8_e8m0fnu": 14,
}
"""Members of DLDataTypeCode by our names of types."""
_NAMES = {code: name for name, code in _CODES.items()}


class _Tensor(ctypes.Structure):
    """The beginning of DLTensor, and so of DLManagedTensor."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("rank", ctypes.c_int32),
        ("code", ctypes.c_uint8),
    )


class _Versioned(ctypes.Structure):
    """The beginning of DLManagedTensorVersioned."""

    _fields_ = (
        ("version", ctypes.c_uint32 * 2),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    )


_is_named = ctypes.pythonapi.PyCapsule_IsValid
_is_named.argtypes = ctypes.py_object, ctypes.c_char_p
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.argtypes, _pointer.restype = (ctypes.py_object, ctypes.c_char_p), ctypes.c_void_p


def _tensor(capsule: object) -> _Tensor:
    """What a capsule that nobody has taken yet is of.

    Raises:
        ValueError: it is no such capsule.
    """
    if _is_named(capsule, b"dltensor_versioned"):
        tensor: _Tensor = _Versioned.from_address(_pointer(capsule, b"dltensor_versioned")).tensor
        return tensor
    return _Tensor.from_address(_pointer(capsule, b"dltensor"))


class _AsNumpyHasIt:
    """An array of another package whose capsules numpy takes; `dtype` is then the type that they are of."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.dtype: np.dtype | None = None

    def __dlpack__(self, **options: Any) -> object:
        capsule = self.value.__dlpack__(**options)
        tensor = _tensor(capsule)
        if tensor.code in _NAMES:
            self.dtype = numpy_dtype(_NAMES[tensor.code])
            tensor.code = _UNSIGNED
        return capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        device: tuple[int, int] = self.value.__dlpack_device__()
        return device


def from_dlpack(value: Any) -> np.ndarray:
    """What `numpy.from_dlpack` gives, also of types that numpy has from ml_dtypes; a copy only of negated tensors.

    Raises:
        BufferError, RuntimeError, TypeError: as numpy or the array's owner has it.
    """
    given = _AsNumpyHasIt(_negated(value))
    array: np.ndarray = np.from_dlpack(given)  # type: ignore[arg-type]  # numpy passes `stream` or more, as it likes
    return array if given.dtype is None else array.view(given.dtype)


def _negated(value: Any) -> Any:
    """`value` with the negation done that PyTorch has noted only (`Tensor.is_neg`), which its capsules keep silent."""
    return value.resolve_neg() if getattr(value, "is_neg", bool)() else value


def to_dlpack(array: np.ndarray, **options: Any) -> object:
    """A capsule of an array, also of those types; `options` are the standard's.

    Raises:
        BufferError: a type that DLPack lacks.
    """
    code = _CODES.get(array.dtype.name)
    if code is None:
        return array.__dlpack__(**options)
    capsule = array.view(f"u{array.itemsize}").__dlpack__(**options)
    _tensor(capsule).code = code
    return capsule
