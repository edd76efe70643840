"""Elementwise work on a kernel's results while they are in registers: any chain of scalar operations, on vectors.

A result has a point (what its row is: a pixel of an image of a batch, a row of a matrix) and a channel. Operands of
the chain depend on both, on one, or on neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from webtensorc_kernels.code import Code, Index, View

By = Literal["result", "channel", "point", "all", "plane"]

__all__ = ["NEAREST", "Apply", "Block", "Constant", "Epilogue", "Load", "Place", "finish", "prefetch"]

NEAREST = "nearest"
"""Beside the operations of `arith` and `math`: the nearest integer to a number, the even one where two are.

The number must be within the integer's range.
"""
_LONG = 10
"""Operations from which on an epilogue is a loop of its own: unrolled over a register block it would be huge."""


@dataclass(frozen=True)
class Constant:
    """A number: the text of a typed attribute (`1.0 : f32`)."""

    text: str


@dataclass(frozen=True)
class Load:
    """An element of the operand number `operand`, which has an element per `by`.

    A plane is the results of `Epilogue.plane` adjacent points; the operand is the same for all planes.

    Where that is the result, the operand's rows may be longer than the result's: the channels begin at `offset`.
    """

    operand: int
    by: By
    offset: int = 0


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


def _weight(step: Apply) -> int:
    """Roughly how many instructions a step is."""
    return 4 if step.name.startswith("math.") and step.name != "math.fma" else 1


@dataclass(frozen=True)
class Place:
    """Where a vector of results is: its point and its first channel."""

    point: Index
    channel: Index


@dataclass(frozen=True)
class Epilogue:
    """Elementwise steps, and where their result goes.

    Attributes:
        steps: in order; the last one (or what comes in, if there is none) is the result.
        operands: what each operand has an element for.
        widths: the length of the rows of operands that have an element per result; 0 where it is the result's.
        plane: the number of points of a plane, if any operand has an element for each of its results.
        slot: row length of the tensor that the result is a part of, and the part's first channel; None if it is all.
        elements: the operands' element types; empty if all are float32.
        element: the result's element type.
        head: channels of a head, if the result's heads lie one behind the other, `[heads, points, head]`; else 0. Then
            it is a multiple of a vector, and there is no slot.
    """

    steps: tuple[Constant | Load | Apply, ...] = ()
    operands: tuple[By, ...] = ()
    widths: tuple[int, ...] = ()
    slot: tuple[int, int] | None = None
    plane: int = 1
    elements: tuple[str, ...] = ()
    element: str = "f32"
    head: int = 0

    @property
    def is_long(self) -> bool:
        """Whether its code is better not repeated for every register."""
        return sum(_weight(step) for step in self.steps if isinstance(step, Apply)) > _LONG

    @property
    def flops(self) -> int:
        """Operations per element."""
        return sum(isinstance(step, Apply) for step in self.steps)

    def views(self, points: int, channels: int) -> list[View]:
        """Views of the operands, for a result of `points` x `channels`."""
        planar = (self.plane, channels)
        shapes = {
            "result": (points, channels),
            "plane": planar,
            "channel": (channels,),
            "point": (points,),
            "all": (1,),
        }
        widths = self.widths or (0,) * len(self.operands)
        elements = self.elements or ("f32",) * len(self.operands)
        return [
            View(f"%e{i}", (points, width) if width else shapes[by], element)
            for i, (by, width, element) in enumerate(zip(self.operands, widths, elements, strict=True))
        ]

    def result(self, points: int, channels: int) -> View:
        """View of the tensor that the result is stored to."""
        if self.head:
            return View("%y", (channels // self.head, points, self.head), self.element)
        if self.slot is None:
            return View("%y", (points, channels), self.element)
        width, first = self.slot
        return View("%y", (points, width), self.element, (first, first + channels))

    def spot(self, code: Code, row: Index, channel: Index) -> tuple[Index, ...]:
        """Where in `result` a vector is stored: that of a row, from a channel on."""
        if self.head:
            return code.quotient(channel, self.head), row, code.remainder(channel, self.head)
        return row, code.add(channel, self.slot[1] if self.slot else 0)

    def by_channel(self, code: Code, channel: Index, views: Sequence[View]) -> dict[int, str]:
        """Load what is the same for all points, by the number of the step, to do so in front of a loop over points."""
        loads = ((i, step) for i, step in enumerate(self.steps) if isinstance(step, Load) and step.by == "channel")
        return {i: code.load(views[step.operand], channel) for i, step in loads}

    def emit(
        self,
        code: Code,
        vector: str,
        place: Place,
        views: Sequence[View],
        known: Mapping[int, str] = MappingProxyType({}),
    ) -> str:
        """Write the steps for one vector of results, but those that are `known`, and return what they give."""
        values: list[str] = []
        for i, step in enumerate(self.steps):
            values.append(known[i] if i in known else self.one(code, step, place, views, [*values, vector]))
        return values[-1] if values else vector

    def one(
        self, code: Code, step: Constant | Load | Apply, place: Place, views: Sequence[View], values: Sequence[str]
    ) -> str:
        """Write one step for one vector of results; `values` are those of earlier steps, and last what came in."""
        if isinstance(step, Constant):
            return code.number(step.text)
        if isinstance(step, Apply):
            return code.apply(step.name, [values[i] for i in step.arguments], step.attributes, step.types)
        view = views[step.operand]
        if step.by == "result":
            return code.load(view, place.point, code.add(place.channel, step.offset))
        if step.by == "plane":
            return code.load(view, code.remainder(place.point, self.plane), place.channel)
        if step.by == "channel":
            return code.load(view, place.channel)
        return code.broadcast(view, place.point if step.by == "point" else 0)


@dataclass(frozen=True)
class Block:
    """Results in registers: runs of `count` adjacent points, each with a vector at each of `channels`."""

    starts: tuple[Index, ...]
    count: int
    channels: tuple[Index, ...]


def prefetch(code: Code, epilogue: Epilogue, block: Block, operands: Sequence[View]) -> None:
    """Have near what the epilogue will read, in front of the work whose results the block holds.

    Operands as large as the result come from far, a short piece of each row at a time, which no processor foresees.
    """
    for load in epilogue.steps:
        if isinstance(load, Load) and load.by == "result":
            for start in block.starts:
                for i in range(block.count):
                    for channel in block.channels:
                        code.prefetch(operands[load.operand], code.add(start, i), code.add(channel, load.offset))


def finish(
    code: Code,
    epilogue: Epilogue,
    block: Block,
    values: Sequence[str],
    operands: Sequence[View],
    y: View,
    rows: Sequence[Index] = (),
) -> None:
    """Apply the epilogue to a block's vectors, ordered by run, point and channel, and store them.

    The rows of `y` that runs are stored to are the runs' points, if `rows` does not say where they begin.

    A long epilogue would be too much code for every register: then a run's sums are left in scratch memory and gone
    through in a loop. Not in `y`: others may compute some of these results too, at the same time.
    """
    width = len(block.channels)
    for number, (start, row) in enumerate(zip(block.starts, rows or block.starts, strict=True)):
        run = values[number * block.count * width : (number + 1) * block.count * width]

        def store(i: Index, sums: Sequence[str], start: Index = start, row: Index = row) -> None:
            at = code.add(start, i)
            for channel, value in zip(block.channels, sums, strict=True):
                result = epilogue.emit(code, value, Place(at, channel), operands)
                code.store(result, y, *epilogue.spot(code, at if row == start else code.add(row, i), channel))

        if not epilogue.is_long:
            for i in range(block.count):
                store(i, run[i * width : (i + 1) * width])
            continue
        sums = code.scratch(block.count, width * code.lanes)
        for n, value in enumerate(run):
            code.store(value, sums, n // width, n % width * code.lanes)

        def again(i: Index, _: list[str], store: Any = store, sums: View = sums) -> list[str]:
            store(i, [code.load(sums, i, j * code.lanes) for j in range(width)])
            return []

        code.loop(0, block.count, again)
