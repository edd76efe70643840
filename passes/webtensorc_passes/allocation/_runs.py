"""Runs of dispatches of a processor's kernels that can be one kernel: where they are, and what they read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.schedule_reader import access_operands, constant
from webtensorc_passes.allocation._crew import Call, Part

__all__ = ["Arena", "Kernel", "Run", "inside", "kernels", "runs", "symbol"]

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
    """Transient memory of one `stream.cmd.execute`: the allocation, what stands for it inside, and its bytes."""

    execute: Operation
    allocation: Operation
    inside: Value
    bytes: int


@dataclass(eq=False)
class Run:
    """Consecutive steps; each is the dispatches of one command, which may run at once.

    Attributes:
        operations: the commands.
        steps: what they call.
        tensors: the size in bytes, a value, of every resource that they use.
        written: those among them that are not only read.
    """

    arena: Arena
    operations: list[Operation] = field(default_factory=list)
    steps: list[list[tuple[Kernel, Call]]] = field(default_factory=list)
    tensors: dict[Value, Value] = field(default_factory=dict)
    written: set[Value] = field(default_factory=set)

    @property
    def calls(self) -> list[tuple[Kernel, Call]]:
        """What all steps call."""
        return list(chain.from_iterable(self.steps))


def kernels(module: Operation) -> dict[Symbol, Kernel]:
    """The kernels for processors of 64 bits whose grids are constants, by symbol."""
    found: dict[Symbol, Kernel] = {}
    for executable in inside(module, "hal.executable"):
        variants = inside(executable, "hal.executable.variant")
        exports = [export for variant in variants for export in inside(variant, "hal.executable.export")]
        if len(variants) == len(exports) == 1 and (kernel := _kernel(executable, variants[0], exports[0])) is not None:
            found[(symbol(executable), symbol(variants[0]), symbol(exports[0]))] = kernel
    return found


def _kernel(executable: Operation, variant: Operation, export: Operation) -> Kernel | None:
    counts = list(export.regions[0].blocks[0].operations)[-1].operands
    x, y, z = (constant(each) or 0 for each in counts)
    for code in inside(variant, "builtin.module"):
        layout = str(code.attributes["llvm.data_layout"]) if "llvm.data_layout" in code.attributes else "-p:32"
        for function in inside(code, "llvm.func"):
            is_plain = symbol(function) == symbol(export) and "workgroup_local_memory" not in export.attributes
            if is_plain and "-p:32" not in layout and x * y * z:
                return Kernel(variant, function, (x, y, z), f"{symbol(executable)}.{symbol(export)}")
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
            if len(run.calls) > 1:
                yield run
            run = Run(arena)
            _take(run, op, step, known)


def _arena(execute: Operation) -> Arena | None:
    for operand, within in zip(execute.operands, execute.regions[0].blocks[0].arguments, strict=False):
        made = mlir.owner(operand)
        if made is not None and made.name == "stream.resource.alloca" and "transient" in str(operand.type):
            size = constant(made.operands[0])
            if size is not None and len(mlir.users(operand)) <= 2:
                return Arena(execute, made, within, size)
    return None


def _step(op: Operation) -> list[Operation]:
    """The dispatches of a command that consists of nothing else; none of any other command."""
    if op.name == "stream.cmd.dispatch":
        return [op]
    if op.name != "stream.cmd.concurrent":
        return []
    inner = [each.operation for each in op.regions[0].blocks[0].operations][:-1]
    return inner if all(each.name == "stream.cmd.dispatch" for each in inner) else []


def _take(run: Run, op: Operation, step: Sequence[Operation], known: Mapping[Symbol, Kernel]) -> bool:
    """Add a step to a run if all of it can be."""
    tensors, written, calls = dict(run.tensors), set(run.written), []
    for dispatch in step:
        points = [tuple(ir.SymbolRefAttr(each).value) for each in dispatch.attributes["entry_points"]]
        kernel = known.get(points[0]) if len(points) == 1 else None
        workload, scalars, *_ = dispatch.attributes["operandSegmentSizes"]
        constants = [constant(each) for each in list(dispatch.operands)[workload : workload + scalars]]
        words = tuple(each & 0xFFFFFFFF for each in constants if each is not None)
        parts = _parts(dispatch, tensors, written)
        if kernel is None or parts is None or workload or len(words) < scalars:
            return False
        calls.append((kernel, Call(kernel.name, kernel.grid, parts, words, kernel.flops)))
    if not calls or len(tensors) > _BINDINGS or len(run.calls) + len(calls) > _CALLS:
        return False
    run.tensors, run.written = tensors, written
    run.steps.append(calls)
    run.operations.append(op)
    return True


def _parts(dispatch: Operation, tensors: dict[Value, Value], written: set[Value]) -> tuple[Part, ...] | None:
    """What a dispatch binds, as parts of `tensors`, to which it adds; None where it is not known before it runs."""
    modes = [each.value for each in dispatch.attributes["resource_accesses"]]
    parts = []
    for place, mode in zip(access_operands(dispatch), modes, strict=True):
        resource = dispatch.operands[place.resource]
        offset, length = (constant(dispatch.operands[place.offset + each]) for each in (0, len(modes)))
        if offset is None or length is None:
            return None
        tensors.setdefault(resource, dispatch.operands[place.size])
        if mode & _WRITE:
            written.add(resource)
        parts.append(Part(list(tensors).index(resource), offset, length))
    return tuple(parts)


def inside(op: Operation, name: str) -> list[Operation]:
    """The operations of that name directly inside `op`."""
    return [each.operation for each in op.regions[0].blocks[0].operations if each.operation.name == name]


def symbol(op: Operation) -> str:
    """The symbol that an operation defines."""
    return str(op.attributes["sym_name"].value)
