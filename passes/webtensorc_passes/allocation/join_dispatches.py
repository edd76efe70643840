"""Let the threads of a pool go through many kernels as one, and wait for each other in between without the engine.

The engine ends a kernel, begins the next and sends workers to sleep that find nothing to do for a moment: some 15
microseconds a kernel on two threads, as long as many kernels of small networks take. Consecutive dispatches of constant
sizes become one kernel of the processor, whose workgroups are a crew (`_crew.py`). The crew's numbers lie behind the
arena, which is the call's own, and are set to zero at its start. Decision 0044.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.schedule_reader import access_operands
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.allocation._arena import index, resize
from webtensorc_passes.allocation._crew import CREW, NUMBERS_BYTES, member
from webtensorc_passes.allocation._crew_functions import functions
from webtensorc_passes.allocation._runs import JOINED, Arena, Kernel, Run, inside, kernels, runs

_READ, _UPDATE = 1, 3


@dataclass(frozen=True)
class JoinDispatches(Pass):
    """Join consecutive dispatches of a processor's kernels, with copies and fills between them."""

    name: ClassVar[str] = "join-dispatches"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.EXECUTABLE_TARGETS

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of dispatches, copies and fills that are parts of others now."""
        known = kernels(module)
        executes = [op for op in mlir.nested(module) if op.name == "stream.cmd.execute"]
        found = {f"{JOINED}.{i}": run for i, run in enumerate(run for op in executes for run in runs(op, known))}
        if not found:
            return 0
        for arena in {run.arena.execute: run.arena for run in found.values()}.values():
            _dispatch(arena, {name: run for name, run in found.items() if run.arena.execute == arena.execute})
        used = _dispatched(module)
        _add_executable(found, used)
        for kernel in known.values():
            if mlir.symbol(kernel.variant.parent) not in used:
                kernel.variant.parent.erase()
        return sum(len(run.calls) for run in found.values())


def _dispatched(module: Operation) -> set[str]:
    """The executables of which kernels are dispatched."""
    dispatches = [op for op in mlir.nested(module) if op.name == "stream.cmd.dispatch"]
    return {ir.SymbolRefAttr(point).value[0] for op in dispatches for point in op.attributes["entry_points"]}


def _add_executable(found: dict[str, Run], used: Container[str]) -> None:
    """An executable with a kernel for every run, and the kernels that these call: copies of those still `used`."""
    called = list(dict.fromkeys(kernel for run in found.values() for kernel in run.kernels))
    variant = called[0].variant
    (code,) = inside(variant, "builtin.module")
    layout, triple = (code.attributes[f"llvm.{name}"] for name in ("data_layout", "target_triple"))
    exports = "\n".join(_export(name, i, run) for i, (name, run) in enumerate(found.items()))
    frame = ir.Module.parse(f"""
hal.executable private @{JOINED} {{
  hal.executable.variant public @{mlir.symbol(variant)} target({variant.attributes["target"]}) {{
{exports}
    builtin.module attributes {{llvm.data_layout = {layout}, llvm.target_triple = {triple}}} {{
    }}
  }}
}}""")
    (executable,) = (op.operation for op in frame.body.operations)
    executable.move_after(called[-1].variant.parent)
    (body,) = inside(inside(executable, "hal.executable.variant")[0], "builtin.module")[0].regions[0].blocks
    for kernel in called:
        code = kernel.function.parent
        if (
            mlir.symbol(kernel.variant.parent) in used
        ):  # a function's name for debuggers, which is its location, is unique
            code = ir.Module.parse(str(code)).operation
        _move(kernel, code, body)
    members = [member(name, run.steps) for name, run in found.items()]
    declared = [f"llvm.func @{kernel.name}(!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32" for kernel in called]
    crew = ir.Module.parse("\n".join([*declared, functions(triple.value.partition("-")[0]), *members]))
    for op in list(crew.body.operations)[len(declared) :]:
        body.append(op.operation)


def _export(name: str, ordinal: int, run: Run) -> str:
    flags = ["Indirect" if each in run.written else _read_only(each) for each in run.tensors]
    bindings = ", ".join(f"#hal.pipeline.binding<storage_buffer, {each}>" for each in [*flags, "Indirect"])
    return f"""
    hal.executable.export public @{name} ordinal({ordinal})
        layout(#hal.pipeline.layout<bindings = [{bindings}], flags = Indirect>)
        count(%device: !hal.device) -> (index, index, index) {{
      %members = arith.constant {CREW} : index
      %one = arith.constant 1 : index
      hal.return %members, %one, %one : index, index, index
    }}"""


def _read_only(resource: Value) -> str:
    return "ReadOnly" if "constant" in str(resource.type) else '"ReadOnly|Indirect"'


def _move(kernel: Kernel, code: Operation, body: Any) -> None:
    """Put a kernel's function and what it calls at the end of a block; what it defines gets its name in front."""
    present = {mlir.symbol(op.operation) for op in body.operations}
    entry = mlir.symbol(kernel.function)
    for op in [each.operation for each in code.regions[0].blocks[0].operations]:
        name = mlir.symbol(op)
        if op.name != "llvm.func" or len(op.regions[0].blocks):
            new = kernel.name if name == entry else f"{kernel.name}.{name}"
            ir.SymbolTable.replace_all_symbol_uses(name, new, code)
            ir.SymbolTable.set_symbol_name(op, new)
        elif name in present:  # a declaration, as another kernel has it
            continue
        body.append(op)


def _dispatch(arena: Arena, found: dict[str, Run]) -> None:
    """Dispatch crews in place of the runs of one `stream.cmd.execute`."""
    start = -(-arena.bytes // NUMBERS_BYTES) * NUMBERS_BYTES
    length = NUMBERS_BYTES * sum(len(run.calls) for run in found.values())
    resize(arena.inside, start + length)
    size = index(arena.inside, start + length)
    for op in mlir.users(arena.inside):
        for place in access_operands(op):
            if op.operands[place.resource] == arena.inside:
                op.operands[place.size] = size
    word = ir.IntegerAttr.get(ir.IntegerType.get_signless(32), 0)
    zero = mlir.constant(word, before=arena.execute)
    first = arena.execute.regions[0].blocks[0].operations[0].operation
    places = [size, index(arena.inside, start), index(arena.inside, length)]
    mlir.create("stream.cmd.fill", [arena.inside, *places, zero], [], before=first)
    for name, run in found.items():
        own = NUMBERS_BYTES * len(run.calls)
        sizes = [size if each == arena.inside else bytes_ for each, bytes_ in run.tensors.items()]
        offsets = [index(arena.inside, 0)] * len(sizes)
        modes = [_UPDATE if each in run.written else _READ for each in run.tensors]
        count = len(sizes) + 1
        attributes = {
            "entry_points": f"[@{JOINED}::@{mlir.symbol(run.kernels[0].variant)}::@{name}]",
            "resource_accesses": f"[{', '.join(f'{each} : i32' for each in [*modes, _UPDATE])}]",
            "operandSegmentSizes": f"array<i32: 0, 0, {count}, {count}, {count}, {count}>",
        }
        resources = [*run.tensors, arena.inside]
        places = [*sizes, size, *offsets, index(arena.inside, start), *sizes, index(arena.inside, own)]
        parsed = {key: ir.Attribute.parse(text) for key, text in attributes.items()}
        mlir.create("stream.cmd.dispatch", [*resources, *places], [], parsed, before=run.operations[0])
        for op in run.operations:
            op.erase()
        start += own
