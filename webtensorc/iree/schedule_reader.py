"""Read a static schedule out of `stream.cmd.*` operations. Only this file knows how the native compiler writes them.

Dispatch bindings must not be fused (`--iree-scheduling-optimize-bindings=false`): fused bindings span the whole arena
and hide the byte ranges inside the executables. Leaving them apart costs no time (measured on Inception v1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from webtensorc.coverage import Stores, begin_buffers, covers
from webtensorc.errors import InternalError
from webtensorc.iree.kernel_facts import KernelFacts, source_names
from webtensorc.iree.mlir import symbol
from webtensorc.schedule import Access, Mode, Resource, ResourceKind, Schedule, Step

_ACCESS: dict[int, Mode] = {1: "read", 2: "write", 3: "update"}
_PASS_THROUGH = ("stream.timepoint.await", "stream.resource.subview", "util.optimization_barrier")


def read_schedule(module: Any, function: str) -> Schedule:
    """See `webtensorc.schedule.extract`."""
    reader = _Reader(KernelFacts.of(module))
    for op in module.regions[0].blocks[0].operations:
        if op.operation.name == "util.initializer":
            reader.read(op.operation, startup=True)
    reader.read(find_function(module, function), startup=False)
    steps = begin_buffers(reader.steps, reader.partial)
    return Schedule(tuple(reader.resources), tuple(steps), tuple(reader.startup))


def find_function(module: Any, name: str) -> Any:
    """The `util.func` of that name.

    Raises:
        InternalError: there is none.
    """
    for op in module.regions[0].blocks[0].operations:
        if op.operation.name == "util.func" and symbol(op.operation) == name:
            return op.operation
    raise InternalError(f"no function @{name}", doing="reading the static schedule")


def constant(value: Any) -> int | None:
    """The integer behind an SSA value that an `arith.constant` defines, else None."""
    owner = value.owner
    if getattr(owner, "name", None) != "arith.constant":
        return None
    return int(owner.attributes["value"].value)


def executes(function: Any) -> Iterator[Any]:
    """Every `stream.cmd.execute` and `stream.cmd.parameter.*` of a function or initializer, in order of text."""
    for region in function.regions:
        for block in region.blocks:
            for op in block.operations:
                if op.operation.name.startswith("stream.cmd."):
                    yield op
                else:
                    yield from executes(op.operation)


def commands(execute: Any) -> Iterator[tuple[int, int, Any]]:
    """The commands of one `stream.cmd.execute` with their time, counted from 0, and their lane."""
    for time, op in enumerate(execute.regions[0].blocks[0].operations):
        if op.operation.name != "stream.yield":
            yield from _flatten(op, time, 0)


def _flatten(op: Any, time: int, lane: int) -> Iterator[tuple[int, int, Any]]:
    name = op.operation.name
    if name not in ("stream.cmd.concurrent", "stream.cmd.serial"):
        yield time, lane, op
        return
    for number, inner in enumerate(op.operation.regions[0].blocks[0].operations):
        if inner.operation.name != "stream.yield":
            yield from _flatten(inner, time, number if name == "stream.cmd.concurrent" else lane)


def flat_commands(function: Any) -> list[Any]:
    """The operations behind `Schedule.steps`, one for one."""
    found: list[Any] = []
    for op in executes(function):
        is_region = op.operation.name == "stream.cmd.execute"
        found.extend((inner for _, _, inner in commands(op.operation)) if is_region else [op])
    return found


@dataclass(frozen=True)
class Operands:
    """Where an operation holds one access: numbers of the operands for the resource, its whole size, and the offset."""

    resource: int
    size: int
    offset: int


def access_operands(op: Any) -> tuple[Operands, ...]:
    """For each access of a command, in the order of `Step.accesses`, its operands; empty for commands unknown here."""
    name = op.operation.name
    if name == "stream.cmd.fill":
        return (Operands(0, 1, 2),)
    if name == "stream.cmd.copy":
        return (Operands(0, 1, 2), Operands(3, 4, 5))
    if name != "stream.cmd.dispatch":
        return ()
    workload, uniform, count, *_ = list(op.operation.attributes["operandSegmentSizes"])
    base = workload + uniform
    return tuple(Operands(base + i, base + count + i, base + 2 * count + i) for i in range(count))


def origin(value: Any) -> Any:
    """The value that first named a resource: looks through awaits and through the arguments of an execute region."""
    while True:
        owner = value.owner
        if hasattr(owner, "operations"):  # a block: `value` is one of its arguments
            parent = owner.owner
            if parent.name != "stream.cmd.execute":
                return value
            value = parent.opview.resource_operands[value.arg_number]
        elif owner.name in _PASS_THROUGH:
            resources = [o for o in owner.operands if str(o.type).startswith("!stream.resource")]
            value = resources[value.result_number] if owner.name == "stream.timepoint.await" else resources[0]
        else:
            return value


@dataclass
class _Reader:
    facts: KernelFacts
    resources: list[Resource] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    startup: list[Step] = field(default_factory=list)
    partial: dict[tuple[int, int], Stores] = field(default_factory=dict)
    time: int = 0

    def read(self, function: Any, *, startup: bool) -> None:
        into = self.startup if startup else self.steps
        self.time = into[-1].time + 1 if into else 0
        for op in executes(function):
            if op.operation.name == "stream.cmd.execute":
                last = 0
                for time, lane, command in commands(op.operation):
                    into.append(replace(self.step(command), time=self.time + time, lane=lane))
                    if not startup:
                        self.partial.update({(len(into) - 1, i): stores for i, stores in self.stores(command)})
                    last = time + 1
                self.time += last
            else:
                into.append(Step("other", op.operation.name, self.time, 0, (), locations=source_names(op.location)))
                self.time += 1

    def step(self, op: Any) -> Step:
        name, locations = op.operation.name, source_names(op.location)
        if name == "stream.cmd.dispatch":
            return self.dispatch(op, locations)
        if name == "stream.cmd.fill":
            access = self.access(op.target, "write", op.target_offset, op.target_length)
            return Step("fill", name, 0, 0, (access,), locations=locations)
        if name == "stream.cmd.copy":
            source = self.access(op.source, "read", op.source_offset, op.length)
            target = self.access(op.target, "write", op.target_offset, op.length)
            return Step("copy", name, 0, 0, (source, target), locations=locations)
        everything = tuple(
            Access(self.number(value), "update", 0, self.resources[self.number(value)].size)
            for value in op.operands
            if str(value.type).startswith("!stream.resource")
        )
        return Step("other", name, 0, 0, everything, locations=locations)

    def dispatch(self, op: Any, locations: tuple[str, ...]) -> Step:
        entry = ".".join(op.entry_points[0].value) if len(op.entry_points) == 1 else ""
        kernel = self.facts.kernel(op.entry_points[0]) if entry else None
        whole = {i for i, stores in self.stores(op) if covers(stores.shape, stores.boxes)}
        bindings = zip(op.resources, op.resource_accesses, op.resource_offsets, op.resource_lengths, strict=True)
        accesses = [
            self.access(resource, "write" if i in whole else _ACCESS[bits.value], offset, length)
            for i, (resource, bits, offset, length) in enumerate(bindings)
        ]
        return Step(
            kind="dispatch",
            name="::".join(op.entry_points[0].value) if entry else op.operation.name,
            time=0,
            lane=0,
            accesses=tuple(accesses),
            workgroups=kernel.workgroups if kernel else None,
            flops=kernel.flops if kernel else 0,
            locations=locations,
        )

    def stores(self, op: Any) -> list[tuple[int, Stores]]:
        """The accesses of a dispatch, by number, that may write and surely do not read, with what they store."""
        if op.operation.name != "stream.cmd.dispatch" or len(op.entry_points) != 1:
            return []
        kernel = self.facts.kernel(op.entry_points[0])
        return [
            (i, stores)
            for i, (bits, length) in enumerate(zip(op.resource_accesses, op.resource_lengths, strict=True))
            if _ACCESS[bits.value] == "update"
            and kernel is not None
            and (stores := kernel.stores[i]) is not None
            and stores.size == constant(length)
        ]

    def access(self, resource: Any, mode: Mode, offset: Any, length: Any) -> Access:
        return Access(self.number(resource), mode, constant(offset), constant(length))

    def number(self, value: Any) -> int:
        source = origin(value)
        if source not in self.numbers:
            self.numbers[source] = len(self.resources)
            self.resources.append(_resource(value, source, len(self.resources)))
        return self.numbers[source]


def _resource(value: Any, source: Any, number: int) -> Resource:
    kind: ResourceKind = next(
        (k for k in ("transient", "constant", "external", "variable") if f"<{k}>" in str(value.type)), "external"
    )
    owner = source.owner
    if hasattr(owner, "operations"):
        return Resource(kind, f"argument{source.arg_number}", None)
    if owner.name == "util.global.load":
        return Resource(kind, owner.attributes["global"].value, _size_at_execute(value))
    if owner.name == "stream.tensor.import":
        return Resource(kind, f"argument{_argument(owner)}", constant(owner.opview.result_size))
    if owner.name == "stream.resource.alloca":
        name = "result" if kind == "external" else "arena"
        return Resource(kind, f"{name}{number}", constant(owner.opview.storage_size))
    return Resource(kind, f"{owner.name}{number}", _size_at_execute(value))


def _argument(import_: Any) -> int:
    source = import_.operands[0]
    return source.arg_number if hasattr(source.owner, "operations") else 0


def _size_at_execute(value: Any) -> int | None:
    """The size that the execute region declares for a captured resource."""
    owner = value.owner
    if hasattr(owner, "operations") and owner.owner.name == "stream.cmd.execute":
        return constant(owner.owner.opview.resource_operand_sizes[value.arg_number])
    return None
