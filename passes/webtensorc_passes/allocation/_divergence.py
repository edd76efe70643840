"""Which way invocations of a SPIR-V kernel go: all together, or each its own.

The native compiler (IREE 3.13) writes structured control flow: blocks are in the regions of `spirv.mlir.selection` and
`spirv.mlir.loop` (SPIR-V specification, section 2.11).
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Block, Operation, Value

__all__ = ["blocks", "divergent", "is_divergent", "variable"]


def blocks(op: Operation) -> list[Block]:
    """The blocks of all regions of an operation."""
    return [block for region in op.regions for block in region.blocks]


def variable(pointer: Value) -> str:
    """The symbol of the module's variable that a pointer points into; empty for a variable of the function."""
    op = mlir.owner(pointer)
    while op is not None and op.name == "spirv.AccessChain":
        op = mlir.owner(op.operands[0])
    return str(op.attributes["variable"].value) if op is not None and op.name == "spirv.mlir.addressof" else ""


def divergent(function: Operation, common: Set[str]) -> set[Value]:
    """Values that may differ between invocations: what was loaded, and whatever is computed or chosen by it.

    Args:
        common: variables that hold the same for all invocations of a workgroup.
    """
    found: set[Value] = set()
    ops = mlir.nested(function)
    before = -1
    while len(found) != before:
        before = len(found)
        for op in ops:
            is_own_way = bool(len(op.regions)) and is_divergent(op, found)
            if is_own_way or set(op.operands) & found or (op.name == "spirv.Load" and not _is_common(op, common)):
                found |= set(op.results)
                found |= {argument for block in op.successors for argument in block.arguments}
            if is_own_way:
                found |= {argument for block in blocks(op) for argument in block.arguments}
    return found


def is_divergent(op: Operation, found: Set[Value]) -> bool:
    """Whether invocations may go different ways between the blocks of an operation, by the values that may differ."""
    ends: list[Any] = [mlir.terminator(block) for block in blocks(op)]
    return any(each.name in ("spirv.BranchConditional", "spirv.Switch") and each.operands[0] in found for each in ends)


def _is_common(load: Operation, common: Set[str]) -> bool:
    """Whether all invocations of a workgroup load the same."""
    pointer = load.operands[0]
    return str(pointer.type).endswith((", PushConstant>", ", Uniform>")) or variable(pointer) in common
