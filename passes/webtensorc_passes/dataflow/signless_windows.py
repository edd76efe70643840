"""Hand unsigned integers to reversals and window reductions as signless ones.

IREE 3.13 has signless integers inside and forgets to convert the unsigned ones of these two operations ("failed to
legalize unresolved target materialization from ('ui16') to ('i16')").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class SignlessWindows(Pass):
    """Reinterpret unsigned operands and results; inside a region the arithmetic stays unsigned."""

    name: ClassVar[str] = "signless-windows"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 14  # behind what makes windows of integers

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that were changed."""
        names = ("stablehlo.reverse", "stablehlo.reduce_window")
        found = [op for op in mlir.nested(module) if op.name in names and any(map(_is_unsigned, op.operands))]
        for op in found:
            _reinterpret(op)
        return len(found)


def _is_unsigned(value: Value) -> bool:
    element = value.type.element_type
    return isinstance(element, ir.IntegerType) and element.is_unsigned


def _signless(build: Builder, value: Value) -> Value:
    """The same bits; of a single number as a constant, which later passes know."""
    if not _is_unsigned(value):
        return value
    op, width = mlir.owner(value), value.type.element_type.width
    number = mlir.elements(op.attributes["value"]) if op is not None and op.name == "stablehlo.constant" else None
    if number is not None and mlir.shape_of(value) == ():
        return build.constant(number.view(f"i{width // 8}"))
    return build.bitcast(value, f"i{width}")


def _reinterpret(op: Operation) -> None:
    build = Builder(op)
    kinds = [build.kind(mlir.shape_of(value), _element(value)) for value in op.results]
    made = mlir.clone_with(op, [_signless(build, value) for value in op.operands], kinds, {})
    for region in made.regions:
        _reinterpret_block(region.blocks[0])
    results = zip(made.results, op.results, strict=True)
    mlir.replace(
        op, [new if new.type == old.type else build.bitcast(new, old.type.element_type) for new, old in results]
    )


def _element(value: Value) -> Any:
    return f"i{value.type.element_type.width}" if _is_unsigned(value) else value.type.element_type


def _reinterpret_block(block: mlir.Block) -> None:
    first, last = block.operations[0].operation, mlir.terminator(block)
    for argument in block.arguments:
        if _is_unsigned(argument):
            before = argument.type.element_type
            uses = [(use.owner, use.operand_number) for use in argument.uses]
            argument.set_type(Builder(first).kind(mlir.shape_of(argument), _element(argument)))
            value = Builder(first).bitcast(argument, before)
            for owner, number in uses:
                owner.operands[number] = value
    for index, value in enumerate(last.operands):
        last.operands[index] = _signless(Builder(last), value)
