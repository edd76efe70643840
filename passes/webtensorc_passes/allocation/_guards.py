"""Divide what some invocations of a SPIR-V kernel do and others do not, so that all can wait for each other between.

A barrier must be reached by all invocations of a workgroup (SPIR-V, OpControlBarrier), so it cannot stand where only
those are that have a part in a tile: `if (id < 17) { a; b }` becomes `if (id < 17) { a }` and `if (id < 17) { b }`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

__all__ = ["divide"]

_ACTIONS = tuple(f"spirv.{each}" for each in ("Load", "Atomic", "Group", "KHR", "FunctionCall", "Variable"))
"""How operations begin whose results depend on when they are done, and on who does them."""
_SELECTION, _IF, _GOTO = "spirv.mlir.selection", "spirv.BranchConditional", "spirv.Branch"


def divide(selection: Operation, starts: Callable[[Sequence[Operation]], Sequence[int]]) -> list[Operation]:
    """The selections of equal condition that do one after the other what `selection` did; itself where that cannot be.

    Args:
        starts: of the operations that depend on the condition, the positions of those in front of which all have to
            wait.
    """
    body = _guarded(selection)
    cuts = starts(body)
    parts = [sum(cut <= at for cut in cuts) for at in range(len(body))]
    if not cuts or not _stand_alone(body, parts):
        return [selection]
    made = []
    for part in range(len(cuts) + 1):
        copy = selection.clone(ir.InsertionPoint(selection))
        for op, its_part in list(zip(_guarded(copy), parts, strict=True))[::-1]:
            unused = not any(mlir.users(each) for each in op.results)
            if (_acts(op) and its_part != part) or (not _acts(op) and unused):
                op.erase()
        made.append(copy.operation)
    selection.erase()
    return made


def _guarded(selection: Operation) -> list[Operation]:
    """What is done on a condition and nothing else, in a block of its own; empty if a selection is not of that form."""
    if selection.name != _SELECTION or len(selection.results) or len(selection.regions[0].blocks) != 3:
        return []
    first, second, last = selection.regions[0].blocks
    (*before, branch), (*body, end) = ([each.operation for each in block.operations] for block in (first, second))
    is_guard = not before and branch.name == _IF and list(branch.successors) == [second, last]
    return body if is_guard and end.name == _GOTO and not len(last.arguments) else []


def _acts(op: Operation) -> bool:
    """Whether it matters how often an operation is done, and when."""
    return bool(len(op.regions)) or not len(op.results) or op.name.startswith(_ACTIONS)


def _stand_alone(body: Sequence[Operation], parts: Sequence[int]) -> bool:
    """Whether no part uses what another has loaded."""
    home = dict(zip(body, parts, strict=True))
    needs: dict[Operation, set[int]] = {}
    for op in body:  # in order: what makes a value comes before what uses it
        makers = [mlir.owner(value) for each in (op, *mlir.nested(op)) for value in each.operands]
        needs[op] = {home[op]} if _acts(op) else set()
        needs[op] |= {part for maker in makers if maker in needs and maker != op for part in needs[maker]}
    return all(len(needs[op]) <= 1 for op in body if _acts(op))
