"""Order the loops of SPIR-V kernels in numbers like the axes of their results.

The native compiler (IREE 3.13) distributes a kernel's operations one by one, the first axes to the first loops. What
fills the results with zeros has loops in the order of the axes; a contraction whose loops are in another (a grouped
convolution with the channels last: groups, features, positions) is added up by other invocations than those that have
filled, and none waits for the other. With the loops in order, a workgroup computes 64 results that lie side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import NUMBERS, Configured, configured
from webtensorc_passes.tiling._vulkan import kernels

_INVOCATIONS = 64
"""In a workgroup; two of them fit into the smallest that Vulkan allows a device to have (128)."""


@dataclass(frozen=True)
class LoopsAsResults(Pass):
    """Have the invocation that fills a result be the one that adds it up."""

    name: ClassVar[str] = "loops-as-results"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 15  # behind what takes kernels out of vectors, ahead of what looks at tiles

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels whose loops are in another order."""
        # In vectors, results are filled in registers.
        found = [each for kernel in kernels(module) for each in configured(kernel, NUMBERS)]
        return sum(_order(each) for each in found if each.op.name == "linalg.generic")


def _order(each: Configured) -> bool:
    """Put the loops in order; false where they are."""
    maps = [ir.AffineMapAttr(at).value for at in each.op.attributes["indexing_maps"]]
    loops = maps[-1].n_dims
    axes = [ir.AffineDimExpr(axis).position for axis in maps[-1].results if isinstance(axis, ir.AffineDimExpr)]
    if len(axes) != len(maps[-1].results) or len(set(axes)) != len(axes) or axes == sorted(axes):
        return False
    if len(each.op.results) != 1 or any(op.name == "linalg.index" for op in mlir.nested(each.op)):
        return False
    order = [*axes, *(loop for loop in range(loops) if loop not in axes)]
    tiles = [_padded(row, loops) for row in _rows(each.lowering)]
    if len(tiles) < 2:
        return False
    _interchange(each.op, maps, order)
    sizes = _workgroup(ir.ShapedType(each.op.results[0].type))
    summed = [[row[loop] for loop in order] for row in tiles[2:]]
    of_group = _padded([*[1] * (len(axes) - len(sizes)), *sizes], loops)
    of_one = _padded([*[0] * (len(axes) - len(sizes)), *[1] * len(sizes)], loops)
    lowering = re.sub(r"tile_sizes = \[\[.*?\]\]", f"tile_sizes = {[of_group, of_one, *summed]}", each.lowering)
    invocations = [*reversed(sizes), 1, 1][:3]
    each.change(re.sub(r"workgroup_size = \[[^]]*\]", f"workgroup_size = {invocations}", each.translation), lowering)
    return True


def _workgroup(results: Any) -> list[int]:
    """How many results a workgroup computes along each of the last three axes, one an invocation: powers of two."""
    sizes: list[int] = []
    left = _INVOCATIONS
    for axis in reversed(range(max(0, results.rank - 3), results.rank)):
        size = left if results.is_dynamic_dim(axis) else results.get_dim_size(axis)
        sizes.insert(0, min(left, 1 << max(0, size - 1).bit_length()))
        left //= sizes[0]
    return sizes


def _rows(lowering: str) -> list[list[int]]:
    """The tiles of a configuration: of a workgroup, of an invocation, and perhaps of what is summed over."""
    found = re.search(r"tile_sizes = \[(\[.*?\])\]", lowering)
    rows = re.findall(r"\[([^]]*)\]", found[1]) if found else []
    return [[int(size) for size in re.findall(r"\d+", row)] for row in rows]


def _padded(row: Sequence[int], loops: int) -> list[int]:
    return [*row, *[0] * (loops - len(row))]


def _interchange(op: Operation, maps: Sequence[Any], order: Sequence[int]) -> None:
    """Give the loops of an operation another order; `order` has the old one of each."""
    with op.context:
        new = [ir.AffineExpr.get_dim(order.index(loop)) for loop in range(len(order))]
        change = ir.AffineMap.get(len(order), 0, new)
        kinds = list(op.attributes["iterator_types"])
        op.attributes["iterator_types"] = ir.ArrayAttr.get([kinds[loop] for loop in order])
        op.attributes["indexing_maps"] = ir.ArrayAttr.get(
            [ir.AffineMapAttr.get(_composed(each, change)) for each in maps]
        )


def _composed(each: Any, change: Any) -> Any:
    return ir.AffineMap.get(change.n_dims, 0, [axis.compose(change) for axis in each.results])
