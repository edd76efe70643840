"""Do several rounds of a loop in one, or all: a round costs a wait, memory, and copies of what the loop carries.

A loop that writes one row a round into a tensor that it carries copies all of that tensor each round, and its workers
are woken for a few microseconds of work. With rounds put together, that is once for all of them, and one list of
commands does their work. Where all loops can be done in one round, nothing is left of them; beside others they stay
loops of two rounds or more, because the native compiler may find no order for commands before, in and behind a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_DONE = "webtensorc.unrolled"
"""Attribute of loops that have been unrolled."""
_MAX_OPERATIONS = 8000
"""Of the body in the end: the time to compile grows with it."""
_PRODUCTS = {"linalg.vecmat", "linalg.matvec", "linalg.matmul", "linalg.batch_vecmat", "linalg.batch_matmul"}


@dataclass(frozen=True)
class UnrollLoops(Pass):
    """Repeat the body of loops with a known number of rounds, as often as divides it."""

    name: ClassVar[str] = "unroll-loops"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 3
    order: ClassVar[int] = 60

    rounds: int = 128
    """Rounds put together, at most."""
    every: bool = False
    """Whether loops are unrolled too that multiply by no tensor from outside, as recurrent networks do."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of loops that were changed."""
        control = [op for op in mlir.nested(module) if op.name.startswith("scf.") and op.name != "scf.yield"]
        loops = [op for op in control if self._wants(op)]
        counts = [_rounds(op)[0] for op in loops]
        may_vanish = len(loops) == len(control) and [*map(self._factor, loops, counts)] == counts
        changes = 0
        for loop in loops:
            count, step = _rounds(loop)
            factor = self._factor(loop, count if may_vanish else count - 1)
            if factor > 1:
                _repeat(loop, factor, step)
                changes += 1
            if factor == count > 1:
                _open(loop)
        return changes

    def _wants(self, op: Operation) -> bool:
        """Whether `op` is a loop to be unrolled: an innermost one, without conditions."""
        if op.name != "scf.for" or _DONE in mlir.attribute_names(op):
            return False
        body = mlir.nested(op)
        return not any(each.name.startswith("scf.") for each in body[:-1]) and (
            self.every or any(_multiplies_by_weights(each, op) for each in body)
        )

    def _factor(self, loop: Operation, most: int) -> int:
        """Rounds to be put together: the largest number that divides them and is neither above `most` nor too many."""
        count, _ = _rounds(loop)
        most = min(self.rounds, _MAX_OPERATIONS // len(mlir.nested(loop)), most)
        return next((f for f in range(most, 1, -1) if count % f == 0), 1)


def _multiplies_by_weights(op: Operation, loop: Operation) -> bool:
    """Whether `op` is a product with something that is the same in each round."""
    if op.name not in _PRODUCTS:
        return False
    inside = loop.regions[0].blocks[0]
    return any(_block(value) != inside for value in op.operands)


def _block(value: Value) -> Any:
    op = mlir.owner(value)
    return value.owner if op is None else op.block


def _rounds(loop: Operation) -> tuple[int, int]:
    """The number of rounds and the step, where they are known; else 0 and 0."""
    bounds = [mlir.owner(loop.operands[i]) for i in range(3)]
    if any(op is None or op.name != "arith.constant" for op in bounds):
        return 0, 0
    low, high, step = (int(op.attributes["value"].value) for op in bounds if op is not None)
    return -(-(high - low) // step), step


def _repeat(loop: Operation, factor: int, step: int) -> None:
    """Put `factor` rounds into one."""
    block = loop.regions[0].blocks[0]
    *body, last = [op.operation for op in block.operations]
    index, *carried = block.arguments
    values = list(last.operands)
    for number in range(1, factor):
        ahead = _constant(index, number * step, last)
        given = {index: mlir.create("arith.addi", [index, ahead], [index.type], before=last).result}
        given.update(zip(carried, values, strict=True))
        for op in body:
            copy = op.clone(ip=ir.InsertionPoint(last)).operation
            for each in (copy, *mlir.nested(copy)):
                for i, operand in enumerate(each.operands):
                    if operand in given:
                        each.operands[i] = given[operand]
            given.update(zip(op.results, copy.results, strict=True))
        values = [given.get(value, value) for value in last.operands]
    for i, value in enumerate(values):
        last.operands[i] = value
    loop.operands[2] = _constant(index, factor * step, loop)
    loop.attributes[_DONE] = ir.UnitAttr.get(loop.context)


def _open(loop: Operation) -> None:
    """Put the body of a loop of one round in its place."""
    index, *carried = (block := loop.regions[0].blocks[0]).arguments
    for argument, value in zip([index, *carried], [loop.operands[0], *list(loop.operands)[3:]], strict=True):
        argument.replace_all_uses_with(value)
    *body, last = [op.operation for op in block.operations]
    for op in body:
        op.move_before(loop)
    mlir.replace(loop, list(last.operands))


def _constant(like: Value, number: int, before: Operation) -> Value:
    attribute = ir.IntegerAttr.get(like.type, number)
    return mlir.create("arith.constant", [], [like.type], {"value": attribute}, before=before).result
