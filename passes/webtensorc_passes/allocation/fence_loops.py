"""Let nothing be scheduled across a loop.

IREE 3.13 joins what comes before a loop with what comes behind it where one reads the other, and finds no order where
the loop is between them ("circular dependency: input operation uses partition output"). What it takes for a side effect
it moves nothing across; a barrier on the condition, which the host waits for anyhow, is one. Where several loops follow
each other, or one is in a branch, a kernel that reads nothing but an open size (an iota, a number of rounds) may be
left out altogether ("streamable op expected to be in an execution region"), unless there is a barrier on what it makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_BARRIER = "util.optimization_barrier"
_SIZED_BARRIER = "flow.tensor.barrier"
_DEVICE = "#hal.device.affinity<@__device_0>"
_LOOPS = {"scf.for", "scf.while"}


@dataclass(frozen=True)
class FenceLoops(Pass):
    """Put a barrier on the condition of every loop that has one, and on what is made of sizes alone beside loops."""

    name: ClassVar[str] = "fence-loops"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 70  # behind what else is done to loops

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers."""
        ops = mlir.nested(module)
        conditions = [op for op in ops if op.name == "scf.condition" and not _has_barrier(op.operands[0])]
        for op in conditions:
            value = op.operands[0]
            op.operands[0] = mlir.create(_BARRIER, [value], [value.type], before=op).result
        kernels = [op for op in ops if _reads_sizes(op)] if any(op.name in _LOOPS for op in ops) else []
        counts = [value for op in kernels for value in op.results if not (_is_fenced(value) or _is_loaded(value))]
        for value in counts:
            _fence(value)
        return len(conditions) + len(counts)


def _has_barrier(value: Value) -> bool:
    made = mlir.owner(value)
    return made is not None and made.name == _BARRIER


def _reads_sizes(op: Operation) -> bool:
    """Whether it is a kernel that reads sizes, or numbers made of them, and nothing else."""
    reads = [isinstance(each.type, ir.RankedTensorType) for each in op.operands]
    return op.name == "flow.dispatch" and bool(reads) and not any(reads)


def _is_fenced(value: Value) -> bool:
    return {user.name for user in mlir.users(value)} == {_SIZED_BARRIER}


def _is_loaded(value: Value) -> bool:
    """Whether the host reads it, and waits for it anyhow."""
    return any(user.name == "flow.tensor.load" for user in mlir.users(value))


def _fence(value: Value) -> None:
    """Have all that reads a result of a kernel read it behind a barrier on it.

    That barrier is told the open sizes. It is not `util.optimization_barrier`, which IREE 3.13 asks for them: once for
    several loops, in a branch that not all of them are behind.
    """
    sizes = _sizes(value)
    uses = [(use.owner.operation, use.operand_number) for use in value.uses]
    with value.owner.location, ir.InsertionPoint.after(value.owner):
        target = {"target": ir.Attribute.parse(_DEVICE)}
        barrier = ir.Operation.create(_SIZED_BARRIER, results=[value.type], operands=[value, *sizes], attributes=target)
    for user, number in uses:
        user.operands[number] = barrier.result


def _sizes(value: Value) -> list[Value]:
    """The open sizes of a kernel's result: they are its last operands, one result's behind the other's."""
    *_, count = value.owner.attributes["operandSegmentSizes"]
    operands = list(value.owner.operands)
    first = len(operands) - count
    for result in value.owner.results:
        last = first + _open_axes(result)
        if result == value:
            return operands[first:last]
        first = last
    raise AssertionError("a value is a result of its owner")


def _open_axes(value: Value) -> int:
    return sum(map(value.type.is_dynamic_dim, range(value.type.rank)))
