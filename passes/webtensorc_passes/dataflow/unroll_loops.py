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
_MAX_OPERATIONS = 1500
"""Of the body in the end: the time to compile grows with it."""
_MAX_OPERATIONS_OF_NETWORKS = 8000
"""The same of a recurrent network, whose rounds are worth more."""
_PRODUCTS = {"linalg.vecmat", "linalg.matvec", "linalg.matmul", "linalg.batch_vecmat", "linalg.batch_matmul"}


@dataclass(frozen=True)
class UnrollLoops(Pass):
    """Repeat the body of loops with a known number of rounds, as often as divides it."""

    name: ClassVar[str] = "unroll-loops"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 3
    order: ClassVar[int] = 60

    rounds: int = 1
    """Rounds put together, at most: by default none, because not every such loop gets past the native compiler."""
    recurrent: int = 128
    """The same of recurrent networks: loops that multiply by something from outside of them."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of loops that were changed."""
        control = [op for op in mlir.nested(module) if op.name.startswith("scf.") and op.name != "scf.yield"]
        loops = [(op, *_rounds(op), _multiplies_by_weights(op)) for op in control if _is_innermost(op)]
        may_vanish = len(loops) == len(control) and all(
            is_network and self._of_network(loop, count) == count for loop, count, _, is_network in loops
        )
        changes = 0
        for loop, count, step, is_network in loops:
            if is_network:
                factor = self._of_network(loop, count if may_vanish else count - 1)
            else:
                factor = _factor(loop, min(self.rounds, count), _MAX_OPERATIONS)
            if factor > 1:
                _repeat(loop, factor, step)
                changes += 1
            if may_vanish and factor == count > 1:
                _open(loop)
        return changes

    def _of_network(self, loop: Operation, most: int) -> int:
        """Rounds of a recurrent network to be put together."""
        return _factor(loop, min(self.recurrent, most), _MAX_OPERATIONS_OF_NETWORKS)


def _is_innermost(op: Operation) -> bool:
    """Whether it is a loop without loops and conditions in it, and not unrolled yet."""
    if op.name != "scf.for" or _DONE in mlir.attribute_names(op):
        return False
    return not any(each.name.startswith("scf.") for each in mlir.nested(op)[:-1])


def _factor(loop: Operation, most: int, operations: int) -> int:
    """The largest number of rounds that divides them, is at most `most`, and makes at most so many operations."""
    count, _ = _rounds(loop)
    most = min(most, operations // len(mlir.nested(loop)))
    return next((f for f in range(most, 1, -1) if count % f == 0), 1)


def _multiplies_by_weights(loop: Operation) -> bool:
    """Whether a round has a product with something that is the same in each."""
    inside = loop.regions[0].blocks[0]
    products = (op for op in mlir.nested(loop) if op.name in _PRODUCTS)
    return any(_block(value) != inside for op in products for value in op.operands)


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
    return mlir.constant(ir.IntegerAttr.get(like.type, number), before=before)
