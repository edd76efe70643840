"""Let what a kernel computes of a tensor that it also stores transposed be computed of the transposed one.

IREE 3.13 fuses a transposition with what reads it, and then has the reader look through it at what was transposed. Of
the kernel's two results, which have nothing to do with each other any more, only one is distributed over workgroups,
and the other's stores are refused ("write affecting operations on global resources are restricted to workgroup
distributed contexts").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_STORE = "iree_tensor_ext.dispatch.tensor.store"


@dataclass(frozen=True)
class ReadTransposed(Pass):
    """Have elementwise operations of kernels read the transpositions that are stored beside their results."""

    name: ClassVar[str] = "read-transposed"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operands that are transposed now."""
        found = [op for op in mlir.nested(module) if op.name == "linalg.generic" and _is_stored_transposition(op)]
        return sum(map(_read, found))


def _is_stored_transposition(op: Operation) -> bool:
    body = [each.operation for each in op.regions[0].blocks[0].operations]
    moves = len(body) == 1 and len(op.operands) == 2 and body[0].operands[0] == op.regions[0].blocks[0].arguments[0]
    if not moves or not all(each.is_permutation for each in _maps(op)):
        return False
    return any(user.name == _STORE for user in mlir.users(op.results[0]))


def _maps(op: Operation) -> list[Any]:
    """The affine map of each operand."""
    return [ir.AffineMapAttr(each).value for each in ir.ArrayAttr(op.attributes["indexing_maps"])]


def _read(transposition: Operation) -> int:
    """Give readers of what is transposed the result; the number of operands."""
    source, result = transposition.operands[0], transposition.results[0]
    there, here = ([ir.AffineDimExpr(each).position for each in every.results] for every in _maps(transposition))
    block = [each.operation for each in transposition.operation.block.operations]
    behind = block[block.index(transposition) + 1 :]
    changes = 0
    for use in list(source.uses):
        reader, number = use.owner.operation, use.operand_number
        if reader.name != "linalg.generic" or reader not in behind:
            continue
        maps = _maps(reader)
        with reader.context:
            old = maps[number]
            maps[number] = ir.AffineMap.get(old.n_dims, 0, [old.results[there.index(each)] for each in here])
            reader.attributes["indexing_maps"] = ir.ArrayAttr.get([ir.AffineMapAttr.get(each) for each in maps])
        reader.operands[number] = result
        changes += 1
    return changes
