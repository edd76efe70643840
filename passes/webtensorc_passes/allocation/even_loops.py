"""Let a loop leave as much as it carries.

Where what a round hands to the next is a constant, or what it leaves is not looked at, the native compiler drops it
from the loop's results but not from what the loop carries; and what every round makes anew, from what the loop carries
but not from its results. IREE 3.13 takes the one for the other, number by number, while it finds out what memory is for
(`iree-stream-refine-usage`), and crashes behind the end of the shorter list. A tensor that is left in two shapes is one
to it, and one of the two is dropped unless there is a barrier on it, as is one that is left twice (what a line search
tries and the best that it found, in the round that found it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Type, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class EvenLoops(Pass):
    """Give loops with a condition a result for all that they carry, in the same order."""

    name: ClassVar[str] = "even-loops"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 60  # behind what else is done to loops

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of loops that were made anew."""
        loops = [op for op in mlir.nested(module) if op.name == "scf.while"]
        uneven = [loop for loop in loops if not _is_even(loop)]
        for loop in reversed(uneven):  # inner ones first
            _make_even(loop)
        return len(uneven) + sum(_keep_twice(op) for op in mlir.nested(module) if op.name == "scf.condition")


def _is_even(loop: Operation) -> bool:
    return [value.type for value in loop.operands] == [result.type for result in loop.results]


def _make_even(loop: Operation) -> None:
    before, after = (region.blocks[0] for region in loop.regions)
    condition, handed = mlir.terminator(before), list(mlir.terminator(after).operands)
    left, seen = list(condition.operands)[1:], list(after.arguments)
    # What is handed over as it was left keeps its number; of the others the loop leaves what it was given.
    forwarded = [
        left[seen.index(value)] if value in seen else own for value, own in zip(handed, before.arguments, strict=True)
    ]
    others = [value for value in seen if value not in handed]
    places = [[*handed, *others].index(value) for value in seen]
    forwarded += [left[seen.index(value)] for value in others]
    types = [value.type for value in forwarded]
    starts = _carried_too(loop, [value.type for value in others])
    mlir.create("scf.condition", [condition.operands[0], *forwarded], [], before=condition)
    condition.erase()
    made = mlir.create("scf.while", [*loop.operands, *starts], types, before=loop, regions=2)
    arguments = [after.add_argument(each, loop.location) for each in types]
    for old, place in zip(seen, places, strict=True):
        old.replace_all_uses_with(arguments[place])
    if starts:
        hands, number = mlir.terminator(after), len(handed)
        mlir.create("scf.yield", [*hands.operands, *arguments[number:]], [], before=hands)
        hands.erase()
    for _ in seen:
        after.erase_argument(0)
    for old, place in zip(list(loop.results), places, strict=True):
        old.replace_all_uses_with(made.results[place])
    for block, region in zip((before, after), made.regions, strict=True):
        block.append_to(region)
    loop.erase()
    _keep(made, [value for value in made.results if not mlir.users(value)])


def _carried_too(loop: Operation, types: list[Type]) -> list[Value]:
    """What the loop begins with for values that every round makes anew: anything, looked at by no round."""
    if not all(isinstance(each, ir.RankedTensorType) and each.has_static_shape for each in types):
        return []
    before = loop.regions[0].blocks[0]
    arguments = [before.add_argument(each, loop.location) for each in types]
    if arguments:
        mlir.create("util.optimization_barrier", arguments, types, before=before.operations[0].operation)
    return [mlir.create("flow.tensor.empty", [], [each], before=loop).result for each in types]


def _keep(loop: Operation, unused: list[Value]) -> None:
    """Let results be looked at, that they are not dropped again."""
    tensors = [value for value in unused if isinstance(value.type, ir.RankedTensorType)]
    if tensors:
        with loop.location, ir.InsertionPoint.after(loop):
            ir.Operation.create("util.optimization_barrier", results=[each.type for each in tensors], operands=tensors)


def _keep_twice(condition: Operation) -> int:
    """Put barriers on what a loop leaves again, in another shape or the same; returns how many."""
    tensors = [_unshaped(value) for value in list(condition.operands)[1:]]
    again = [number for number, tensor in enumerate(tensors, 1) if tensor in tensors[: number - 1]]
    for number in again:
        value = condition.operands[number]
        condition.operands[number] = mlir.create(
            "util.optimization_barrier", [value], [value.type], before=condition
        ).result
    return len(again)


def _unshaped(value: Value) -> Value:
    """The tensor that a value has the elements of, in another shape."""
    op = mlir.owner(value)
    return _unshaped(op.operands[0]) if op is not None and op.name == "flow.tensor.reshape" else value
