"""Make results in the caller's memory, and let what reads them as well read them there.

    r = op(...)                                  r = op(...)
    s = other(r)                       ->        a = alias(r, memory of the caller)
    a = alias(r, memory of the caller)           s = other(a)

The native compiler writes a value straight into the caller's memory if to put it there is all that is done with it.
A value that is read again, as the keys and values that a decoder's step hands on are, it would keep in the arena and
copy when all else is done. Read from where it was put, it is put there at once. What is written piece by piece into an
empty tensor, as a concatenation is, begins with the caller's memory in the place of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_WAITING = ("flow.tensor.load", "util.call")
"""Where the host reads what has been computed, as loops and conditions do, there are several lists of commands, and the
native compiler finds no order for those that share a result: functions with any of that stay as they are."""


@dataclass(frozen=True)
class ResultsInPlace(Pass):
    """Have results that are read besides, or written in pieces, lie in the caller's memory from the beginning."""

    name: ClassVar[str] = "results-in-place"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of results that are no longer copied."""
        changes = 0
        for function in module.regions[0].blocks[0].operations:
            operations = mlir.nested(function.operation) if function.operation.name == "util.func" else []
            if any(op.name in _WAITING or op.name.startswith(("scf.", "cf.")) for op in operations):
                continue
            for op in operations:
                if op.name == "hal.tensor.alias":
                    changes += _is_begun_in_place(op) or _is_read_in_place(op)
        return changes


def _is_begun_in_place(alias: Operation) -> bool:
    """Let the pieces of a result be written to the caller's memory, if it is made of pieces."""
    source, storage = alias.operands[0], alias.operands[1]
    first = _first_piece(source, alias.block)
    if first is None:
        return False
    op, number = first
    begin = alias.block.operations[0].operation  # a call is one run of commands if nothing is imported between them
    memory = mlir.create("hal.tensor.import", [storage], [source.type], _attributes(source), before=begin).result
    if op.operands[number].type != source.type:
        segments = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0], alias.context)}
        memory = mlir.create("flow.tensor.reshape", [memory], [op.operands[number].type], segments, before=op).result
    op.operands[number] = memory
    mlir.replace(alias, [source])
    return True


def _attributes(value: Value) -> dict[str, Any]:
    """Of the import of a buffer as a tensor like `value`, whose memory is the tensor's from then on."""
    context = value.owner.context
    return {
        "target_encoding": ir.TypeAttr.get(value.type),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0, 0], context),
        "consume": ir.UnitAttr.get(context),
    }


def _first_piece(value: Value, block: Any) -> tuple[Operation, int] | None:
    """The operation that writes the first piece of a tensor, and which operand is the empty tensor written to.

    None if the tensor is not made in this way in this block, or if something reads it half made.
    """
    is_whole = True
    while (op := mlir.owner(value)) is not None and op.block == block:
        number = _overwritten(op)
        if number is None and op.name != "flow.tensor.reshape":
            return None
        is_whole &= number is None
        number = number or 0
        value = op.operands[number]
        before = mlir.owner(value)
        if before is not None and before.name == "flow.tensor.empty":
            return op, number
        if not is_whole and not mlir.has_one_use(value):
            return None
    return None


def _overwritten(op: Operation) -> int | None:
    """Which operand an operation of one result writes it to; None if it has memory of its own."""
    if op.name == "flow.tensor.update":
        return 0
    if op.name != "flow.dispatch" or len(op.results) != 1 or "tied_operands" not in op.attributes:
        return None
    (tied,) = (each.value for each in op.attributes["tied_operands"])
    workload = next(iter(op.attributes["operandSegmentSizes"]))
    return None if tied < 0 else workload + int(tied)


def _is_read_in_place(alias: Operation) -> bool:
    """Put a result into the caller's memory as soon as it is made, and have it read there, if it is read at all."""
    source, producer = alias.operands[0], mlir.owner(alias.operands[0])
    if producer is None or mlir.has_one_use(source):
        return False
    alias.move_after(producer)
    source.replace_all_uses_except(alias.results[0], alias)
    return True
