"""Let nothing be scheduled across a loop.

IREE 3.13 joins what comes before a loop with what comes behind it where one reads the other, and finds no order where
the loop is between them ("circular dependency: input operation uses partition output"). What it takes for a side effect
it moves nothing across; a barrier on the condition, which the host waits for anyhow, is one. Where several loops follow
each other, a kernel that reads nothing but an open size (an iota) may be left out altogether ("streamable op expected
to be in an execution region"), unless there is a barrier on what it makes.
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
        counts = [op.results[0] for op in ops if _reads_sizes(op)] if any(op.name in _LOOPS for op in ops) else []
        for value in counts:
            _fence(value)
        return len(conditions) + len(counts)


def _has_barrier(value: Value) -> bool:
    made = mlir.owner(value)
    return made is not None and made.name == _BARRIER


def _reads_sizes(op: Operation) -> bool:
    """Whether a kernel makes one tensor of open size, of nothing but sizes, which is not behind a barrier."""
    if op.name != "flow.dispatch" or len(op.results) != 1 or op.results[0].type.has_static_shape:
        return False
    reads = any(isinstance(value.type, ir.RankedTensorType) for value in op.operands)
    return not reads and {user.name for user in mlir.users(op.results[0])} != {_SIZED_BARRIER}


def _fence(value: Value) -> None:
    """Have all that reads the result of a kernel read it behind a barrier on it.

    That barrier is told the open sizes. It is not `util.optimization_barrier`, which IREE 3.13 asks for them: once for
    several loops, in a branch that not all of them are behind.
    """
    uses = [(use.owner.operation, use.operand_number) for use in value.uses]
    *_, count = value.owner.attributes["operandSegmentSizes"]
    sizes = list(value.owner.operands)[len(value.owner.operands) - count :]
    with value.owner.location, ir.InsertionPoint.after(value.owner):
        target = {"target": ir.Attribute.parse(_DEVICE)}
        barrier = ir.Operation.create(_SIZED_BARRIER, results=[value.type], operands=[value, *sizes], attributes=target)
    for user, number in uses:
        user.operands[number] = barrier.result
