"""Arrays in and out of a module: checking, converting, staging, and giving results memory of their own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from webtensorc_runtime.dtypes import DTYPES, numpy_dtype
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import TensorSpec

ALIGNMENT = 64
"""Bytes; compiled code may use aligned loads."""

ZERO_COPY_BYTES = 16 << 10
"""From this size on, an aligned input is used where it lies; a smaller one is copied faster than it is wrapped."""


class Input:
    """One input of a module: its type, and a staging buffer that lives as long as the module.

    Not safe for two threads at once; the module's lock guards it.
    """

    __slots__ = ("_element", "_runtime", "dtype", "large", "shape", "spec", "staged", "staging")

    def __init__(self, spec: TensorSpec, runtime: Any, allocator: Any) -> None:
        self.spec = spec
        self.shape = spec.shape
        self.dtype = numpy_dtype(spec.dtype)
        self._runtime = runtime
        self._element = int(getattr(runtime.HalElementType, element_of(spec)))
        size = prod(spec.shape) * self.dtype.itemsize
        self.large = size >= ZERO_COPY_BYTES
        buffer = allocator.allocate_buffer(_memory(runtime), _usage(runtime), max(size, 1))
        self.staged = runtime.HalBufferView(buffer, self.shape, self._element)
        self.staging = np.ndarray(self.shape, self.dtype, buffer.map())

    def place(self, array: np.ndarray, allocator: Any) -> Any:
        """A buffer view with the content of `array`: the array itself where it is aligned, else the staging buffer."""
        if array.flags.c_contiguous and array.ctypes.data % ALIGNMENT == 0:
            raw = array.reshape(-1).view(np.uint8)  # the element types of ml_dtypes have no buffer protocol
            buffer = allocator.import_host_allocation(raw, _memory(self._runtime), _usage(self._runtime))
            return self._runtime.HalBufferView(buffer, self.shape, self._element)
        self.staging[...] = array
        return self.staged

    def convert(self, value: object) -> np.ndarray:
        """`value` as an array of exactly this input's type and shape; DLPack and numpy's protocols, no casts.

        Raises:
            UsageError: it has another type or shape, or is no array.
        """
        array = _as_array(value, self.spec)
        if array.dtype != self.dtype or array.shape != self.shape:
            given = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            raise UsageError(f"input `{self.spec.name}` got {given}, expected {self.spec}", doing="calling the model")
        return array


def element_of(spec: TensorSpec) -> str:
    """Name of the HAL element type of an input or output.

    Raises:
        UsageError: a type that cannot cross the module's border.
    """
    kind = DTYPES.get(spec.dtype)
    if kind is None or kind.element is None:
        raise UsageError(f"arrays of type {spec.dtype} cannot be passed to or from a module", place=spec.name)
    return kind.element


def check_names(given: Sequence[str], specs: Sequence[TensorSpec]) -> None:
    """Refuse a set of input names that is not exactly the model's.

    Raises:
        UsageError: unknown or missing names; the notes list what is expected.
    """
    expected = [spec.name for spec in specs]
    unknown = [name for name in given if name not in expected]
    missing = [name for name in expected if name not in given]
    if unknown or missing:
        message = f"there is no input `{unknown[0]}`" if unknown else f"input `{missing[0]}` is missing"
        raise UsageError(message, doing="calling the model", notes=expectations(specs))


def expectations(specs: Sequence[TensorSpec]) -> tuple[str, ...]:
    """One line per tensor: name, element type, shape."""
    return tuple(f"expected {spec}" for spec in specs) or ("expected no inputs",)


def _as_array(value: object, spec: TensorSpec) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    try:
        if hasattr(value, "__dlpack__"):
            try:
                return np.from_dlpack(value)
            except (BufferError, TypeError, RuntimeError):
                if not hasattr(value, "__array__"):
                    raise
        return np.asarray(value)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"input `{spec.name}` is no array ({reason}), expected {spec}", doing="calling the model"
        ) from None


def _memory(runtime: Any) -> int:
    return int(runtime.MemoryType.HOST_LOCAL) | int(runtime.MemoryType.DEVICE_LOCAL)


def _usage(runtime: Any) -> int:
    return int(runtime.BufferUsage.DEFAULT) | int(runtime.BufferUsage.MAPPING)
