"""Compiling a bundle's own graph where it is run: what `webtensorc_runtime.load(specialise=True)` asks for."""

from __future__ import annotations

from typing import Any

import webtensorc
from webtensorc import registry
from webtensorc.artifact import Bundle


def for_device(source: Any, device: str) -> Bundle:
    """The bundle at a path, in bytes, or a `Bundle`, compiled with its own options for the targets of a kind of device.

    Args:
        source: as `webtensorc_runtime.load` takes it.
        device: kind of device: `cpu` means this machine's processor.

    Raises:
        DiagnosticError: as `webtensorc.compile`.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        source = Bundle.load(bytes(source))
    return webtensorc.compile(source, targets=("host",) if device == "cpu" else registry.targets_for(device))
