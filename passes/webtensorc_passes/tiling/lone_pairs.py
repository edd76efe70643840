"""Compute 64-bit integers one by one where two of 32 bits stand for each.

The native compiler (IREE 3.13) writes SPIR-V in vectors of four numbers where sizes allow it, and 64-bit integers as
pairs where a device is not known to have them (see `native-types`). Both together it refuses: no pattern of its
rewriting takes vectors of such pairs apart ("failed to legalize operation 'vector.insert_strided_slice'"). Here the
kernels that have pairs are written in numbers; an index or a mask of 64 bits is not what a model spends its time on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import VECTORS, translated, write_in_numbers
from webtensorc_passes.tiling._vulkan import kernels


@dataclass(frozen=True)
class LonePairs(Pass):
    """Keep SPIR-V kernels that compute 64-bit integers as pairs from being written in vectors."""

    name: ClassVar[str] = "lone-pairs"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 10  # ahead of what chooses among kinds of vectors

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels that are in numbers now."""
        changes = 0
        for kernel in kernels(module):
            if "int64" in str(kernel.attributes["target"]):
                continue
            for function in translated(kernel, VECTORS):
                if any(_is_pair(value) for value in _computed(function)):
                    write_in_numbers(function)
                    changes += 1
        return changes


def _computed(function: Operation) -> Iterator[Value]:
    """What operations on tensors take and make, and the numbers that they compute with."""
    for op in mlir.nested(function):
        for inner in mlir.nested(op) if op.name.startswith("linalg.") and op.regions else ():
            yield from (*inner.operands, *inner.results)


def _is_pair(value: Value) -> bool:
    kind = value.type.element_type if isinstance(value.type, ir.ShapedType) else value.type
    return str(kind) == "i64"
