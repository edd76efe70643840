"""Count the rounds of a loop with a number, not with a tensor.

A loop that slices its inputs by a counter carries it as a tensor of one element: each round computes it on the device
and waits to read it back. If it grows by the loop's step, it is the loop's own index and a known difference; then what
is computed from it to become an index is computed on the host, and slices are found without waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LoopCounters(Pass):
    """Replace counters that a loop carries as tensors by its index."""

    name: ClassVar[str] = "loop-counters"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of extractions and of counters that are gone."""
        changes = 0
        loops = [op for op in mlir.nested(module) if op.name == "scf.for"]
        for loop in reversed(loops):  # inner ones first: an outer one is made anew
            for counter in reversed(list(_counters(loop))):
                changes += _extract(loop, counter)
                if _only_grows(loop, counter):
                    loop = _without(loop, counter)
                    changes += 1
        return changes


@dataclass(frozen=True)
class _Counter:
    """The loop's carried value number `position`, which is the loop's index plus `offset` in each round."""

    position: int
    offset: int


def _counters(loop: Operation) -> Iterator[_Counter]:
    """Carried tensors of one integer that grow by the loop's step and that nothing needs after the loop."""
    low, step = (_number(loop.operands[i]) for i in (0, 2))
    block = loop.regions[0].blocks[0]
    last = mlir.terminator(block)
    index = str(loop.operands[0].type)
    if low is None or step is None:
        return
    for position, result in enumerate(loop.results):
        kind = result.type
        is_scalar = isinstance(kind, ir.RankedTensorType) and kind.rank == 0
        if not is_scalar or str(kind.element_type) != index or mlir.users(result):
            continue
        first = _number(loop.operands[3 + position])
        grown = mlir.owner(last.operands[position])
        if first is not None and grown is not None and _growth(grown, block.arguments[1 + position]) == step:
            yield _Counter(position, first - low)


def _only_grows(loop: Operation, counter: _Counter) -> bool:
    """Whether nothing in the loop needs the counter, nor what it has grown to, but for the next round."""
    block = loop.regions[0].blocks[0]
    last = mlir.terminator(block)
    growing = mlir.owner(last.operands[counter.position])
    if growing is None or mlir.users(block.arguments[1 + counter.position]) != [growing]:
        return False
    return mlir.users(growing.results[0]) == [last]


def _growth(op: Operation, argument: Value) -> int | None:
    """By what `op` makes `argument` larger, if it adds a known number to it."""
    if op.name != "linalg.generic" or argument not in list(op.operands)[:-1]:
        return None
    block = op.regions[0].blocks[0]
    body = [inner.operation for inner in block.operations]
    if [inner.name for inner in body] != ["arith.addi", "linalg.yield"]:
        return None
    given = dict(zip(block.arguments, op.operands, strict=True))
    terms = [given.get(value, value) for value in body[0].operands]
    others = [value for value in terms if value != argument]
    return _number(others[0]) if len(others) == 1 else None


def _number(value: Value) -> int | None:
    """A known integer, scalar or the only element of a tensor."""
    op = mlir.owner(value)
    if op is None or op.name != "arith.constant":
        return None
    attribute = op.attributes["value"]
    if isinstance(attribute, ir.DenseElementsAttr):
        attribute = attribute.get_splat_value() if attribute.is_splat else None
    return int(attribute.value) if isinstance(attribute, ir.IntegerAttr) else None


def _extract(loop: Operation, counter: _Counter) -> int:
    """Compute on the host what is extracted from tensors computed from the counter; returns how often that is."""
    changes = 0
    argument = loop.regions[0].blocks[0].arguments[1 + counter.position]
    for op in mlir.nested(loop):
        if op.name == "tensor.extract" and len(op.operands) == 1 and _depends(op.operands[0], argument):
            scalar = _scalar(op.operands[0], argument, loop, counter, op)
            if scalar is not None:
                mlir.replace(op, [scalar])
                changes += 1
    dead = [op for op in mlir.nested(loop) if op.name == "linalg.generic" and _depends(op.results[0], argument)]
    for op in reversed(dead if changes else []):
        if not mlir.users(op.results[0]):
            op.erase()
    return changes


def _depends(value: Value, argument: Value) -> bool:
    op = mlir.owner(value)
    if value == argument:
        return True
    is_scalar = isinstance(value.type, ir.RankedTensorType) and value.type.rank == 0
    if op is None or op.name != "linalg.generic" or not is_scalar:
        return False
    return any(_depends(each, argument) for each in op.operands)


def _scalar(value: Value, argument: Value, loop: Operation, counter: _Counter, before: Operation) -> Value | None:
    """The one element of `value`, computed in front of `before`."""
    if value == argument:
        index = loop.regions[0].blocks[0].arguments[0]
        if counter.offset == 0:
            return index
        offset = mlir.constant(ir.IntegerAttr.get(index.type, counter.offset), before=before)
        return mlir.create("arith.addi", [index, offset], [index.type], before=before).result
    number, op = _number(value), mlir.owner(value)
    element = value.type.element_type if isinstance(value.type, ir.RankedTensorType) else value.type
    if number is not None:
        return mlir.constant(ir.IntegerAttr.get(element, number), before=before)
    if op is None or op.name != "linalg.generic" or value.type.rank != 0:
        return None
    block = op.regions[0].blocks[0]
    given: dict[Value, Value] = {}
    for inside, outside in list(zip(block.arguments, op.operands, strict=True))[:-1]:
        scalar = _scalar(outside, argument, loop, counter, before)
        if scalar is None:
            return None
        given[inside] = scalar
    for inner in block.operations:
        each = inner.operation
        if any(operand in block.arguments and operand not in given for operand in each.operands):
            return None
        if each.name == "linalg.yield":
            return given.get(each.operands[0], each.operands[0])
        copy = each.clone(ip=ir.InsertionPoint(before)).operation
        for i, operand in enumerate(each.operands):
            copy.operands[i] = given.get(operand, operand)
        given.update(zip(each.results, copy.results, strict=True))
    return None


def _without(loop: Operation, counter: _Counter) -> Operation:
    """The loop without a carried value that is used for nothing but growing."""
    position = counter.position
    operands = [value for i, value in enumerate(loop.operands) if i != 3 + position]
    types = [result.type for i, result in enumerate(loop.results) if i != position]
    left = [result for i, result in enumerate(loop.results) if i != position]
    new = mlir.clone_with(loop, operands, types, {})
    block = new.regions[0].blocks[0]
    last = mlir.terminator(block)
    growing = mlir.owner(last.operands[position])
    mlir.create("scf.yield", [value for i, value in enumerate(last.operands) if i != position], [], before=last)
    last.erase()
    assert growing is not None
    growing.erase()
    block.erase_argument(1 + position)
    for old, result in zip(left, new.results, strict=True):
        old.replace_all_uses_with(result)
    loop.erase()
    return new
