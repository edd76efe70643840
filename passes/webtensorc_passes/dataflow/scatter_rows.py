"""Bring every scatter into the one form that the native compiler gets right: whole rows at valid numbers.

IREE 3.13 refuses many dimension numbers (windows that are not last, index vectors that cover scattered dimensions,
batching dimensions) and writes outside the operand where an index is not valid, which StableHLO ignores. Here the
operand becomes a matrix of rows, its indexed dimensions in one; an invalid index becomes the number of an extra row,
which is cut off afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import indexing, mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.evaluate import Evaluator
from webtensorc.iree.graph import Graph
from webtensorc.iree.indexing import ScatterLayout
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class ScatterRows(Pass):
    """Rewrite scatters of one operand as scatters of rows.

    An update whose window is not wholly inside the operand is dropped whole, as XLA does; the StableHLO specification
    would keep the part inside.
    """

    name: ClassVar[str] = "scatter-rows"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of scatters that were rewritten."""
        with Graph(module, context.weights) as graph:
            found = [_Scatter(op, Builder(op)) for op in mlir.nested(module) if _is_open(op)]
            evaluator = Evaluator(graph)
            valid = [each.is_valid(evaluator) for each in found]
            for each, is_valid in zip(found, valid, strict=True):
                mlir.replace(each.op, [each.rewritten(is_valid)])
        return len(found)


def _is_open(op: Operation) -> bool:
    if op.name != "stablehlo.scatter" or len(op.operands) != 3 or indexing.IN_BOUNDS in op.attributes:
        return False
    return all(value.type.has_static_shape for value in op.operands)


@dataclass(frozen=True)
class _Scatter:
    """A scatter and what its dimensions are.

    `N` is the number of index vectors. The operand's dimensions are `indexed` (the row number is made of them) or
    `whole` (every update covers them wholly).
    """

    op: Operation
    build: Builder

    @cached_property
    def layout(self) -> ScatterLayout:
        return ScatterLayout.of(self.op)

    @cached_property
    def extents(self) -> tuple[int, ...]:
        """Sizes of the operand's dimensions."""
        return mlir.shape_of(self.op.operands[0])

    @cached_property
    def kept(self) -> list[int]:
        """The operand's dimensions that an update has, in its order."""
        return [d for d in range(len(self.extents)) if d not in self.layout.inserted + self.layout.batching]

    @cached_property
    def sizes(self) -> list[int]:
        """Size of an update's window in every dimension of the operand."""
        shape = mlir.shape_of(self.op.operands[2])
        given = dict(zip(self.kept, (shape[i] for i in self.layout.window), strict=True))
        return [given.get(d, 1) for d in range(len(self.extents))]

    @cached_property
    def last(self) -> list[int]:
        """The largest valid value of every component of an index vector."""
        return [self.extents[d] - self.sizes[d] for d in self.layout.targets]

    @cached_property
    def indexed(self) -> list[int]:
        named = {*self.layout.targets, *self.layout.inserted, *self.layout.batching}
        return [d for d in range(len(self.extents)) if d in named or self.sizes[d] != self.extents[d]]

    @cached_property
    def whole(self) -> list[int]:
        return [d for d in range(len(self.extents)) if d not in self.indexed]

    @cached_property
    def element(self) -> str:
        """The integer type to compute row numbers in."""
        given = str(self.op.operands[1].type.element_type)
        return "i64" if given in ("i64", "ui64", "ui32") or math.prod(self.extents) >= 1 << 31 else "i32"

    def is_valid(self, evaluator: Evaluator) -> bool:
        """Whether all indices are known at compile time to be valid."""
        return indexing.in_bounds(evaluator, self.op.operands[1], self.layout.vector, self.last)

    def rewritten(self, is_valid: bool) -> Value:
        """The result, computed row by row; `is_valid` if every index is known to be."""
        operand, build = self.op.operands[0], self.build
        rows = math.prod(self.extents[d] for d in self.indexed)
        rest = [self.extents[d] for d in self.whole]
        if not rows * math.prod(rest) * math.prod(mlir.shape_of(self.op.operands[2])):
            return operand
        order = self.indexed + self.whole
        table = build.reshape(build.transpose(operand, order), [rows, *rest])
        if not is_valid:
            extra = build.slice(table, [0] * len(mlir.shape_of(table)), [1, *rest])
            table = build.concatenate([table, extra], 0)
        table = self._scatter(table, self._rows(rows, is_valid), self._updates(rest))
        if not is_valid:
            table = build.slice(table, [0] * (1 + len(rest)), [rows, *rest])
        back = [order.index(d) for d in range(len(order))]
        return build.transpose(build.reshape(table, [self.extents[d] for d in order]), back)

    def _scatter(self, table: Value, rows: Value, updates: Value) -> Value:
        window = list(range(1, len(mlir.shape_of(updates))))
        text = f"update_window_dims = {window}, inserted_window_dims = [0], scatter_dims_to_operand_dims = [0]"
        context = self.op.context
        changes = {
            "scatter_dimension_numbers": ir.Attribute.parse(
                f"#stablehlo.scatter<{text}, index_vector_dim = 1>", context
            ),
            indexing.IN_BOUNDS: ir.BoolAttr.get(True, context),
        }
        return mlir.clone_with(self.op, [table, rows, updates], [table.type], changes).result

    def _updates(self, rest: list[int]) -> Value:
        """The updates as rows: `[N * elements of the window along indexed dimensions, *rest]`."""
        value, layout = self.op.operands[2], self.layout
        points = [i for i in range(len(mlir.shape_of(value))) if i not in layout.window]
        order = points + [layout.window[self.kept.index(d)] for d in [*self.indexed, *self.whole] if d in self.kept]
        return self.build.reshape(self.build.transpose(value, order), [self._count, *rest])

    @cached_property
    def _points(self) -> int:
        shape = mlir.shape_of(self.op.operands[1])
        return math.prod(extent for i, extent in enumerate(shape) if i != self.layout.vector)

    @cached_property
    def _count(self) -> int:
        return self._points * math.prod(self.sizes[d] for d in self.indexed)

    def _rows(self, rows: int, is_valid: bool) -> Value:
        """The row number of every update row: `[N * ..., 1]`; `rows` where the window is not wholly inside."""
        build = self.build
        shape = [self._points, *(self.sizes[d] for d in self.indexed)]
        starts = {d: start for d in self.indexed if (start := self._start(d)) is not None}
        total = build.full(shape, 0, build.iota(shape, 0, self.element))
        stride = 1
        for position, d in reversed(list(enumerate(self.indexed))):
            number = build.iota(shape, 1 + position, self.element)
            if d in starts:
                number = build.binary("add", number, build.broadcast(starts[d], shape, [0]))
            factor = build.full(shape, stride, number)
            total = build.binary("add", total, build.binary("multiply", number, factor))
            stride *= self.extents[d]
        if not is_valid and starts:
            inside = reduce(lambda a, b: build.binary("and", a, b), (self._inside(d, s) for d, s in starts.items()))
            total = build.select(build.broadcast(inside, shape, [0]), total, build.full(shape, rows, total))
        total = build.reshape(total, [self._count, 1])
        return build.convert(total, "i32") if rows < 1 << 31 else total  # the native scatter refuses some of 64 bits

    def _inside(self, d: int, start: Value) -> Value:
        """Whether a window that starts there lies inside the operand along dimension `d`: `[N]`."""
        build, shape = self.build, mlir.shape_of(start)
        low = build.compare("GE", start, build.full(shape, 0, start))
        high = build.compare("LE", start, build.full(shape, self.extents[d] - self.sizes[d], start))
        return build.binary("and", low, high)

    def _start(self, d: int) -> Value | None:
        """Where windows start along a dimension of the operand: `[N]`; None for 0."""
        build, layout = self.build, self.layout
        indices = self.op.operands[1]
        shape = list(mlir.shape_of(indices))
        if d in layout.batching:
            from_dimension = layout.indices_batching[layout.batching.index(d)]
            counted = [extent for i, extent in enumerate(shape) if i != layout.vector]
            position = from_dimension - (from_dimension > layout.vector)
            return build.reshape(build.iota(counted, position, self.element), [self._points])
        if d not in layout.targets:
            return None
        component = layout.targets.index(d)
        if layout.vector < len(shape):
            start, limit = [0] * len(shape), list(shape)
            start[layout.vector], limit[layout.vector] = component, component + 1
            indices = build.slice(indices, start, limit)
        return build.convert(build.reshape(indices, [self._points]), self.element)
