"""Take from CUDA kernels the products of matrix units that their architecture does not have.

The native compiler (IREE 3.13) takes GPUs from Volta on to multiply 16x16 by 16x8 float16 in one instruction
(`mma.sync.m16n8k16`), which those from Ampere on do (PTX ISA, "Warp Level Matrix Instructions", sm_80), and LLVM ends
when it meets the instruction. What is left for earlier ones are products of 16x16x16 (`wmma`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_ARCHITECTURE = re.compile(r'arch = "sm_(\d+)"')
_FIRST = 80
"""The compute capability that has them."""
_UNITS = re.compile(r"<NV_MMA_SYNC_\w+>(?:, )?")


@dataclass(frozen=True)
class KnownMatrixUnits(Pass):
    """Remove from the targets of CUDA kernels what only later GPUs multiply at once."""

    name: ClassVar[str] = "known-matrix-units"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels whose target was changed."""
        changes = 0
        for op in mlir.nested(module):
            if op.name != "hal.executable.variant":
                continue
            target = str(op.attributes["target"])
            found = _ARCHITECTURE.search(target)
            if found and int(found[1]) < _FIRST and _UNITS.search(target):
                op.attributes["target"] = ir.Attribute.parse(_UNITS.sub("", target), op.context)
                changes += 1
        return changes
