"""Write `select_and_scatter` (the gradient of max pooling) as gather, reduction and scatter.

IREE 3.13 has no lowering for it. Every window is gathered, the position of its selected element found by a reduction of
(element, position) pairs, and the source scattered there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder, copy_body
from webtensorc.iree.dynamism.selection import adds, preferred
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class ExpandSelectAndScatter(Pass):
    """Replace `select_and_scatter` (StableHLO specification, "select_and_scatter")."""

    name: ClassVar[str] = "expand-select-and-scatter"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 4  # before the scatter that it makes is put into form

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that were replaced.

        Those of open dimensions that add up are left to `legalize-dynamism`.

        Raises:
            UnsupportedError: one has open dimensions and does not add up.
        """
        found = [op for op in mlir.nested(module) if op.name == "stablehlo.select_and_scatter" and not _is_left(op)]
        for op in found:
            if not _is_static(op):
                reason = "has windows of open size, and is compiled for fixed sizes only unless it adds up"
                items = (Unsupported(op.name, reason, ()),)
                hint = "give its open dimensions sizes: --dim"
                raise UnsupportedError(f"`{op.name}` {reason}", items, place=str(op.location), hint=hint)
            mlir.replace(op, [_Expansion(op, Builder(op)).result()])
        return len(found)


def _is_static(op: Operation) -> bool:
    return all(operand.type.has_static_shape for operand in op.operands)


def _is_left(op: Operation) -> bool:
    return not _is_static(op) and adds(op)


@dataclass(frozen=True)
class _Expansion:
    op: Operation
    build: Builder

    @cached_property
    def extents(self) -> tuple[int, ...]:
        return mlir.shape_of(self.op.operands[0])

    @cached_property
    def source(self) -> tuple[int, ...]:
        return mlir.shape_of(self.op.operands[1])

    @cached_property
    def window(self) -> tuple[int, ...]:
        return mlir.integers(self.op, "window_dimensions", [1] * len(self.extents))

    def result(self) -> Value:
        source, start = self.op.operands[1], self.op.operands[2]
        total, count = math.prod(self.extents), math.prod(self.source)
        base = self.build.broadcast(start, [total], [])
        if not total or not count:
            return self.build.reshape(base, self.extents)
        places = self._selected(self._positions())
        updates = self.build.reshape(source, [count])

        def combine(build: Builder, element: Value, update: Value) -> Value:
            return copy_body(self.op.regions[1].blocks[0], [element, update], build.before)[0]

        return self.build.reshape(self.build.flat_scatter(base, places, updates, combine), self.extents)

    def _positions(self) -> Value:
        """Position in the flat operand of every element of every window, -1 in the padding: `[source, window]`."""
        build, rank = self.build, len(self.extents)
        shape = [math.prod(self.source), math.prod(self.window)]
        apart = [*self.source, *self.window]
        strides = mlir.integers(self.op, "window_strides", [1] * rank)
        padding = stablehlo.padding(self.op, rank)
        position = inside = None
        for d in range(rank):
            step = build.iota(apart, d, "i32")
            index = build.binary("multiply", step, build.full(apart, strides[d], step))
            index = build.binary("add", index, build.iota(apart, rank + d, "i32"))
            index = build.binary("subtract", index, build.full(apart, int(padding[d, 0]), index))
            low = build.compare("GE", index, build.full(apart, 0, index))
            high = build.compare("LT", index, build.full(apart, self.extents[d], index))
            valid = build.binary("and", low, high)
            inside = valid if inside is None else build.binary("and", inside, valid)
            weighted = build.binary("multiply", index, build.full(apart, math.prod(self.extents[d + 1 :]), index))
            position = weighted if position is None else build.binary("add", position, weighted)
        position = build.select(inside, position, build.full(apart, -1, position))
        return build.reshape(position, shape)

    def _selected(self, positions: Value) -> Value:
        """The position of the element that `select` prefers in every window: `[source]`; -1 if there is none."""
        build, operand = self.build, self.op.operands[0]
        shape = list(mlir.shape_of(positions))
        count = math.prod(shape)
        places = build.reshape(build.binary("maximum", positions, build.full(shape, 0, positions)), [count])
        values = build.gather_rows(build.reshape(operand, [math.prod(self.extents)]), places)
        first = build.reshape(build.slice(values, [0], [1]), [])
        inits = [first, build.full([], -1, positions)]
        return preferred(self.op, build.reshape(values, shape), positions, inits, [1])
