"""One compilation in IREE's own process-wide library: the only user of its embedding C API.

The API's Python wrapper covers neither phases nor diagnostics by callback (IREE 3.13), so those two are called through
its ctypes handle. A session must outlive every MLIR handle taken from it, and after a failed phase the library is not
to be trusted: the caller ends the process (compilation runs in a worker for this reason).
"""

from __future__ import annotations

import ctypes
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from iree.compiler import api, ir
from iree.compiler.api import ctypes_dl

from webtensorc.phase import Phase

# enum iree_compiler_diagnostic_severity_t of embedding_api.h
_SEVERITIES = ("note", "warning", "error", "remark")
_DIAGNOSTIC = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


class _NoBindings(MetaPathFinder, Loader):
    """Gives a dialect that has no Python module an empty one, when nothing else does.

    The bindings import a dialect's module when they meet an operation of it, and where there is none they try again at
    the next: that was two thirds of the time of the passes over a graph, since StableHLO has none.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        parent, _, _ = name.rpartition(".")
        return ModuleSpec(name, self) if parent == "iree.compiler.dialects" else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        pass


sys.meta_path.append(_NoBindings())


class NativeError(Exception):
    """The native compiler refused; `diagnostics` holds what it said, errors first."""

    def __init__(self, diagnostics: list[tuple[str, str]]) -> None:
        errors = [text for severity, text in diagnostics if severity == "error"]
        super().__init__(errors[0] if errors else "the native compiler gave no reason")
        self.diagnostics = tuple(errors) + tuple(text for severity, text in diagnostics if severity != "error")


class Session:
    """An MLIR context, a module in it, and the phases that lower the module.

    Args:
        flags: of the native compiler.
        verify: check the module after each of the native compiler's some hundred passes, which takes as long as the
            passes do. What is parsed is always checked, and what Python passes leave is checked by who runs them.
    """

    def __init__(self, flags: tuple[str, ...] = (), *, verify: bool = False) -> None:
        self._session = api.Session()
        self._session.set_flags(*flags)
        self.context: ir.Context = self._session.context
        self.context.get_dialect_descriptor("stablehlo")  # what passes add to a module that has none of it is known
        self._diagnostics: list[tuple[str, str]] = []
        self._callback = _DIAGNOSTIC(self._on_diagnostic)
        self._invocation = self._session.invocation()
        self._library = _library()
        self._library.ireeCompilerInvocationEnableCallbackDiagnostics(self._invocation._inv_p, 0, self._callback, None)
        self._library.ireeCompilerInvocationSetVerifyIR(self._invocation._inv_p, verify)

    def _on_diagnostic(self, severity: int, text: int, size: int, _: Any) -> None:
        # May come from a compiler thread; appending to a list is safe there, calling back is not.
        self._diagnostics.append((_SEVERITIES[severity], ctypes.string_at(text, size).decode(errors="replace")))

    def parse(self, text: str) -> ir.Module:
        """Parse MLIR text (any dialect of IREE's, StableHLO included) and make it the session's module.

        Raises:
            NativeError: the text is not valid MLIR.
        """
        try:
            module = ir.Module.parse(text, context=self.context)
        except ir.MLIRError as error:
            reasons = str(error).splitlines()[1:] or [str(error)]  # the first line says that there are reasons
            raise NativeError([("error", line.strip()) for line in reasons]) from None
        self._invocation.import_module(module.operation)
        return module

    def advance(self, start: Phase, to: Phase) -> None:
        """Run the native phases after `start` up to and including `to`, in place.

        Raises:
            NativeError: a phase failed.
        """
        pointer = self._invocation._inv_p
        self._library.ireeCompilerInvocationSetCompileFromPhase(pointer, _native_name(start))
        self._library.ireeCompilerInvocationSetCompileToPhase(pointer, _native_name(to))
        self._diagnostics.clear()
        if not self._invocation.execute():
            raise NativeError(self._diagnostics)

    def emit(self) -> bytes:
        """The module, which has reached `Phase.VM`, as a VM FlatBuffer."""
        output = api.Output.open_membuffer()
        self._invocation.output_vm_bytecode(output)
        return bytes(output.map_memory())


def _native_name(phase: Phase) -> bytes:
    return b"start" if phase in (Phase.GRAPH, Phase.BOUND) else phase.value.encode()


def _library() -> Any:
    library = ctypes_dl._dylib
    for name in ("ireeCompilerInvocationSetCompileFromPhase", "ireeCompilerInvocationSetCompileToPhase"):
        function = getattr(library, name)
        function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_char_p], None
    enable = library.ireeCompilerInvocationEnableCallbackDiagnostics
    enable.argtypes, enable.restype = [ctypes.c_void_p, ctypes.c_int, _DIAGNOSTIC, ctypes.c_void_p], None
    library.ireeCompilerInvocationSetVerifyIR.argtypes = [ctypes.c_void_p, ctypes.c_bool]
    library.ireeCompilerInvocationSetVerifyIR.restype = None
    return library
