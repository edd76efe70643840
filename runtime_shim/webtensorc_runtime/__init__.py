"""The thin runtime: load a bundle, pick the variant that fits this machine, run it.

It needs the standard library, numpy and iree-base-runtime, and imports the latter two only when a bundle is loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from webtensorc_runtime.errors import (
    DiagnosticError,
    IncompatibleMachineError,
    InvalidFileError,
    UsageError,
)
from webtensorc_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from webtensorc_runtime.module import Module

__all__ = [
    "DiagnosticError",
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
) -> Module:
    """Load the variant of a bundle that suits this machine best.

    Every member's digest is checked before any code of the bundle runs. The weights stay where they lie in the file,
    mapped and shared with other processes; the file must not be overwritten in place while the module is in use
    (`Bundle.save` replaces it, which is safe).

    Args:
        source: path of a `.wtb` file, its bytes, or a `webtensorc.Bundle`.
        device: `cpu` (the default), `local-sync` (the calling thread), `local-task` (a pool of worker threads), or an
            accelerator: `vulkan`, `cuda`, with a number where there are several, `vulkan://1`.
        threads: number of worker threads; 1 runs on the calling thread. By default the compiler's advice decides, with
            one worker per physical core that the process may use.
        variant: label of the variant to run instead of the best one.

    Raises:
        InvalidFileError: not a bundle, damaged, unsafe, or of a schema not read here.
        IncompatibleMachineError: no variant runs on this machine, or the device has no driver.
        UsageError: an unknown device or variant, or a wrong number of threads.
    """
    from webtensorc_runtime import loader

    module: Module = loader.load(source, device=device, threads=threads, variant=variant)
    return module


def __getattr__(name: str) -> Any:
    if name == "Module":
        from webtensorc_runtime.module import Module

        return Module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
