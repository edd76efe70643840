"""Elementwise work on a kernel's results while they are in registers: any chain of scalar operations, on vectors.

A result has a point (what its row is: a pixel of an image of a batch, a row of a matrix) and a channel. Operands of
the chain depend on both, on one, or on neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from webtensorc_kernels.code import Code, Index, View

__all__ = ["Apply", "Block", "Constant", "Epilogue", "Load", "Place", "finish"]

_LONG = 10
"""Operations from which on an epilogue is a loop of its own: unrolled over a register block it would be huge."""


@dataclass(frozen=True)
class Constant:
    """A number: the text of a typed attribute (`1.0 : f32`)."""

    text: str


@dataclass(frozen=True)
class Load:
    """An element of the operand number `operand`, which has an element per `by`."""

    operand: int
    by: Literal["result", "channel", "point", "all"]


@dataclass(frozen=True)
class Apply:
    """A scalar operation of `arith` or `math`.

    Attributes:
        name: the operation.
        arguments: positions of earlier steps; -1 is what the epilogue is applied to.
        attributes: text between `<{` and `}>`.
        types: element types of the arguments and then of the result.
    """

    name: str
    arguments: tuple[int, ...]
    attributes: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a vector of results is: its point and its first channel."""

    point: Index
    channel: Index


@dataclass(frozen=True)
class Epilogue:
    """Steps in order; the last one (or what comes in, if there is none) is the result."""

    steps: tuple[Constant | Load | Apply, ...] = ()
    operands: tuple[Literal["result", "channel", "point", "all"], ...] = field(default=())

    @property
    def is_long(self) -> bool:
        """Whether its code is better not repeated for every register."""
        return sum(4 if s.name.startswith("math.") else 1 for s in self.steps if isinstance(s, Apply)) > _LONG

    @property
    def flops(self) -> int:
        """Operations per element."""
        return sum(isinstance(step, Apply) for step in self.steps)

    def views(self, points: int, channels: int) -> list[View]:
        """Views of the operands, for a result of `points` x `channels`."""
        shapes = {"result": (points, channels), "channel": (channels,), "point": (points,), "all": (1,)}
        return [View(f"%e{i}", shapes[by]) for i, by in enumerate(self.operands)]

    def emit(self, code: Code, vector: str, place: Place, views: Sequence[View]) -> str:
        """Write the steps for one vector of results and return what they give."""
        values: list[str] = []
        for step in self.steps:
            values.append(_emit(code, step, place, views, [*values, vector]))
        return values[-1] if values else vector


@dataclass(frozen=True)
class Block:
    """Results in registers: runs of `count` adjacent points, each with a vector at each of `channels`."""

    starts: tuple[Index, ...]
    count: int
    channels: tuple[Index, ...]


def finish(
    code: Code, epilogue: Epilogue, block: Block, values: Sequence[str], operands: Sequence[View], y: View
) -> None:
    """Apply the epilogue to a block's vectors, ordered by run, point and channel, and store them.

    A long epilogue would be too much code for every register: then results are stored as they are and gone through
    again, in a loop over each run.
    """
    remaining = iter(values)
    for start in block.starts:
        for i in range(block.count):
            for channel in block.channels:
                place, value = Place(code.add(start, i), channel), next(remaining)
                result = value if epilogue.is_long else epilogue.emit(code, value, place, operands)
                code.store(result, y, place.point, place.channel)
    for start in block.starts if epilogue.is_long else ():

        def again(i: Index, _: list[str], start: Index = start) -> list[str]:
            for channel in block.channels:
                place = Place(code.add(start, i), channel)
                value = code.load(y, place.point, place.channel)
                code.store(epilogue.emit(code, value, place, operands), y, place.point, place.channel)
            return []

        code.loop(0, block.count, again)


def _emit(code: Code, step: Constant | Load | Apply, place: Place, views: Sequence[View], values: Sequence[str]) -> str:
    if isinstance(step, Constant):
        return code.number(step.text)
    if isinstance(step, Apply):
        return code.apply(step.name, [values[i] for i in step.arguments], step.attributes, step.types)
    view = views[step.operand]
    if step.by == "result":
        return code.load(view, place.point, place.channel)
    if step.by == "channel":
        return code.load(view, place.channel)
    return code.broadcast(view, place.point if step.by == "point" else 0)
