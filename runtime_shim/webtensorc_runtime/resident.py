"""Arrays that stay on a device between calls, and their exchange with other packages by DLPack.

DLPack: the Python specification of the Array API standard, "Data interchange mechanisms" (2023.12). The processor's
arrays are exchanged without a copy in both directions. Memory of other devices is copied to the host first, because
no device but the processor can be told of a consumer's stream here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from webtensorc_runtime import exchange
from webtensorc_runtime.memory import Memory
from webtensorc_runtime.tensors import Slot

CPU = 1, 0
"""kDLCPU of dlpack.h, and the number of the device."""


class DeviceArray:
    """An array in a device's memory, of fixed shape and dtype. Made by `Module.to_device` and `Module.on_device`.

    It is an argument for modules on the same device, which read it where it lies, and an array for everybody else:
    `numpy.asarray`, `numpy.from_dlpack`, `jax.numpy.from_dlpack`, `torch.from_dlpack` take it. It must not be written
    to while a call that was given it is under way.

    Attributes:
        shape, dtype: as numpy has them.
        device: what `load(device=...)` was given, `cpu` by default.
        view: the engine's view of it.
    """

    __slots__ = ("_array", "_memory", "_size", "device", "dtype", "shape", "view")

    def __init__(self, view: Any, array: np.ndarray | None, memory: Memory, like: Slot) -> None:
        self.shape = like.shape
        self.dtype = like.dtype
        self.device = memory.name
        self._memory = memory
        self._size = like.size
        self.view = view
        self._array = array

    def __del__(self) -> None:
        if self._array is None:
            self._memory.give_back_local(self._size, self.view.get_buffer())

    def to_host(self) -> np.ndarray:
        """The content as a numpy array: the very memory on the processor, a copy of it from any other device."""
        if self._array is not None:
            return self._array
        return self._memory.download(self.view.get_buffer(), self.shape, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = self.to_host()
        if copy and self._array is not None:
            found = found.copy()
        return found if dtype is None else found.astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        """A DLPack capsule of memory that the processor sees; `options` are those of the standard.

        Raises:
            BufferError: a dtype that DLPack lacks, or a copy that is not allowed.
        """
        if self._array is None and options.get("copy") is False:
            raise BufferError(f"memory of device {self.device} cannot be exchanged without a copy")
        return exchange.to_dlpack(self.to_host(), **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU

    def __repr__(self) -> str:
        return f"<DeviceArray {self.dtype}[{', '.join(map(str, self.shape))}] on {self.device}>"

    def view_for(self, slot: Slot, memory: Memory) -> Any:
        """A view that a module with this memory reads in place of `slot`, or None if the content has to be copied.

        An input whose memory the module uses for something else is always copied.
        """
        if slot.overwritten or (self.shape, self.dtype) != (slot.shape, slot.dtype):
            return None
        if self._array is not None and not slot.is_usable(self._array):
            return None  # made for a module that wants less alignment
        if self._memory.device is memory.device:
            return self.view
        return slot.wrap(self._array) if self._array is not None and memory.in_place else None


def view(value: DeviceArray | np.ndarray, slot: Slot, memory: Memory) -> Any:
    """The engine's view of an argument; the module's lock is held.

    Raises:
        UsageError: wrong dtype or shape.
    """
    if isinstance(value, DeviceArray):
        found = value.view_for(slot, memory)
        return slot.read_from(slot.convert(value)) if found is None else found
    return slot.read_from(value)


def send(value: object, slot: Slot, memory: Memory) -> DeviceArray:
    """`value` in the device's memory; on the processor a large aligned array is used where it lies.

    Raises:
        UsageError: wrong dtype or shape, or no array.
    """
    array = slot.convert(value)
    if not memory.in_place:
        return DeviceArray(slot.view(memory.upload(array)), None, memory, slot)
    if not slot.is_usable(array):
        array, source = slot.new()[0], array
        array[...] = source
    return DeviceArray(slot.wrap(array), array, memory, slot)


def receive(slots: Sequence[Slot], memory: Memory) -> list[DeviceArray]:
    """New arrays on the device for a module to write its outputs to."""
    if not memory.in_place:
        return [DeviceArray(slot.view(memory.allocate_local(slot.size)), None, memory, slot) for slot in slots]
    return [DeviceArray(view, array, memory, slot) for slot in slots for array, view in (slot.new(),)]
