"""Have tiles of products on matrix units fit into the memory of a workgroup, results included.

For AMD's GPUs the native compiler (IREE 3.13) chooses a tile whose factors fit into that memory. Where a size is no
multiple of the tile's it then keeps the tile of results there as well, and refuses its own kernel ("exceeded the
limit"). Half as deep a slice of both factors needs half as much; the tile of results stays, and with it how often each
factor is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_LIMIT = re.compile(r"max_workgroup_memory_bytes = (\d+)")
_WIDTH = re.compile(r"[a-z]+(\d+)")


@dataclass(frozen=True)
class FitWorkgroupMemory(Pass):
    """Halve the depth of a tile on matrix units until it fits, with its results, into a workgroup's memory."""

    name: ClassVar[str] = "fit-workgroup-memory"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels with a smaller tile."""
        changes = 0
        for variant in [op for op in mlir.nested(module) if op.name == "hal.executable.variant"]:
            if limit := _LIMIT.search(str(variant.attributes["target"])):
                tiled = [op for op in mlir.nested(variant) if "lowering_config" in op.attributes]
                changes += sum(_shrink(op, int(limit[1])) for op in tiled)
        return changes


def _shrink(op: Operation, limit: int) -> int:
    """Halve the depth while the tile does not fit; a slice cannot be less than one step of the matrix unit."""
    said = str(op.attributes["lowering_config"])
    tile, depth = _numbers(said, "padding"), _numbers(said, "reduction")
    if "mma_kind" not in said or len(op.operands) != 3 or not tile or len(tile) != len(depth):
        return 0
    sizes = [_bytes(each) for each in op.operands]
    halved = 0
    while _memory(tile, depth, sizes) > limit and all(each % 2 == 0 for each in depth):
        tile = [size // 2 if steps else size for size, steps in zip(tile, depth, strict=True)]
        depth = [steps // 2 for steps in depth]
        halved = 1
    if halved:
        told = _written(_written(said, "padding", tile), "reduction", depth)
        op.attributes["lowering_config"] = ir.Attribute.parse(told, op.context)
    return halved


def _memory(tile: list[int], depth: list[int], sizes: list[int]) -> int:
    """Bytes of the slices of both factors and of the results; the last loop but the summed ones is the columns'."""
    *rows, columns = [size for size, steps in zip(tile, depth, strict=True) if not steps]
    deep = prod(size for size, steps in zip(tile, depth, strict=True) if steps)
    counts = prod(rows) * deep, deep * columns, prod(rows) * columns
    return sum(count * size for count, size in zip(counts, sizes, strict=True))


def _bytes(value: Any) -> int:
    """Of an element, rounded up to a power of two by the type's name."""
    width = _WIDTH.search(str(value.type.element_type))
    return max(1, int(width[1]) // 8) if width else 4


def _numbers(text: str, name: str) -> list[int]:
    found = re.search(rf"\b{name} = \[([\d, ]+)\]", text)
    return [int(each) for each in found[1].split(",")] if found else []


def _written(text: str, name: str, numbers: list[int]) -> str:
    return re.sub(rf"\b{name} = \[[\d, ]+\]", f"{name} = [{', '.join(map(str, numbers))}]", text)
