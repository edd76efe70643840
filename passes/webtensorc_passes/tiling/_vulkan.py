"""The kernels of a module that are for Vulkan devices."""

from __future__ import annotations

from typing import Any

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

__all__ = ["kernels"]


def kernels(module: Any) -> list[Operation]:
    """Those that become SPIR-V: `hal.executable.variant`, whose attribute `target` says for what."""
    found = [op for op in mlir.nested(module) if op.name == "hal.executable.variant"]
    return [each for each in found if '"vulkan-spirv"' in str(each.attributes["target"])]
