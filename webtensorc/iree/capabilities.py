"""What the SPIR-V kernels of a compiled module ask of a device."""

from __future__ import annotations

import re

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

_CAPABILITIES = re.compile(r"vce<v[\d.]+, \[([^\]]*)\]")
_EVERYWHERE = {"Shader", "Matrix"}
"""What every device with Vulkan has: the second is part of the first (SPIR-V specification, 3.2.30)."""


def declared(module: Operation) -> tuple[str, ...]:
    """The capabilities that kernels declare, under their names in SPIR-V, sorted; none where nothing is SPIR-V.

    Args:
        module: the compiler's module once its executables are compiled (`Phase.EXECUTABLE_TARGETS`).
    """
    kernels = (op for op in mlir.nested(module) if op.name == "spirv.module")
    texts = (_CAPABILITIES.search(str(op.attributes["vce_triple"])) for op in kernels)
    names = {name.strip() for text in texts if text for name in text[1].split(",") if name.strip()}
    return tuple(sorted(names - _EVERYWHERE))
