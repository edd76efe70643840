"""Keep the two ways of a condition apart in SPIR-V kernels.

Where both do the same with different memory, read a number of one tensor or of another, the native compiler (IREE 3.13)
makes one block of both, which is told what to read by where it was entered from. Both ways enter it from the same
block, so that the binary names the first tensor twice (SPIR-V specification, `OpPhi`: exactly one value for each
predecessor), and the second is never read. Here the second way is a loop of one round or none, which is no block that
could be one with the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels


@dataclass(frozen=True)
class PartBranches(Pass):
    """Make a loop of the second way where both ways of an `scf.if` consist of the same operations and give numbers."""

    name: ClassVar[str] = "part-branches"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of conditions that are a loop beside."""
        found = [
            op
            for kernel in kernels(module)
            for op in mlir.nested(kernel)
            if op.name == "scf.if" and op.results and _are_alike(op) and all(map(_is_number, op.results))
        ]
        for op in reversed(found):  # what is inside of another first
            _part(op)
        return len(found)


def _are_alike(branch: Operation) -> bool:
    first, second = (region.blocks[0] for region in branch.regions)
    return _names(first) == _names(second) and len(_names(first)) > 1


def _names(block: Block) -> list[str]:
    """Of its operations, inner ones too; a block that computes nothing has one, its end."""
    return [
        name for op in block.operations for name in (op.operation.name, *(e.name for e in mlir.nested(op.operation)))
    ]


def _is_number(value: Value) -> bool:
    return isinstance(value.type, ir.IntegerType | ir.FloatType | ir.IndexType)


def _part(branch: Operation) -> None:
    """The first way, or zeros; then as many rounds of the second way as the condition does not hold, which is one."""
    kinds = [each.type for each in branch.results]
    zeros = [mlir.constant(_zero(each), before=branch) for each in branch.results]
    first = mlir.create("scf.if", list(branch.operands), kinds, before=branch, regions=2)
    ways = [region.blocks[0] for region in branch.regions]
    ways[0].append_to(first.regions[0])
    with branch.context, branch.location, ir.InsertionPoint(first.regions[1].blocks.append()):
        ir.Operation.create("scf.yield", operands=zeros)
    index = ir.IndexType.get(branch.context)
    none, one = (mlir.constant(ir.IntegerAttr.get(index, number), before=branch) for number in (0, 1))
    rounds = mlir.create("arith.select", [*branch.operands, none, one], [index], before=branch).result
    loop = mlir.create("scf.for", [none, rounds, one, *first.results], kinds, before=branch, regions=1)
    for kind in (index, *kinds):
        ways[1].add_argument(kind, branch.location)
    ways[1].append_to(loop.regions[0])
    mlir.replace(branch, list(loop.results))


def _zero(value: Value) -> Any:
    kind = value.type
    if isinstance(kind, ir.FloatType):
        return ir.FloatAttr.get(kind, 0.0, loc=ir.Location.unknown(kind.context))
    return ir.IntegerAttr.get(kind, 0)
