"""Whether there is a Vulkan device to run kernels on (Mesa's lavapipe will do)."""

from __future__ import annotations

import pytest
from webtensorc_runtime import accelerators, engine

__all__ = ["needs_vulkan"]


def _missing() -> str | None:
    try:
        accelerators.devices(engine.native(), "vulkan")
    except accelerators.UnavailableError as error:
        return f"no Vulkan device ({error}): apt-get install libvulkan1 mesa-vulkan-drivers"
    return None


needs_vulkan = pytest.mark.skipif(bool(_missing()), reason=_missing() or "")
