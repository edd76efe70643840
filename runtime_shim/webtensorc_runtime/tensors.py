"""Arrays in and out of a module: checking, converting, staging, and giving results memory of their own."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from webtensorc_runtime import exchange
from webtensorc_runtime.dtypes import DTYPES, numpy_dtype
from webtensorc_runtime.errors import InvalidFileError, UsageError
from webtensorc_runtime.manifest import TensorSpec
from webtensorc_runtime.memory import Memory

ALIGNMENT = 64
"""Bytes; of memory that is allocated here, and what compiled code may rely on where its bundle says nothing else."""

ZERO_COPY_BYTES = 16 << 10
"""From this size on, an aligned array is used where it lies; a smaller one is copied faster than it is wrapped."""

_HANDED_OUT = 2
"""Pieces of memory that an output remembers: a caller often holds the last result until it has the next one."""

_alone = [object()]
_ALONE = sys.getrefcount(_alone[0])
"""What Python counts for an object that only a list refers to."""


class Slot:
    """One input or output of a module: its type, and a staging buffer that lives as long as the module.

    Not safe for two threads at once; the module's lock guards it.

    Attributes:
        size: bytes.
        large: of `ZERO_COPY_BYTES` or more, where the device takes arrays in place; such a slot gets its staging buffer
            when it is first needed.
        overwritten: the module uses this input's memory for something else, so it must never be the caller's.
        alignment: the bytes of which this input's address must be a multiple.
    """

    __slots__ = (
        "_handed_out", "_memory", "_seen", "_staged",
        "alignment", "dtype", "large", "overwritten", "shape", "size", "spec",
    )  # fmt: skip

    def __init__(self, spec: TensorSpec, memory: Memory, overwritten: bool = False, alignment: int = ALIGNMENT) -> None:
        element_of(spec)
        self.alignment = alignment
        self.overwritten = overwritten
        self.spec = spec
        self.shape = spec.sizes
        self.dtype = numpy_dtype(spec.dtype)
        self.size = prod(self.shape) * self.dtype.itemsize
        self.large = memory.in_place and self.size >= ZERO_COPY_BYTES
        self._memory = memory
        self._staged: tuple[np.ndarray, Any] | None = None
        self._handed_out: list[tuple[np.ndarray, int, Any]] = []
        self._seen: tuple[int, Any] = (0, None)

    def staging(self) -> tuple[np.ndarray, Any]:
        """The staging buffer, as an array and as the view that the module takes."""
        if self._staged is None:
            buffer = self._memory.allocate(max(self.size, 1))
            self._staged = np.ndarray(self.shape, self.dtype, buffer.map()), self.view(buffer)
        return self._staged

    def read_from(self, array: np.ndarray) -> Any:
        """A view with the content of `array`: the array itself if it is large and aligned, else the staging buffer."""
        if self.large and self._is_readable(array) and (address := _address(array)) % self.alignment == 0:
            return self._view_at(address)
        staging, view = self.staging()
        staging[...] = array
        return view

    def is_usable(self, array: np.ndarray) -> bool:
        """Whether the module can read a host array of this type and shape where it lies."""
        return self._is_readable(array) and _address(array) % self.alignment == 0

    def _is_readable(self, array: np.ndarray) -> bool:
        return not self.overwritten and bool(array.flags.c_contiguous)

    def _view_at(self, address: int) -> Any:
        """A view of the caller's memory for one call; callers often come with the same arrays again."""
        if self._seen[0] != address:
            self._seen = address, self._borrow(address)
        return self._seen[1]

    def _borrow(self, address: int) -> Any:
        """A view of memory that does not keep it alive."""
        memory = (ctypes.c_uint8 * max(self.size, 1)).from_address(address)
        return self.view(self._memory.wrap(memory))

    def write_to(self) -> tuple[np.ndarray, Any]:
        """Where the module writes this output: memory to be handed out where it is large, else the staging buffer.

        The memory of an earlier result is used again once nothing refers to it: what the operating system gives anew it
        has to clear, page by page, which takes longer than many a model.
        """
        if not self.large:
            return self.staging()
        memory, start, view = self._unused()
        return np.ndarray(self.shape, self.dtype, memory, start), view

    def new(self) -> tuple[np.ndarray, Any]:
        """A new array on the host, aligned, and a view of it; for devices that take arrays in place."""
        array = np.ndarray(self.shape, self.dtype, *self._fresh())
        return array, self.wrap(array)

    def _fresh(self) -> tuple[np.ndarray, int]:
        """Memory, and where an aligned array begins in it."""
        memory = np.empty(max(self.size, 1) + ALIGNMENT, np.uint8)
        return memory, -_address(memory) % ALIGNMENT

    def _unused(self) -> tuple[np.ndarray, int, Any]:
        """Memory that no array lies in, where one may begin, and a view of it there.

        Arrays refer to their memory by `base`, and so do arrays of arrays (numpy's rule).
        """
        handed_out = self._handed_out
        for index in range(len(handed_out)):
            if sys.getrefcount(handed_out[index][0]) == _ALONE:
                return handed_out[index]
        memory, start = self._fresh()
        self._handed_out = [*handed_out, (memory, start, self._borrow(_address(memory) + start))][-_HANDED_OUT:]
        return memory, start, self._handed_out[-1][2]

    def wrap(self, array: np.ndarray) -> Any:
        """A view of an array, which lives as long as the view; its memory is contiguous."""
        # The engine takes writable memory only, and the element types of ml_dtypes have no buffer protocol.
        memory = (ctypes.c_uint8 * max(self.size, 1)).from_address(array.ctypes.data)
        memory.owner = array  # type: ignore[attr-defined]  # lives as long as the engine's view
        return self.view(self._memory.wrap(memory))

    def convert(self, value: object) -> np.ndarray:
        """`value` as an array of exactly this input's type and shape; DLPack and numpy's protocols, no casts.

        Raises:
            UsageError: it has another type or shape, or is no array.
        """
        array = as_array(value, self.spec)
        if array.dtype != self.dtype or array.shape != self.shape:
            given = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            raise UsageError(f"input `{self.spec.name}` got {given}, expected {self.spec}", doing="calling the model")
        return array

    def view(self, buffer: Any) -> Any:
        """A buffer of the engine's as a tensor of this type and shape."""
        runtime = self._memory.runtime
        element = int(getattr(runtime.HalElementType, element_of(self.spec)))
        return runtime.HalBufferView(buffer, self.shape, element)


def _address(array: np.ndarray) -> int:
    """Of the first byte; `array.ctypes` takes ten times as long."""
    return int(array.__array_interface__["data"][0])


def element_of(spec: TensorSpec) -> str:
    """Name of the HAL element type of an input or output.

    Raises:
        InvalidFileError: a type that cannot cross the module's border; no bundle of this version has one.
    """
    kind = DTYPES.get(spec.dtype)
    if kind is None or kind.element is None:
        raise InvalidFileError(f"arrays of type {spec.dtype} cannot be passed to or from a module", place=spec.name)
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


def as_array(value: object, spec: TensorSpec) -> np.ndarray:
    """`value` as an array of any type and shape; DLPack and numpy's protocols.

    Raises:
        UsageError: it is no array.
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        if hasattr(value, "__dlpack__"):
            try:
                return exchange.from_dlpack(value)
            except (BufferError, TypeError, RuntimeError):
                if not hasattr(value, "__array__"):
                    raise
        return np.asarray(value)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"input `{spec.name}` is no array ({reason}), expected {spec}", doing="calling the model"
        ) from None
