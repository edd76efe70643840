"""Write Vulkan kernels in loops that reduce along another axis than the innermost and then read all numbers again.

Of a softmax over channels the native compiler (IREE 3.13) distributes the sums over invocations, one for each column;
what reads a sum and its whole column has a loop more, is not distributed, and in code in vectors all of it is unrolled,
for every invocation: a kernel of 17 rows and 64 columns a workgroup had 1115 loads, and Mesa's lavapipe took a minute
to compile it. Code that is distributed number by number has loops there, which the invocations share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import VECTORS, configured, write_in_numbers
from webtensorc_passes.tiling._structured import indexing_maps


@dataclass(frozen=True)
class LoopsOverColumns(Pass):
    """Do not write in vectors what reduces columns and then reads them again."""

    name: ClassVar[str] = "loops-over-columns"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 10  # ahead of what chooses among kinds of vectors

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels that are in numbers now."""
        changes = 0
        for kernel in configured(module, VECTORS):
            function, first = kernel.function, kernel.op
            others = [op for op in mlir.nested(function) if op.name == "linalg.generic" and op != first]
            if _reduces_columns(first) and any(_parallel(op) > _parallel(first) for op in others):
                write_in_numbers(function)
                changes += 1
        return changes


def _kinds(op: Operation) -> list[str]:
    return [str(each).split("<")[-1].rstrip(">") for each in op.attributes["iterator_types"]]


def _parallel(op: Operation) -> int:
    return _kinds(op).count("parallel")


def _reduces_columns(op: Operation) -> bool:
    """Whether it reduces along loops of which none is the innermost dimension of what it reads."""
    if op.name != "linalg.generic" or "reduction" not in _kinds(op):
        return False
    maps = indexing_maps(op)
    innermost = maps[0][-1] if maps and maps[0] else None
    return innermost is not None and _kinds(op)[innermost] == "parallel"
