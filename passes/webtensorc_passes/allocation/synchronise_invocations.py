"""Let invocations of a SPIR-V kernel wait for each other where one reads what another has written.

IREE 3.13 distributes each operation of a fused kernel over the invocations by itself. If two of them are distributed
along different dimensions, values between them go through memory of the workgroup (SPIR-V, storage class `Workgroup`),
and it puts no barrier there: a softmax along any but the last dimension reads sums that are not written yet. Some
kernels, of convolutions with channels first, are not distributed at all: every invocation does all of the work, and
what it reads, changes and writes in that memory the others do at the same time.

A barrier goes in front of what touches a variable that was touched before, unless both only read or both go through one
pointer, which is the invocation's own. A kernel that never asks which invocation it is gets a single one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_IDENTITIES = ("LocalInvocationId", "GlobalInvocationId", "LocalInvocationIndex", "SubgroupLocalInvocationId")
_BARRIER = "spirv.ControlBarrier"
_LOOP = "spirv.mlir.loop"


@dataclass(frozen=True)
class SynchroniseInvocations(Pass):
    """Insert the barriers that SPIR-V kernels lack; make one invocation of those that would all do the same."""

    name: ClassVar[str] = "synchronise-invocations"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.EXECUTABLE_TARGETS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers and of kernels that are one invocation now."""
        kernels = [op for op in mlir.nested(module) if op.name == "spirv.module"]
        return sum(_serialise(kernel) or _synchronise(kernel) for kernel in kernels)


def _serialise(kernel: Operation) -> int:
    """Give entry points one invocation if none of them asks which it is; the number of those that had more."""
    ops, changes = mlir.nested(kernel), 0
    if {op.attributes["built_in"].value for op in _built_in(ops)} & set(_IDENTITIES):
        return 0
    for op in ops:
        if op.name == "spirv.ExecutionMode" and len(op.attributes["values"]) == 3:
            one = ir.Attribute.parse("[1 : i32, 1 : i32, 1 : i32]", kernel.context)
            changes += op.attributes["values"] != one
            op.attributes["values"] = one
    return changes


@dataclass(frozen=True)
class _Access:
    """Where memory of the workgroup is read or written.

    Attributes:
        variable: its symbol.
        pointer: the SSA value; None once the value stands for another address, in a loop's next round.
        writes: whether it is written.
    """

    variable: str
    pointer: Value | None
    writes: bool

    def conflicts(self, later: _Access) -> bool:
        """Whether two invocations must not do these in any order."""
        is_own = self.pointer is not None and self.pointer == later.pointer
        return self.variable == later.variable and (self.writes or later.writes) and not is_own


def _synchronise(kernel: Operation) -> int:
    ops = mlir.nested(kernel)
    built_in = {op.attributes["sym_name"].value: op.attributes["built_in"].value for op in _built_in(ops)}
    common = {name for name, what in built_in.items() if what in ("WorkgroupId", "NumWorkgroups")}
    functions = [op for op in ops if op.name == "spirv.func"]
    return sum(_scan(_blocks(each), [], _divergent(each, common)) for each in functions)


def _built_in(ops: Iterable[Operation]) -> list[Operation]:
    return [op for op in ops if op.name == "spirv.GlobalVariable" and "built_in" in op.attributes]


def _scan(blocks: Iterable[Any], pending: list[_Access], divergent: set[Value]) -> int:
    """Walk over what all invocations do together; the number of barriers that were put in.

    Args:
        pending: accesses since the last barrier, updated.
        divergent: values that may differ between invocations.
    """
    changes = 0
    for op in [each.operation for block in blocks for each in block.operations]:
        if op.name == _BARRIER:
            pending.clear()
            continue
        if op.name == _LOOP and not _is_divergent(op, divergent):
            changes += _scan(_blocks(op), pending, divergent)
            pending[:] = [_Access(each.variable, None, each.writes) for each in pending]
            changes += _scan(_blocks(op), pending, divergent)
            continue
        found = [access for each in (op, *mlir.nested(op)) for access in _accesses(each)]
        if any(before.conflicts(after) for before in pending for after in found):
            _insert_barrier(op)
            pending.clear()
            changes += 1
        pending += found
    return changes


def _blocks(op: Operation) -> list[Any]:
    return [block for region in op.regions for block in region.blocks]


def _accesses(op: Operation) -> list[_Access]:
    """What an operation does to memory of the workgroup."""
    if op.name == "spirv.AccessChain":
        return []
    pointers = [value for value in op.operands if _is_shared(value)]
    return [_Access(_variable(each), each, not op.name.endswith("Load")) for each in pointers]


def _is_shared(value: Value) -> bool:
    text = str(value.type)
    return text.startswith("!spirv.ptr<") and text.endswith(", Workgroup>")


def _variable(pointer: Value) -> str:
    """The symbol of the module's variable that a pointer points into; empty for a variable of the function."""
    op = mlir.owner(pointer)
    while op is not None and op.name == "spirv.AccessChain":
        op = mlir.owner(op.operands[0])
    return str(op.attributes["variable"].value) if op is not None and op.name == "spirv.mlir.addressof" else ""


def _insert_barrier(op: Operation) -> None:
    with op.context, op.location, ir.InsertionPoint(op):
        workgroup = ir.Attribute.parse("#spirv.scope<Workgroup>")
        semantics = ir.Attribute.parse("#spirv.memory_semantics<AcquireRelease|WorkgroupMemory>")
        scopes = {"execution_scope": workgroup, "memory_scope": workgroup, "memory_semantics": semantics}
        ir.Operation.create(_BARRIER, attributes=scopes)


def _divergent(function: Operation, common: set[str]) -> set[Value]:
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
            is_own_way = bool(len(op.regions)) and _is_divergent(op, found)
            if is_own_way or set(op.operands) & found or (op.name == "spirv.Load" and not _is_common(op, common)):
                found |= set(op.results)
                found |= {argument for block in op.successors for argument in block.arguments}
            if is_own_way:
                found |= {argument for block in _blocks(op) for argument in block.arguments}
    return found


def _is_common(load: Operation, common: set[str]) -> bool:
    """Whether all invocations of a workgroup load the same."""
    pointer = load.operands[0]
    return str(pointer.type).endswith((", PushConstant>", ", Uniform>")) or _variable(pointer) in common


def _is_divergent(op: Operation, divergent: set[Value]) -> bool:
    """Whether invocations may go different ways between the blocks of an operation."""
    ends = (block.operations[len(block.operations) - 1].operation for block in _blocks(op))
    return any(
        each.name in ("spirv.BranchConditional", "spirv.Switch") and each.operands[0] in divergent for each in ends
    )
