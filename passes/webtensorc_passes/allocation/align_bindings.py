"""Promise kernels no more alignment than the offsets of their bindings have.

The native compiler annotates every binding with the alignment that kernels may rely on. Where it folds offsets into
kernels it gets that right; here offsets stay with the dispatches (decision 0031), and for one that is computed at run
time, such as a row written in a loop, it still promises 64 bytes. Vector code then faults. The annotation is lowered to
what the arithmetic behind the offset guarantees, and to 16 bytes at most: that is what allocators give (C17, 7.22.3),
so that a caller's array need not be copied to where compiled code may read it. Processors load from such addresses
with the same instructions, and no accelerator has wider ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.schedule_reader import access_operands, flat_commands
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_ATTRIBUTE = "stream.alignment"
_MOST = 16


@dataclass(frozen=True)
class AlignBindings(Pass):
    """Lower the alignment annotated on kernels' bindings to what their offsets and any allocator guarantee.

    Reports `alignment`: the bytes to which inputs must be aligned.
    """

    name: ClassVar[str] = "align-bindings"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.STREAM
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 90

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of bindings whose annotation was lowered."""
        found: dict[tuple[str, str], list[int]] = {}
        for op in module.regions[0].blocks[0].operations:
            if op.operation.name in ("util.func", "util.initializer"):
                _collect(op.operation, found)
        context.report["alignment"] = _MOST
        return sum(
            _lower(executable.operation, found)
            for executable in module.regions[0].blocks[0].operations
            if executable.operation.name == "stream.executable"
        )


def _collect(function: Any, found: dict[tuple[str, str], list[int]]) -> None:
    """The least alignment of every binding's offset, by executable and entry point."""
    for op in flat_commands(function):
        if op.operation.name != "stream.cmd.dispatch":
            continue
        offsets = [divisor(op.operation.operands[place.offset]) for place in access_operands(op)]
        for point in op.operation.attributes["entry_points"]:
            executable, entry = ir.SymbolRefAttr(point).value
            before = found.setdefault((executable, entry), offsets)
            found[executable, entry] = [min(pair) for pair in zip(before, offsets, strict=True)]


def divisor(value: Any) -> int:
    """A power of two, at most `_MOST`, that divides an `index` value whatever the sizes are."""
    owner = value.owner
    name = getattr(owner, "name", "")
    operands = [] if not name else list(owner.operands)
    if name == "arith.constant":
        return gcd(int(owner.attributes["value"].value), _MOST)
    if name == "arith.muli":
        return gcd(divisor(operands[0]) * divisor(operands[1]), _MOST)
    if name in ("arith.addi", "arith.subi", "arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui"):
        return min(divisor(operands[0]), divisor(operands[1]))
    if name == "arith.select":
        return min(divisor(operands[1]), divisor(operands[2]))
    if name == "util.align":
        return divisor(operands[1])
    return 1


def _lower(executable: Any, found: dict[tuple[str, str], list[int]]) -> int:
    name = mlir.symbol(executable)
    changes = 0
    for op in executable.regions[0].blocks[0].operations:
        if op.operation.name != "builtin.module":
            continue
        for function in op.operation.regions[0].blocks[0].operations:
            symbol = mlir.symbol(function.operation)
            if (name, symbol) in found and "arg_attrs" in function.operation.attributes:
                changes += _lower_arguments(function.operation, found[name, symbol])
    return changes


def _lower_arguments(function: Any, alignments: list[int]) -> int:
    kinds = function.attributes["function_type"].value.inputs
    bindings = [number for number, kind in enumerate(kinds) if str(kind) == "!stream.binding"]
    arguments = list(function.attributes["arg_attrs"])
    changes = 0
    for number, alignment in zip(bindings, alignments, strict=True):
        each = {attribute.name: attribute.attr for attribute in arguments[number]}
        if _ATTRIBUTE in each and each[_ATTRIBUTE].value > alignment:
            each[_ATTRIBUTE] = ir.IntegerAttr.get(each[_ATTRIBUTE].type, alignment)
            arguments[number] = ir.DictAttr.get(each)
            changes += 1
    if changes:
        function.attributes["arg_attrs"] = ir.ArrayAttr.get(arguments)
    return changes
