"""Keep tables of bfloat16 in SPIR-V kernels as float32.

SPIR-V has no bfloat16: the native compiler (IREE 3.13) stores such numbers as integers and computes with them as
float32. A table that is part of a kernel is for it neither, and its translation fails. Every bfloat16 is a float32, so
the table is one of these, and what is read from it is rounded, to what it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Attribute, Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels


@dataclass(frozen=True)
class WidenTables(Pass):
    """Replace tables of bfloat16 that elementwise operations of SPIR-V kernels read by tables of float32."""

    name: ClassVar[str] = "widen-tables"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 40  # before `native-types`, which looks at what this writes

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of places that read a table of float32 now."""
        tables = [op for kernel in kernels(module) for op in mlir.nested(kernel) if _is_table(op)]
        return sum(_widen(table) for table in tables)


def _is_table(op: Operation) -> bool:
    """Whether an operation is a constant of several different numbers of type bfloat16."""
    return op.name == "arith.constant" and bool(re.match(r'dense<[["].*xbf16>$', str(op.attributes["value"])))


def _widen(table: Operation) -> int:
    readers = [(use.owner.operation, use.operand_number) for use in table.results[0].uses]
    readers = [(reader, at) for reader, at in readers if reader.name == "linalg.generic"]
    if not readers:
        return 0
    value = _as_float32(table.attributes["value"])
    wide = mlir.constant(value, before=table)
    for reader, at in readers:
        reader.operands[at] = wide
        block = reader.regions[0].blocks[0]
        argument = block.arguments[at]
        narrow = argument.type
        argument.set_type(wide.type.element_type)
        read = mlir.create("arith.truncf", [argument], [narrow], before=block.operations[0].operation)
        argument.replace_all_uses_except(read.result, read)
    if not mlir.users(table.results[0]):
        table.erase()
    return len(readers)


def _as_float32(attribute: Attribute) -> Attribute:
    """The same numbers, whose bits, where these are what is written, are the upper half of a float32's."""
    text, _, kind = str(attribute).rpartition(" : ")
    if '"0x' in text:
        text = re.sub(r"(?<=0x)[0-9A-F]+", lambda bits: re.sub("....", r"0000\g<0>", bits[0]), text)
    else:
        text = re.sub(r"0x([0-9A-F]{4})\b", r"0x\g<1>0000", text)
    return ir.Attribute.parse(f"{text} : {kind.replace('bf16', 'f32')}", attribute.type.context)
