"""The thin runtime: load a bundle, pick the variant that fits this machine, run it.

It needs the standard library, numpy and iree-base-runtime, and imports the latter two only when a bundle is loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from webtensorc_runtime.errors import (
    DiagnosticError,
    FallbackWarning,
    IncompatibleMachineError,
    InvalidFileError,
    UsageError,
)
from webtensorc_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from webtensorc_runtime.module import Module
    from webtensorc_runtime.resident import DeviceArray

__all__ = [
    "DeviceArray",
    "DiagnosticError",
    "FallbackWarning",
    "IncompatibleMachineError",
    "InvalidFileError",
    "Module",
    "TensorSpec",
    "UsageError",
    "load",
]


def load(
    source: str | os.PathLike[str] | bytes | Any,
    *,
    device: str | None = None,
    threads: int | None = None,
    variant: str | None = None,
    fallback: bool = False,
    specialise: bool = False,
) -> Module:
    """Load the variant of a bundle that suits this machine best.

    Every member's digest is checked before any code of the bundle runs. The weights stay where they lie in the file,
    mapped and shared with other processes; the file must not be overwritten in place while the module is in use
    (`Bundle.save` replaces it, which is safe).

    Args:
        source: path of a `.wtb` file, its bytes, or a `webtensorc.Bundle`.
        device: `cpu` (the default), `local-sync` (the calling thread), `local-task` (a pool of worker threads), or an
            accelerator: `vulkan`, `cuda`, with a number where there are several, `vulkan://1`. `auto` takes a GPU that
            can run the bundle before the processor; `fastest` runs it on everything that can, and keeps the quickest.
        threads: the most worker threads to use, by default one per physical core that the process may use. A program
            too short to be worth waking any runs on the calling thread, by the compiler's advice; on `local-task` none
            does.
        variant: label of the variant to run instead of the best one.
        fallback: run on the processor where the accelerator that was asked for cannot run the bundle: no driver, one
            that is too old, too little memory, a feature that is missing. `Module.fallback` then says why.
        specialise: where no variant fits, compile the bundle's graph for this machine, if webtensorc is installed here.

    How much memory a model of open dimensions needs depends on the call: one that needs more than the device has raises
    `IncompatibleMachineError`, or `MemoryError` on the processor.

    Raises:
        InvalidFileError: not a bundle, damaged, unsafe, or of a schema not read here.
        IncompatibleMachineError: no variant runs on this machine, or the device has no driver; the notes say why.
        UsageError: an unknown device or variant, or a wrong number of threads.

    Warns:
        FallbackWarning: the processor runs the bundle instead of the device that was asked for.
    """
    from webtensorc_runtime import loader

    module: Module = loader.load(
        source, device=device, threads=threads, variant=variant, fallback=fallback, specialise=specialise
    )
    return module


def __getattr__(name: str) -> Any:
    if name == "Module":
        from webtensorc_runtime.module import Module

        return Module
    if name == "DeviceArray":
        from webtensorc_runtime.resident import DeviceArray

        return DeviceArray
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
