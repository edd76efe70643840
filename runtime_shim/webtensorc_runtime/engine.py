"""The embedded engine: one compiled module with its weights bound, through IREE's native runtime."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from webtensorc_runtime import cpu, safetensors
from webtensorc_runtime.device import Execution, forget_device, open_device
from webtensorc_runtime.errors import DiagnosticError, IncompatibleMachineError, InvalidFileError
from webtensorc_runtime.memory import Memory

ENTRY = "main"
SCOPE = "model"
"""Scope of the parameters that compiled modules read their weights from."""

_LOST = "DATA_LOSS"
"""The engine's status where Vulkan says VK_ERROR_DEVICE_LOST; who waits for what was sent hears nothing but this."""
_ATTEMPTS = 10
"""How often a module is loaded on a device that is lost meanwhile. IREE 3.13 has a race there: while weights are sent
two of its threads may raise the value of one semaphore in the wrong order, for which Mesa declares the device lost: on
a busy machine with resnet50's three times in a row."""

_lock = threading.Lock()
_instance: list[Any] = []
_lent: list[memoryview] = []
"""Memory that the engine reads weights from, kept until the engine has let go of it (see `_lend`)."""
_KEPT_HERE = 3
"""References to one of them that are not the engine's: the list's, the loop's, and the counting function's."""


def native() -> Any:
    """IREE's native module, imported past the package's Python layers, which this loader has no use for."""
    from iree._runtime_libs import _runtime

    return _runtime


class Program:
    """A context with the module's code and weights. Its initialisers have run; calls need outside locking.

    `module` and `weights` are used where they lie, and are kept alive by the program.

    Attributes:
        declaration: what `main` takes and gives, in MLIR's words.
        lock: to be held during a call.
        memory: where arguments and results live.
        destinations: after its inputs `main` takes one buffer for each output and writes there (IREE's argument
            attribute `iree.abi.output`); otherwise it returns buffers of its own, and every result is copied.
    """

    def __init__(
        self,
        module: memoryview,
        weights: memoryview,
        slots: Mapping[str, safetensors.Slot],
        execution: Execution,
        file: str,
    ) -> None:
        self.runtime = native()
        self.execution = execution
        self.lock = threading.Lock()
        self._list = self.runtime.VmVariantList
        self._process = os.getpid()
        self._crowded = execution.workers >= cpu.usable_cores()
        instance = _vm_instance(self.runtime)
        open_device(self.runtime, execution)  # what cannot run here is not looked at
        try:
            code = self.runtime.VmModule.wrap_buffer(instance, module)
        except Exception as error:  # whatever the status maps to
            raise InvalidFileError(f"the module is malformed: {_first_line(error)}", file=file) from None
        self._function = code.lookup_function(ENTRY)
        if self._function is None:
            raise InvalidFileError(f"the module has no function `{ENTRY}`", file=file)
        self.declaration: str = self._function.reflection.get("iree.abi.declaration", "")
        self.destinations = "iree.abi.output" in self.declaration
        parameters = [self._parameters(instance, weights, slots)] if slots else []
        device, self._context = self._load(instance, code, parameters, file)
        self._invoke = self._context.invoke
        self.memory = Memory(self.runtime, device, execution.accelerator or "cpu", in_place=not execution.accelerator)
        self._kept = (device, module, weights)

    def _load(
        self, instance: Any, code: Any, parameters: Sequence[Any], file: str, attempts: int = _ATTEMPTS
    ) -> tuple[Any, Any]:
        """The device, and a context on it whose initialisers have run."""
        device = open_device(self.runtime, self.execution)
        device.allocator.trim()  # what other modules' calls have given back may be of no use to this one's
        modules = [*parameters, self.runtime.create_hal_module(instance, device), code]
        try:
            return device, self.runtime.VmContext(instance, modules)
        except Exception as error:  # whatever the status maps to
            if _LOST not in str(error) or attempts == 1:
                raise self._refused(error, file) from None
        forget_device(self.execution)
        return self._load(instance, code, parameters, file, attempts - 1)

    def _refused(self, error: Exception, file: str) -> DiagnosticError:
        """The processor runs what its features promise; of a driver nobody knows before it is asked."""
        accelerator = self.execution.accelerator
        kind = IncompatibleMachineError if accelerator else DiagnosticError
        what = f"device `{accelerator}`" if accelerator else "the engine"
        return kind(f"{what} refuses the module: {_first_line(error)}", file=file, doing="loading the module")

    def arguments(self, views: Sequence[Any]) -> Any:
        """The views as a list of the engine's, in the order of `main`'s arguments."""
        arguments = self.runtime.VmVariantList(len(views))
        for view in views:
            arguments.push_ref(view)
        return arguments

    def invoke(self, arguments: Any) -> Any:
        """Run `main` and wait for it, the interpreter lock free meanwhile; the list of results.

        Raises:
            MemoryError: the processor has too little memory.
            IncompatibleMachineError: the device has too little memory.
            DiagnosticError: the engine failed.
        """
        if self.execution.workers and os.getpid() != self._process:
            raise DiagnosticError(
                "the module was loaded before this process was forked, and its worker threads stayed in the parent",
                doing="running the model",
                hint="load the bundle after forking, or load it with threads=1",
            )
        if self._crowded:
            cpu.stand_back()
        results = self._list(1)
        try:
            self._invoke(self._function, arguments, results)
        except Exception as error:  # whatever the status maps to
            raise self.memory.failure(error) from None
        return results

    def copy_out(self, results: Any, index: int, dtype: np.dtype[Any]) -> np.ndarray:
        """One result as an array of its own: the engine's memory may belong to an input, a weight or another result."""
        view = results.get_as_object(index, self.runtime.HalBufferView)
        if not view.byte_length:
            return np.empty(view.shape, dtype)
        if not self.memory.in_place:  # the engine takes what it returns from the device's own memory
            return self.memory.download(view.get_buffer(), tuple(view.shape), dtype)
        return np.ndarray(view.shape, dtype, view.map()).copy()

    def _parameters(self, instance: Any, weights: memoryview, slots: Mapping[str, safetensors.Slot]) -> Any:
        index = self.runtime.ParameterIndex()
        index.reserve(len(slots))
        handle = self.runtime.FileHandle.wrap_memory(_lend(weights))
        for name, slot in slots.items():
            index.add_from_file_handle(name, handle, slot.length, slot.offset)
        return self.runtime.create_io_parameters_module(instance, index.create_provider(SCOPE))


def _lend(memory: memoryview) -> memoryview:
    """`memory` as an object that may be released by a thread that does not hold Python's lock.

    The last to let go of a module's weights may be one of the engine's workers, and the engine (IREE 3.13) drops its
    reference there without the lock. That must not be the last one: freeing the object would end the process.
    """
    with _lock:
        _lent[:] = [each for each in _lent if sys.getrefcount(each) > _KEPT_HERE]
        _lent.append(memory[:])
        return _lent[-1]


def _vm_instance(runtime: Any) -> Any:
    with _lock:
        if not _instance:
            _instance.append(runtime.VmInstance())
        return _instance[0]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
