"""Leave out of SPIR-V kernels what their version does not have.

The native compiler (IREE 3.13) writes code for a family of GPUs with SPIR-V 1.6 in mind, and then finds the earliest
version that has all of its instructions. What else came with 1.4 makes a binary of an earlier version invalid:

- `NoSignedWrap` and `NoUnsignedWrap` (3.20, "Decoration") only say what is true anyway; a driver may compute addresses
  with them a little more cleverly.
- An entry point lists all of its variables from 1.4 on, and before that inputs and outputs alone ("OpEntryPoint").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_PROMISES = ("no_signed_wrap", "no_unsigned_wrap")
_VERSION = re.compile(r"#spirv\.vce<v1\.(\d+)")
_FIRST = 4
"""The minor version that has them."""
_LISTED = re.compile(r", (?:Input|Output)>$")
"""The types of variables that are inputs or outputs."""


@dataclass(frozen=True)
class FitSpirvVersion(Pass):
    """Remove decorations of SPIR-V kernels, and variables of their entry points, that belong to later versions."""

    name: ClassVar[str] = "fit-spirv-version"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.EXECUTABLE_TARGETS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of decorations and variables that are gone."""
        early = [op for op in mlir.nested(module) if op.name == "spirv.module" and _is_early(op)]
        return sum(map(_fit, early))


def _is_early(kernel: Operation) -> bool:
    version = _VERSION.match(str(kernel.attributes["vce_triple"]))
    return version is not None and int(version[1]) < _FIRST


def _fit(kernel: Operation) -> int:
    ops, changes = mlir.nested(kernel), 0
    variables = [op for op in ops if op.name == "spirv.GlobalVariable"]
    listed = {mlir.symbol(op) for op in variables if _LISTED.search(str(op.attributes["type"].value))}
    for op in ops:
        for name in _PROMISES:
            if name in op.attributes:
                del op.attributes[name]
                changes += 1
        if op.name == "spirv.EntryPoint":
            given = list(op.attributes["interface"])
            kept = [each for each in given if each.value in listed]
            op.attributes["interface"] = ir.ArrayAttr.get(kept, kernel.context)
            changes += len(given) - len(kept)
    return changes
