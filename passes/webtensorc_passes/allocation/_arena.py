"""Give the buffers of a static program's transient arenas new places: what the passes that plan an arena share.

The native compiler has placed all intermediate buffers in one allocation. The buffers are recovered from the byte
ranges that the commands use (`webtensorc.liveness`), placed again, and the offsets and the size are rewritten. Nothing
else changes: the commands keep their order, and the new layout is accepted only if every read still sees the writes it
saw before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from iree.compiler import ir
from iree.compiler.passmanager import PassManager

from webtensorc.iree.schedule_reader import access_operands, constant, find_function, flat_commands, origin
from webtensorc.liveness import Buffer, Event, Range, logical_buffers, reaching_writers
from webtensorc.packing import Interval, Packing
from webtensorc.pass_api import TargetView
from webtensorc.schedule import Schedule

Packer = Callable[[Sequence[Interval]], Packing]


_UNKNOWN_DEVICE = 256
"""Bytes; the most that Vulkan lets a device demand (minStorageBufferOffsetAlignment)."""


def alignment(target: TargetView | None) -> int:
    """What the offsets of buffers in an arena must be multiples of, in bytes."""
    return target.buffer_alignment if target else _UNKNOWN_DEVICE


def repack(module: Any, schedule: Schedule, alignment: int, packer: Packer) -> int:
    """Place the buffers of every arena of the public function `main` as `packer` says, at multiples of `alignment`.

    Returns:
        The number of arenas in which something moved.
    """
    if not schedule.is_static:
        return 0
    commands = flat_commands(find_function(module, "main"))
    changes = sum(
        _repack(schedule, commands, number, alignment, packer)
        for number, resource in enumerate(schedule.resources)
        if resource.kind == "transient" and _is_private(schedule, commands, number)
    )
    if changes:
        _annotate_alignment(module)
    return changes


def _repack(schedule: Schedule, commands: Sequence[Any], number: int, alignment: int, packer: Packer) -> bool:
    events = schedule.events(number)
    buffers = _in_program_order(logical_buffers(events), events)
    packing = packer([Interval(b.first, b.last, b.size, alignment) for b in buffers])
    size = -(-packing.size // alignment) * alignment
    if size == schedule.resources[number].size and packing.offsets == tuple(b.offset for b in buffers):
        return False
    move = {
        access: offset - buffer.offset
        for buffer, offset in zip(buffers, packing.offsets, strict=True)
        for access in buffer.accesses
    }
    if not _same_data_flow(events, move):
        return False
    _rewrite(schedule, commands, number, move, size)
    return True


def _is_private(schedule: Schedule, commands: Sequence[Any], number: int) -> bool:
    """Whether an arena is only used by commands, all known, of one execute region beside its allocation."""
    regions = set()
    source = None
    for step, op in zip(schedule.steps, commands, strict=True):
        places = access_operands(op)
        mine = [i for i, access in enumerate(step.accesses) if access.resource == number]
        if mine and len(places) != len(step.accesses):
            return False
        for i in mine:
            value = op.operation.operands[places[i].resource]
            regions.add(value.owner)
            source = origin(value)
    if source is None or len(regions) != 1 or source.owner.name != "stream.resource.alloca":
        return False
    users = [use.owner for use in source.uses]
    inner = next(iter(regions))
    return (
        sorted(user.name for user in users)
        in (["stream.cmd.execute"], ["stream.cmd.execute", "stream.resource.dealloca"])
        and all(user.operation.block == source.owner.operation.block for user in users)
        and constant(source.owner.opview.storage_size) is not None
        and _all_uses_known(inner, source)
    )


def _all_uses_known(block: Any, source: Any) -> bool:
    captured = [argument for argument in block.arguments if origin(argument) == source]
    known = {"stream.cmd.dispatch", "stream.cmd.fill", "stream.cmd.copy"}
    return len(captured) == 1 and all(use.owner.name in known for use in captured[0].uses)


def _in_program_order(buffers: Sequence[Buffer], events: Sequence[Event]) -> list[Buffer]:
    """Buffers by their first access, in the order of a command's operands; where they lie now does not matter."""

    def first_access(buffer: Buffer) -> tuple[int, int]:
        return min((n, events[n].ranges.index(place)) for n, place in buffer.accesses)

    return sorted(buffers, key=first_access)


def _same_data_flow(events: Sequence[Event], move: dict[tuple[int, Range], int]) -> bool:
    moved = [
        Event(event.time, tuple(Range(r.start + move[n, r], r.end + move[n, r], r.mode) for r in event.ranges))
        for n, event in enumerate(events)
    ]
    pairs = zip(reaching_writers(events), reaching_writers(moved), strict=True)
    return all(before <= after for before, after in pairs)


def _rewrite(
    schedule: Schedule, commands: Sequence[Any], number: int, move: dict[tuple[int, Range], int], size: int
) -> None:
    event = 0
    for step, op in zip(schedule.steps, commands, strict=True):
        mine = [i for i, access in enumerate(step.accesses) if access.resource == number]
        places = access_operands(op)
        for i in mine:
            access, place = step.accesses[i], places[i]
            offset, length = access.offset or 0, access.length or 0
            shift = move[event, Range(offset, offset + length, access.mode)]
            arena = op.operation.operands[place.resource]
            op.operation.operands[place.offset] = index(arena, offset + shift)
            op.operation.operands[place.size] = index(arena, size)
        event += bool(mine)
    resize(arena, size)


def resize(arena: Any, size: int) -> None:
    """Make an arena, which `arena` is or stands for, `size` bytes large; its commands are left to the caller."""
    source = origin(arena)
    source.owner.operands[0] = index(arena, size)
    for use in source.uses:
        position = use.operand_number + (1 if use.owner.name == "stream.resource.dealloca" else _captured(use.owner))
        use.owner.operands[position] = index(arena, size)


def _captured(execute: Any) -> int:
    return int(execute.attributes["operandSegmentSizes"][0])


def index(arena: Any, value: int) -> Any:
    """An index constant before the allocation of `arena`; later clean-up merges equal ones."""
    with ir.InsertionPoint(origin(arena).owner), ir.Location.unknown():
        attribute = ir.IntegerAttr.get(ir.IndexType.get(), value)
        return ir.Operation.create(
            "arith.constant", results=[ir.IndexType.get()], attributes={"value": attribute}
        ).results[0]


def _annotate_alignment(module: Any) -> None:
    """Let the native compiler find the bindings' alignments again: the old ones followed from the old offsets."""
    for op in module.regions[0].blocks[0].operations:
        if op.operation.name == "stream.executable":
            _drop_alignment(op.operation)
    PassManager.parse("builtin.module(iree-stream-annotate-dispatch-arguments,cse)").run(module)


def _drop_alignment(executable: Any) -> None:
    for op in executable.regions[0].blocks[0].operations:
        if op.operation.name != "builtin.module":
            continue
        for function in op.operation.regions[0].blocks[0].operations:
            attributes = function.operation.attributes
            if function.operation.name != "func.func" or "arg_attrs" not in attributes:
                continue
            kept = [
                ir.DictAttr.get({a.name: a.attr for a in argument if a.name != "stream.alignment"})
                for argument in attributes["arg_attrs"]
            ]
            attributes["arg_attrs"] = ir.ArrayAttr.get(kept)
