"""Let loops carry the open sizes of the tensors that they carry.

A round of Threefry passes its keys on in turn: what was the second is the first in the next round. IREE 3.13 knows the
size of a tensor that a loop carries only if each round makes the next one from that tensor itself. With the sizes
beside the tensors there is nothing to find out; those that stay the same are taken out of the loop again by the native
compiler.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism.builder import DYNAMIC, Builder, load_dialects
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_FORWARDED = {"scf.for": 3, "scf.while": 0}
"""Where the operands of a loop begin that it carries."""
_DONE = "webtensorc.carries_sizes"
"""Attribute of loops that have been changed."""


@dataclass(frozen=True)
class CarrySizes(Pass):
    """Carry the open sizes of tensors beside them in loops."""

    name: ClassVar[str] = "carry-sizes"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 70  # behind what counts and unrolls loops

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of tensors whose sizes are carried now."""
        load_dialects(module.context)
        changes = 0
        loops = [op for op in mlir.nested(module) if op.name in _FORWARDED and _DONE not in mlir.attribute_names(op)]
        for loop in reversed(loops):  # inner ones first
            moving = _moving(loop)
            if moving:
                _carry(loop, moving)
                changes += len(moving)
        return changes


def _blocks(loop: Operation) -> list[Block]:
    """The blocks whose last arguments are what the loop carries."""
    return [region.blocks[0] for region in loop.regions]


def _moving(loop: Operation) -> list[int]:
    """The positions of carried tensors of open size that are not the same all the time."""
    body = _blocks(loop)[-1]
    skipped = len(body.arguments) - len(loop.results)
    carried = list(body.arguments)[skipped:]
    if any(len(block.arguments) - skipped != len(carried) for block in _blocks(loop)):
        return []  # a loop whose condition hands on something else than it was given
    found = []
    for position, value in enumerate(mlir.terminator(body).operands):
        kind = value.type
        is_open = isinstance(kind, ir.RankedTensorType) and not kind.has_static_shape
        if is_open and value != carried[position]:
            found.append(position)
    return found


def _carry(loop: Operation, moving: list[int]) -> None:
    start, count = _FORWARDED[loop.name], len(loop.results)
    before = Builder.before(loop)
    initial = [loop.operands[start + position] for position in moving]
    sizes = [before.open_sizes(value.type, before.dims(value)) for value in initial]
    flat = [size for each in sizes for size in each]
    types = [*(result.type for result in loop.results), *(size.type for size in flat)]
    made = mlir.clone_with(loop, [*loop.operands, *flat], types, {_DONE: ir.UnitAttr.get(loop.context)})
    for block in _blocks(made):
        added = [block.add_argument(before.index_type, loop.location) for _ in flat]
        tensors = list(block.arguments)[len(block.arguments) - count - len(flat) :]
        build = Builder.before(block.operations[0].operation)
        _tie(build, [tensors[position] for position in moving], sizes, added)
        _pass_on(mlir.terminator(block), moving, count)
    for old, new in zip(loop.results, made.results, strict=False):
        old.replace_all_uses_with(new)
    results = list(made.results)
    _tie(Builder.after(made), [results[position] for position in moving], sizes, results[count:])
    loop.erase()


def _tie(build: Builder, tensors: list[Value], shapes: list[list[Value]], sizes: list[Value]) -> None:
    """Say of tensors what their sizes are, `shapes` telling how many each has."""
    left = iter(sizes)
    for tensor, shape in zip(tensors, shapes, strict=True):
        users = [(use.owner.operation, use.operand_number) for use in tensor.uses]
        said = [next(left) for _ in shape]
        tied = build.tied(tensor, said) if users else tensor
        for user, position in users:
            user.operands[position] = tied


def _pass_on(last: Operation, moving: list[int], count: int) -> None:
    """Give the sizes of tensors to the next round beside them."""
    build = Builder.before(last)
    skipped = len(last.operands) - count  # a condition comes first
    values = [last.operands[skipped + position] for position in moving]
    sizes = [build.dim(v, axis) for v in values for axis, n in enumerate(v.type.shape) if n == DYNAMIC]
    mlir.create(last.name, [*last.operands, *sizes], [], before=last)
    last.erase()
