"""Let invocations of a SPIR-V kernel wait for each other where one reads what another has written.

IREE 3.13 distributes each operation of a fused kernel over the invocations by itself. If two of them are distributed
along different dimensions, values between them go through memory of the workgroup (SPIR-V, storage class `Workgroup`),
and it puts no barrier there: a softmax along any but the last dimension reads sums that are not written yet. Some
kernels, of convolutions with channels first, are not distributed at all: every invocation does all of the work, and
what it reads, changes and writes in that memory the others do at the same time.

A barrier goes in front of what touches a variable that was touched before, unless both only read or both go through one
pointer, which is the invocation's own; in the next round of a loop too, if it is computed before the loop and from the
invocation's place. Where only some invocations come, none can stand: what they do is divided. A kernel that never asks
for an invocation's place along a dimension gets a single one along it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.allocation._divergence import blocks, divergent, is_divergent, variable
from webtensorc_passes.allocation._guards import divide

_IDENTITY = "LocalInvocationId"
_OTHER_IDENTITIES = ("GlobalInvocationId", "LocalInvocationIndex", "SubgroupId", "SubgroupLocalInvocationId")
_TOGETHER = ("spirv.Group", "spirv.KHR.Cooperative")
"""How operations begin that a subgroup does as a whole, for which it must stay as it is."""
_BARRIER = "spirv.ControlBarrier"
_LOOP, _SELECTION = "spirv.mlir.loop", "spirv.mlir.selection"


@dataclass(frozen=True)
class SynchroniseInvocations(Pass):
    """Insert the barriers that SPIR-V kernels lack; make one invocation of those that would all do the same."""

    name: ClassVar[str] = "synchronise-invocations"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.EXECUTABLE_TARGETS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers and of kernels that have fewer invocations now."""
        kernels = [op for op in mlir.nested(module) if op.name == "spirv.module"]
        return sum(_narrow(kernel) + _synchronise(kernel) for kernel in kernels)


def _narrow(kernel: Operation) -> int:
    """Give entry points one invocation along dimensions in which none asks for its place; the number of those changed.

    All along such a dimension do the same, and what they read, change and write they would do at the same time.
    """
    ops, changes = mlir.nested(kernel), 0
    asked = _asked(ops)
    for op in ops:
        if op.name == "spirv.ExecutionMode" and len(op.attributes["values"]) == 3:
            sizes = [each.value for each in op.attributes["values"]]
            needed = [size if at in asked else 1 for at, size in enumerate(sizes)]
            changes += needed != sizes
            text = ", ".join(f"{size} : i32" for size in needed)
            op.attributes["values"] = ir.Attribute.parse(f"[{text}]", kernel.context)
    return changes


def _asked(ops: Iterable[Operation]) -> set[int]:
    """The dimensions in which invocations ask for their place; all three where that cannot be told."""
    names = {mlir.symbol(op): op.attributes["built_in"].value for op in _built_in(ops)}
    if set(names.values()) & set(_OTHER_IDENTITIES) or any(op.name.startswith(_TOGETHER) for op in ops):
        return {0, 1, 2}
    asked: set[int] = set()
    for op in ops:
        if op.name == "spirv.mlir.addressof" and names.get(op.attributes["variable"].value) == _IDENTITY:
            for use in (use for load in mlir.users(op.results[0]) for use in mlir.users(load.results[0])):
                is_one = use.name == "spirv.CompositeExtract"
                asked |= {use.attributes["indices"][0].value} if is_one else {0, 1, 2}
    return asked


@dataclass(frozen=True)
class _Access:
    """Where memory of the workgroup is read or written.

    Attributes:
        variable: its symbol.
        pointer: the SSA value; None once the value may stand for another address, in a loop's next round.
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
    built_in = {mlir.symbol(op): op.attributes["built_in"].value for op in _built_in(ops)}
    common = {name for name, what in built_in.items() if what in ("WorkgroupId", "NumWorkgroups")}
    functions = [op for op in ops if op.name == "spirv.func"]
    return sum(_scan(_operations(each), [], divergent(each, common)) for each in functions)


def _built_in(ops: Iterable[Operation]) -> list[Operation]:
    return [op for op in ops if op.name == "spirv.GlobalVariable" and "built_in" in op.attributes]


def _scan(ops: Iterable[Operation], pending: list[_Access], unlike: set[Value]) -> int:
    """Walk over what all invocations do together; the number of barriers that were put in.

    Args:
        pending: accesses since the last barrier, updated.
        unlike: values that may differ between invocations.
    """
    changes = 0
    for op in ops:
        if op.name == _BARRIER:
            pending.clear()
        elif op.name == _LOOP and not is_divergent(op, unlike):
            changes += _scan(_operations(op), pending, unlike)
            kept = unlike - _made_in(op)
            pending[:] = [each if each.pointer in kept else replace(each, pointer=None) for each in pending]
            changes += _scan(_operations(op), pending, unlike)
        else:
            for part in divide(op, _cuts) if op.name == _SELECTION else [op]:
                changes += _wait_before(part, pending)
    return changes


def _operations(op: Operation) -> list[Operation]:
    return [each.operation for block in blocks(op) for each in block.operations]


def _made_in(loop: Operation) -> set[Value]:
    """Values that are others in every round."""
    results = {result for op in mlir.nested(loop) for result in op.results}
    return results | {
        argument for op in (loop, *mlir.nested(loop)) for block in blocks(op) for argument in block.arguments
    }


def _wait_before(op: Operation, pending: list[_Access]) -> int:
    """Put a barrier in front of an operation if what others did before must be done; 1 if it must."""
    found = _all_accesses(op)
    must = _conflict(pending, found)
    if must:
        _insert_barrier(op)
        pending.clear()
    pending += found
    return int(must)


def _cuts(body: Sequence[Operation]) -> list[int]:
    """The positions of operations in front of which all must wait, of some that are done one after the other."""
    cuts: list[int] = []
    pending: list[_Access] = []
    for at, op in enumerate(body):
        found = _all_accesses(op)
        if _conflict(pending, found):
            cuts.append(at)
            pending.clear()
        pending += found
    return cuts


def _conflict(pending: Iterable[_Access], found: Sequence[_Access]) -> bool:
    return any(before.conflicts(after) for before in pending for after in found)


def _all_accesses(op: Operation) -> list[_Access]:
    return [access for each in (op, *mlir.nested(op)) for access in _accesses(each)]


def _accesses(op: Operation) -> list[_Access]:
    """What an operation does to memory of the workgroup."""
    if op.name == "spirv.AccessChain":
        return []
    pointers = [value for value in op.operands if _is_shared(value)]
    return [_Access(variable(each), each, not op.name.endswith("Load")) for each in pointers]


def _is_shared(value: Value) -> bool:
    text = str(value.type)
    return text.startswith("!spirv.ptr<") and text.endswith(", Workgroup>")


def _insert_barrier(op: Operation) -> None:
    with op.context, op.location, ir.InsertionPoint(op):
        workgroup = ir.Attribute.parse("#spirv.scope<Workgroup>")
        semantics = ir.Attribute.parse("#spirv.memory_semantics<AcquireRelease|WorkgroupMemory>")
        scopes = {"execution_scope": workgroup, "memory_scope": workgroup, "memory_semantics": semantics}
        ir.Operation.create(_BARRIER, attributes=scopes)
