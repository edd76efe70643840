"""Give every invocation of a Vulkan kernel work of its own where the native compiler loses dimensions of a workgroup.

For sizes that no power of two divides IREE 3.13 chooses workgroups such as 1 x 64 or 32 x 1 x 2, and then distributes
only as many dimensions as come before the first of a single invocation: the loops of the others are run by each
invocation as a whole. 2048 rows of 257 numbers were written by one invocation for each 64, one number after the other.
Here all invocations lie along the innermost dimension, which is the one that lies together in memory, too, or along
several rows of it where it is short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import NUMBERS, Configured, configured

_WORKGROUP = re.compile(r"workgroup_size = \[(\d+), (\d+), (\d+)\]")
_TILES = re.compile(r"tile_sizes = \[\[([\d, ]+)\]")
_INVOCATIONS, _LONGEST = 64, 1024
"""Of a workgroup; and of the numbers that one may compute."""


@dataclass(frozen=True)
class DistributeRows(Pass):
    """Let invocations along dimensions that would be lost share the innermost one."""

    name: ClassVar[str] = "distribute-rows"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels that are distributed in another way now."""
        return sum(map(_distribute, configured(module, NUMBERS)))


def _distribute(kernel: Configured) -> int:
    size, tiles = _WORKGROUP.search(kernel.translation), _TILES.search(kernel.lowering)
    if size is None or tiles is None or not _loses(*map(int, size.groups())):
        return 0
    *outer, last = map(int, tiles[1].split(","))
    along, rows = int(size[1]), 1
    if along == 1:
        last = _row(kernel.op, len(outer))
        along = min(last, _INVOCATIONS)
        if not last:
            return 0
        rows = _INVOCATIONS // along if outer and outer[-1] else 1
    outer = [min(each, 1) for each in outer]
    outer[-1:] = [each * rows for each in outer[-1:]]
    text = ", ".join(map(str, [*outer, last]))
    told = _WORKGROUP.sub(f"workgroup_size = [{along}, {rows}, 1]", kernel.translation)
    kernel.change(told, _TILES.sub(f"tile_sizes = [[{text}]", kernel.lowering, count=1))
    return 1


def _loses(x: int, y: int, z: int) -> bool:
    """Whether a dimension of several invocations comes after one of a single one."""
    return (x == 1 and y * z > 1) or (y == 1 and z > 1)


def _row(op: Operation, loop: int) -> int:
    """The numbers along the innermost loop of a result, if one workgroup may compute them; 0 if it may not.

    What is copied between buffers has no result, and its last operand in the place of one.
    """
    kind = ir.ShapedType(op.operands[len(op.operands) - 1].type)
    if not kind.has_static_shape:
        return 0
    shape = kind.shape
    return shape[-1] if len(shape) == loop + 1 and 1 < shape[-1] <= _LONGEST else 0
