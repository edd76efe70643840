"""The embedded engine: one compiled module with its weights bound, through IREE's native runtime."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from webtensorc_runtime.device import Execution, open_device
from webtensorc_runtime.errors import DiagnosticError, InvalidFileError
from webtensorc_runtime.safetensors import Slot

ENTRY = "main"
SCOPE = "model"
"""Scope of the parameters that compiled modules read their weights from."""

_lock = threading.Lock()
_instance: list[Any] = []


def native() -> Any:
    """IREE's native module, imported past the package's Python layers, which this loader has no use for."""
    from iree._runtime_libs import _runtime

    return _runtime


class Program:
    """A context with the module's code and weights. Its initialisers have run; calls need outside locking.

    `module` and `weights` are used where they lie, and are kept alive by the program.
    """

    def __init__(
        self, module: memoryview, weights: memoryview, slots: Mapping[str, Slot], execution: Execution, file: str
    ) -> None:
        self.runtime = native()
        self.execution = execution
        device = open_device(self.runtime, execution)
        self.allocator = device.allocator
        self._kept = (device, module, weights)
        instance = _vm_instance(self.runtime)
        try:
            code = self.runtime.VmModule.wrap_buffer(instance, module)
        except (RuntimeError, ValueError) as error:
            raise InvalidFileError(f"the module is malformed: {_first_line(error)}", file=file) from None
        self._function = code.lookup_function(ENTRY)
        if self._function is None:
            raise InvalidFileError(f"the module has no function `{ENTRY}`", file=file)
        modules = [self.runtime.create_hal_module(instance, device), code]
        if slots:
            modules.insert(0, self._parameters(instance, weights, slots))
        try:
            self._context = self.runtime.VmContext(instance, modules)
        except (RuntimeError, ValueError) as error:
            raise DiagnosticError(
                f"the engine refuses the module: {_first_line(error)}", file=file, doing="loading the module"
            ) from None

    def invoke(self, arguments: Any, results: Any) -> None:
        """Run `main` and wait for it; the interpreter lock is free meanwhile."""
        self._context.invoke(self._function, arguments, results)

    def _parameters(self, instance: Any, weights: memoryview, slots: Mapping[str, Slot]) -> Any:
        index = self.runtime.ParameterIndex()
        index.reserve(len(slots))
        handle = self.runtime.FileHandle.wrap_memory(weights)
        for name, slot in slots.items():
            index.add_from_file_handle(name, handle, slot.length, slot.offset)
        return self.runtime.create_io_parameters_module(instance, index.create_provider(SCOPE))


def _vm_instance(runtime: Any) -> Any:
    with _lock:
        if not _instance:
            _instance.append(runtime.VmInstance())
        return _instance[0]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
