"""Runs of a processor's kernels, copies and fills that can be one kernel: where they are, what they read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.schedule_reader import Operands, access_operands, constant
from webtensorc_passes.allocation._crew import Call, Part, copy, fill

__all__ = ["JOINED", "Arena", "Kernel", "Run", "inside", "kernels", "runs"]

JOINED = "joined"
"""The executable of the kernels that runs become."""
_BINDINGS = 31
"""Tensors of one run: a kernel has at most 32 bindings (`IREE_HAL_MODULE_MAX_DESCRIPTOR_BINDING_COUNT`)."""
_CALLS = 128
"""Calls in one run: each takes some 100 bytes of the stack."""
_WRITE = 2

Symbol = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A processor's kernel: the variant of an executable that it is in, its function and its grid."""

    variant: Operation
    function: Operation
    grid: tuple[int, int, int]
    name: str

    @property
    def flops(self) -> int:
        """Arithmetic operations of all workgroups; 0 where nobody has counted."""
        return mlir.integer(self.function, "webtensorc.flops", 0)


@dataclass(frozen=True, eq=False)
class Arena:
    """Transient memory of one `stream.cmd.execute` alone: what stands for it inside, and its bytes."""

    execute: Operation
    inside: Value
    bytes: int


@dataclass(eq=False)
class Run:
    """Consecutive steps; each is what one command does, whose parts may run at once.

    Attributes:
        operations: the commands.
        steps: what they call; copies and fills are calls of the crew's own functions.
        kernels: those of the program that are called.
        tensors: the size in bytes, a value, of every resource that they use.
        written: those among them that are not only read.
    """

    arena: Arena
    operations: list[Operation] = field(default_factory=list)
    steps: list[list[Call]] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    tensors: dict[Value, Value] = field(default_factory=dict)
    written: set[Value] = field(default_factory=set)

    @property
    def calls(self) -> list[Call]:
        """What all steps call."""
        return list(chain.from_iterable(self.steps))


def kernels(module: Operation) -> dict[Symbol, Kernel]:
    """The kernels for processors of 64 bits whose grids are constants, by symbol."""
    found: dict[Symbol, Kernel] = {}
    for executable in inside(module, "hal.executable"):
        variants = inside(executable, "hal.executable.variant") if mlir.symbol(executable) != JOINED else []
        exports = [export for variant in variants for export in inside(variant, "hal.executable.export")]
        if len(variants) == len(exports) == 1 and (kernel := _kernel(executable, variants[0], exports[0])) is not None:
            found[(mlir.symbol(executable), mlir.symbol(variants[0]), mlir.symbol(exports[0]))] = kernel
    return found


def _kernel(executable: Operation, variant: Operation, export: Operation) -> Kernel | None:
    counts = list(export.regions[0].blocks[0].operations)[-1].operands
    x, y, z = (constant(each) or 0 for each in counts)
    for code in inside(variant, "builtin.module"):
        layout = str(code.attributes["llvm.data_layout"]) if "llvm.data_layout" in code.attributes else "-p:32"
        for function in inside(code, "llvm.func"):
            is_plain = (
                mlir.symbol(function) == mlir.symbol(export) and "workgroup_local_memory" not in export.attributes
            )
            if is_plain and "-p:32" not in layout and x * y * z:
                return Kernel(variant, function, (x, y, z), f"{mlir.symbol(executable)}.{mlir.symbol(export)}")
    return None


def runs(execute: Operation, known: Mapping[Symbol, Kernel]) -> Iterator[Run]:
    """The longest runs of more than one call in a `stream.cmd.execute`; none where it has no arena."""
    arena = _arena(execute)
    if arena is None:
        return
    run = Run(arena)
    for op in [each.operation for each in execute.regions[0].blocks[0].operations]:
        step = _step(op)
        if not _take(run, op, step, known):
            if len(run.calls) > 1 and run.kernels:
                yield run
            run = Run(arena)
            _take(run, op, step, known)


def _arena(execute: Operation) -> Arena | None:
    for operand, within in zip(execute.operands, execute.regions[0].blocks[0].arguments, strict=False):
        made = mlir.owner(operand)
        if made is not None and made.name == "stream.resource.alloca" and "transient" in str(operand.type):
            size, others = constant(made.operands[0]), [use.name for use in mlir.users(operand) if use != execute]
            if size is not None and others == ["stream.resource.dealloca"]:
                return Arena(execute, within, size)
    return None


def _step(op: Operation) -> list[Operation]:
    """The dispatches, copies and fills of a command that consists of nothing else; none of any other command."""
    inner = [op]
    if op.name == "stream.cmd.concurrent":
        inner = [each.operation for each in op.regions[0].blocks[0].operations][:-1]
    return inner if all(each.name in _CALLS_OF for each in inner) else []


def _take(run: Run, op: Operation, step: Sequence[Operation], known: Mapping[Symbol, Kernel]) -> bool:
    """Add a step to a run if all of it can be."""
    tried = replace(run, tensors=dict(run.tensors), written=set(run.written), kernels=list(run.kernels))
    calls = [call for each in step if (call := _CALLS_OF[each.name](tried, each, known)) is not None]
    if not step or len(calls) < len(step) or len(tried.tensors) > _BINDINGS or len(run.calls) + len(calls) > _CALLS:
        return False
    run.tensors, run.written, run.kernels = tried.tensors, tried.written, tried.kernels
    run.steps.append(calls)
    run.operations.append(op)
    return True


def _dispatch(run: Run, op: Operation, known: Mapping[Symbol, Kernel]) -> Call | None:
    points = [tuple(ir.SymbolRefAttr(each).value) for each in op.attributes["entry_points"]]
    kernel = known.get(points[0]) if len(points) == 1 else None
    workload, scalars, *_ = op.attributes["operandSegmentSizes"]
    constants = [constant(each) for each in list(op.operands)[workload : workload + scalars]]
    words = tuple(each & 0xFFFFFFFF for each in constants if each is not None)
    modes = [each.value for each in op.attributes["resource_accesses"]]
    places = access_operands(op)
    lengths = [constant(op.operands[place.offset + len(modes)]) for place in places]
    parts = [
        _part(run, op, place, length, is_written=bool(mode & _WRITE))
        for place, length, mode in zip(places, lengths, modes, strict=True)
    ]
    if kernel is None or workload or len(words) < scalars or None in parts:
        return None
    run.kernels.append(kernel)
    return Call(kernel.name, kernel.grid, tuple(filter(None, parts)), words, kernel.flops)


def _copy(run: Run, op: Operation, _: Mapping[Symbol, Kernel]) -> Call | None:
    source, target = access_operands(op)
    length = constant(op.operands[len(op.operands) - 1])
    parts = _part(run, op, source, length, is_written=False), _part(run, op, target, length, is_written=True)
    return None if length is None or None in parts else copy(*filter(None, parts))


def _fill(run: Run, op: Operation, _: Mapping[Symbol, Kernel]) -> Call | None:
    (target,) = access_operands(op)
    value = mlir.owner(op.operands[4])
    length = constant(op.operands[3])
    part = _part(run, op, target, length, is_written=True)
    if length is None or part is None or value is None or not isinstance(op.operands[4].type, ir.IntegerType):
        return None
    return fill(part, constant(op.operands[4]), op.operands[4].type.width)


_CALLS_OF = {"stream.cmd.dispatch": _dispatch, "stream.cmd.copy": _copy, "stream.cmd.fill": _fill}


def _part(run: Run, op: Operation, place: Operands, length: int | None, *, is_written: bool) -> Part | None:
    """What an operation accesses, as a part of the run's tensors; None where only the running program knows it."""
    resource, offset = op.operands[place.resource], constant(op.operands[place.offset])
    if offset is None or length is None or "staging" in str(resource.type):  # memory of the host
        return None
    run.tensors.setdefault(resource, op.operands[place.size])
    if is_written:
        run.written.add(resource)
    return Part(list(run.tensors).index(resource), offset, length)


def inside(op: Operation, name: str) -> list[Operation]:
    """The operations of that name directly inside `op`."""
    return [each.operation for each in op.regions[0].blocks[0].operations if each.operation.name == name]
