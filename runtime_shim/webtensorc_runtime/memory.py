"""Memory of a device for what goes in and out of modules, and the ways between it and the processor's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from webtensorc_runtime.errors import DiagnosticError, IncompatibleMachineError, UsageError

_EXHAUSTED = "RESOURCE_EXHAUSTED"
"""The engine's status for want of memory, its own, the host's or a device's."""

_REFUSED = "FAILED_PRECONDITION; node"
"""How a model's own checks of its inputs begin, which name a node."""


@dataclass(frozen=True)
class Memory:
    """Memory for what goes in and out of modules.

    Attributes:
        runtime: IREE's native module.
        device: the engine's device.
        name: what the user calls it.
        in_place: whether the device takes a caller's arrays where they lie. Vulkan would want them aligned to the pages
            of the host (VK_EXT_external_memory_host), which numpy's are not: there everything is copied.
    """

    runtime: Any
    device: Any
    name: str
    in_place: bool
    _spare: dict[int, list[Any]] = field(default_factory=dict, repr=False, compare=False)
    """Buffers in the device's own memory that nobody uses any more, by size."""

    @property
    def allocated(self) -> int:
        """Bytes that were taken for buffers since the device was opened, whether they were given back since or not."""
        counts = self.device.allocator.statistics
        return int(counts["host_bytes_allocated"] + counts["device_bytes_allocated"])

    def allocate(self, size: int) -> Any:
        """A mapped buffer of `size` bytes, which the processor and the device both see."""
        return self._allocated(*self._placement, size)

    def allocate_local(self, size: int) -> Any:
        """A buffer of `size` bytes in the device's own memory, which the processor need not see.

        One that was given back is preferred: drivers take longer to give memory than many a model to run.
        """
        try:
            return self._spare[size].pop()
        except LookupError:
            local, usage = self.runtime.MemoryType.DEVICE_LOCAL, self.runtime.BufferUsage.DEFAULT
            return self._allocated(int(local), int(usage), max(size, 1))

    def give_back_local(self, size: int, buffer: Any) -> None:
        """A buffer of `allocate_local` that nobody uses any more; it is kept for the next one of its size."""
        self._spare.setdefault(size, []).append(buffer)

    def wrap(self, memory: object) -> Any:
        """The caller's memory as a buffer."""
        return self.device.allocator.import_host_allocation(memory, *self._placement)

    def upload(self, array: np.ndarray) -> Any:
        """A buffer in the device's own memory with a copy of an array."""
        staging, local = self.allocate(max(array.nbytes, 1)), self.allocate_local(array.nbytes)
        np.ndarray(array.shape, array.dtype, staging.map())[...] = array
        self._copy(staging, local)
        return local

    def download(self, local: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """A copy of what is in the device's memory."""
        staging = self.allocate(local.byte_length())
        self._copy(local, staging)
        return np.ndarray(shape, dtype, staging.map()).copy()

    def failure(self, error: Exception) -> Exception:
        """What to raise for an error of the engine's during a call: whose memory was too small, or what it says."""
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        _, refused, why = said.partition(_REFUSED)
        if refused:
            return UsageError(f"node{why.rstrip('; ')}", doing="running the model")
        _, mark, why = said.partition(_EXHAUSTED)
        if not mark:
            return DiagnosticError(f"the engine failed: {said}", doing="running the model")
        if self.in_place:
            return MemoryError(said)
        hint = "use smaller sizes, or the processor"
        message = f"device `{self.name}` has too little memory{why}"
        return IncompatibleMachineError(message, doing="running the model", hint=hint)

    def _allocated(self, kind: int, usage: int, size: int) -> Any:
        try:
            return self.device.allocator.allocate_buffer(kind, usage, size)
        except Exception as error:  # whatever the status maps to
            if not self._spare:
                raise self.failure(error) from None
        self._spare.clear()
        return self._allocated(kind, usage, size)

    def _copy(self, source: Any, target: Any) -> None:
        semaphore = self.device.create_semaphore(0)
        self.device.queue_copy(source, target, [(semaphore, 0)], [(semaphore, 1)])
        self.runtime.HalFence.create_at(semaphore, 1).wait()

    @property
    def _placement(self) -> tuple[int, int]:
        kind, usage = self.runtime.MemoryType, self.runtime.BufferUsage
        local = int(kind.HOST_LOCAL) | int(kind.DEVICE_LOCAL)
        shared = int(kind.HOST_VISIBLE) | int(kind.HOST_COHERENT) | int(kind.DEVICE_VISIBLE)
        return local if self.in_place else shared, int(usage.DEFAULT) | int(usage.MAPPING)
