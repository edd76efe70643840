"""Give workgroups of Vulkan products enough invocations where no power of two divides the number of rows.

For 55 x 55 or 13 x 13 pixels IREE 3.13 chooses workgroups of a single row of invocations, as few as two, each with its
block of results: of a GPU's 32 or 64 lanes all others are idle. Here a workgroup has as many blocks of rows more as
divide the rows and make it a subgroup's size; what an invocation computes stays the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import VECTORS, Configured, configured

_ONE_ROW = re.compile(r"workgroup_size = \[(\d+), 1, 1\]")
_TILES = re.compile(r"tile_sizes = \[\[([\d, ]+)\], \[([\d, ]+)\], (\[[\d, ]+\])\]")
_ENOUGH, _MOST = 32, 128
"""Invocations of a workgroup: a subgroup of most GPUs; as many as every device has (Vulkan 1.1, "Required Limits")."""


@dataclass(frozen=True)
class FillWorkgroups(Pass):
    """Let products whose workgroups have less than 32 invocations, all in a row, have several rows of them."""

    name: ClassVar[str] = "fill-workgroups"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels with more invocations."""
        return sum(map(_fill, configured(module, VECTORS)))


def _fill(kernel: Configured) -> int:
    results = kernel.op.results
    size, tiles = _ONE_ROW.search(kernel.translation), _TILES.search(kernel.lowering)
    if size is None or tiles is None or len(results) != 1 or not mlir.is_static_tensor(results[0]):
        return 0
    shape = mlir.shape_of(results[0])
    workgroup, invocation = ([int(each) for each in tiles[i].split(",")] for i in (1, 2))
    if len(shape) < 2 or not len(workgroup) == len(invocation) == len(shape) or workgroup[-2] != invocation[-2]:
        return 0
    times = _times(shape[-2], workgroup[-2], int(size[1]))
    if times == 1:
        return 0
    workgroup[-2] *= times
    told = f"tile_sizes = [{workgroup}, {invocation}, {tiles[3]}]"
    filled = f"workgroup_size = [{size[1]}, {times}, 1]"
    kernel.change(_ONE_ROW.sub(filled, kernel.translation), _TILES.sub(told, kernel.lowering, count=1))
    return 1


def _times(rows: int, tile: int, across: int) -> int:
    """How many tiles of rows a workgroup is to have: the fewest that fill it, or else the most that divide the rows."""
    if across >= _ENOUGH or rows % tile:
        return 1
    dividing = [each for each in range(1, _MOST // across + 1) if rows // tile % each == 0]
    return next((each for each in dividing if each * across >= _ENOUGH), dividing[-1])
