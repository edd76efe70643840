"""Scatters with open extents (StableHLO specification, `scatter`).

The native compiler takes rows at row numbers, refuses most other layouts, and writes outside the operand where an index
is not valid. A single window is read by the elements that it covers; anything else becomes such rows, with one more row
for what is not valid. An update whose window is not wholly inside the operand is dropped whole, as XLA does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism import movement
from webtensorc.iree.dynamism.builder import DYNAMIC, Builder
from webtensorc.iree.indexing import IN_BOUNDS, ScatterLayout
from webtensorc.iree.mlir import Operation, Value


def scatter(build: Builder, op: Operation) -> Value | None:
    """A scatter into one operand."""
    if len(op.operands) != 3 or IN_BOUNDS in op.attributes:
        return None
    found = _Scatter(build, op)
    if 0 in (*found.operand.type.shape, *found.updates.type.shape):
        return found.operand
    return found.covered() if found.is_one_window and found.is_assignment else found.by_rows()


class _Scatter:
    def __init__(self, build: Builder, op: Operation) -> None:
        self.build, self.op = build, op
        self.operand, self.indices, self.updates = build.from_memory(list(map(build.signless, op.operands)))
        self.unsigned = isinstance(op.operands[1].type.element_type, ir.IntegerType) and (
            op.operands[1].type.element_type.is_unsigned
        )
        self.layout = ScatterLayout.of(op)
        self.extents = build.dims(self.operand)
        self.zero, self.one = build.index(0), build.index(1)
        given = {axis: build.dim(self.updates, source) for source, axis in self.of_window.items()}
        self.window = [given.get(axis, self.one) for axis in range(len(self.extents))]
        """Size of a window along every dimension of the operand."""

    @cached_property
    def kept(self) -> list[int]:
        """The operand's dimensions that a window has, in its order."""
        dropped = self.layout.inserted + self.layout.batching
        return [axis for axis in range(len(self.extents)) if axis not in dropped]

    @cached_property
    def of_window(self) -> dict[int, int]:
        """The operand's dimension of every dimension of the updates that runs over a window."""
        return dict(zip(self.layout.window, self.kept, strict=True))

    @cached_property
    def of_indices(self) -> dict[int, int]:
        """The indices' dimension of every dimension of the updates that runs over windows."""
        windows = [axis for axis in range(len(self.updates.type.shape)) if axis not in self.layout.window]
        vectors = [axis for axis in range(len(self.indices.type.shape)) if axis != self.layout.vector]
        return dict(zip(windows, vectors, strict=True))

    @cached_property
    def of_batch(self) -> dict[int, int]:
        """The operand's dimension of every dimension of the indices that is a batch of both."""
        return dict(zip(self.layout.indices_batching, self.layout.batching, strict=True))

    @property
    def is_one_window(self) -> bool:
        """Whether there is one window, or one for every element of the batch."""
        shape = self.indices.type.shape
        return all(shape[axis] == 1 for axis in self.of_indices.values() if axis not in self.of_batch)

    @property
    def is_assignment(self) -> bool:
        """Whether updates replace what is there."""
        block = self.op.regions[0].blocks[0]
        (last,) = [each.operation for each in block.operations][-1:]
        return bool(last.operands[0] == block.arguments[1])

    def _starts(self, build: Builder, vector: dict[int, Value]) -> dict[int, Value]:
        """Where the window of an index vector begins, by dimension of the operand."""
        rank = len(self.indices.type.shape)
        cast = "arith.index_castui" if self.unsigned else "arith.index_cast"
        starts = {self.of_batch[axis]: vector[axis] for axis in self.of_batch}
        for position, axis in enumerate(self.layout.targets):
            place = [build.index(position) if each == self.layout.vector else vector[each] for each in range(rank)]
            starts[axis] = build.value(cast, [build.extract(self.indices, place)], build.index_type)
        return starts

    def _is_inside(self, build: Builder, starts: dict[int, Value]) -> Value:
        """Whether the window at `starts` is."""
        found = build.compare("eq", self.zero, self.zero)
        for axis, start in starts.items():
            last = build.arith("subi", self.extents[axis], self.window[axis])
            for check in (build.compare("sge", start, self.zero), build.compare("sle", start, last)):
                found = build.arith("andi", found, check)
        return found

    def covered(self) -> Value:
        """Every element of the operand asks whether the window covers it."""

        def element(inside: Builder, at: Sequence[Value]) -> Value:
            vector = {
                axis: at[self.of_batch[axis]] if axis in self.of_batch else self.zero
                for axis in range(len(self.indices.type.shape))
            }
            starts = self._starts(inside, vector)
            there = self._is_inside(inside, starts)
            source = {axis: vector[given] for axis, given in self.of_indices.items()}
            for axis, target in self.of_window.items():
                offset = inside.arith("subi", at[target], starts.get(target, self.zero))
                last = inside.arith("subi", self.window[target], self.one)
                place = inside.clamp(offset, self.zero, last)
                there = inside.arith("andi", there, inside.compare("eq", place, offset))
                source[axis] = place
            for axis in self.layout.inserted:
                there = inside.arith("andi", there, inside.compare("eq", at[axis], starts.get(axis, self.zero)))
            update = inside.extract(self.updates, [source[axis] for axis in sorted(source)])
            return inside.select(there, update, inside.extract(self.operand, at))

        return self.build.computed(self.operand.type, self.extents, element)

    # Rows --------------------------------------------------------------------------------------------------------

    @cached_property
    def whole(self) -> int:
        """How many of the last dimensions every window covers wholly, by their types: a row is made of them."""
        count = 0
        for axis in reversed(range(len(self.extents))):
            source = len(self.updates.type.shape) - 1 - count
            extent = self.operand.type.shape[axis]
            covered = self.of_window.get(source) == axis and self.updates.type.shape[source] == extent != DYNAMIC
            if not covered or axis in self.layout.targets:
                break
            count += 1
        return count

    def by_rows(self) -> Value:
        """The scatter of rows that does the same, without what lands in the row that is one too many."""
        build, rank = self.build, len(self.extents)
        row = list(self.operand.type.shape[rank - self.whole :])
        sizes = list(map(build.index, row))
        count = self._product(self.extents[: rank - self.whole])
        given = build.dims(self.updates)[: len(self.updates.type.shape) - self.whole]
        table = self._shaped(self.operand, [count, *sizes], row)
        zero = self._zero()
        none, more = [self.zero] * (1 + len(row)), [self.one] + [self.zero] * len(row)
        table = movement.padded(build, table, zero, none, more, [0] * len(none))
        rows = self._rows(given, count)
        updates = self._shaped(self.updates, [self._product(given), *sizes], row)
        table = self._scattered(*build.from_memory([build.copied(table), rows, updates]))
        kind = build.tensor_type([DYNAMIC, *row], table.type.element_type)
        steps = [self.one] * len(none)
        table = movement.extract_slice(build, table, kind, none, [count, *sizes], steps)
        return movement.reshape(build, table, self.operand.type, self.extents)

    def _product(self, sizes: Sequence[Value]) -> Value:
        found = self.one
        for size in sizes:
            found = self.build.arith("muli", found, size)
        return found

    def _shaped(self, value: Value, sizes: Sequence[Value], row: Sequence[int]) -> Value:
        kind = self.build.tensor_type([DYNAMIC, *row], value.type.element_type)
        return movement.reshape(self.build, value, kind, sizes)

    def _zero(self) -> Value:
        build, element = self.build, self.operand.type.element_type
        with build.location:
            kind = ir.RankedTensorType.get([], element)
            value = ir.Attribute.parse(f"dense<{_ZERO.get(str(element)[:1], '0.0')}> : {kind}")
        return build.value("stablehlo.constant", [], kind, {"value": value})

    def _rows(self, given: Sequence[Value], count: Value) -> Value:
        """The row of every update, `count` where it goes nowhere, as index vectors of one component."""
        build, kept = self.build, len(given)
        with build.location:
            element = ir.IntegerType.get_signless(32)
        kind = build.tensor_type(list(self.updates.type.shape[:kept]), element)

        def number(inside: Builder, at: Sequence[Value]) -> Value:
            vector = {source: at[axis] for axis, source in self.of_indices.items()}
            starts = self._starts(inside, vector)
            row = self.zero
            for axis in range(len(self.extents) - self.whole):
                offset = next((at[source] for source, each in self.of_window.items() if each == axis), self.zero)
                place = inside.arith("addi", starts.get(axis, self.zero), offset)
                row = inside.arith("addi", inside.arith("muli", row, self.extents[axis]), place)
            valid = self._is_inside(inside, starts)
            return inside.value("arith.index_cast", [inside.select(valid, row, count)], element)

        found = build.computed(kind, given, number)
        vectors = build.tensor_type([DYNAMIC, 1], element)
        return movement.reshape(build, found, vectors, [self._product(given), self.one])

    def _scattered(self, table: Value, rows: Value, updates: Value) -> Value:
        element = self.op.operands[0].type.element_type
        table, updates = (self.build.bitcast(each, element) for each in (table, updates))
        window = list(range(1, len(updates.type.shape)))
        text = f"update_window_dims = {window}, inserted_window_dims = [0], scatter_dims_to_operand_dims = [0]"
        context = self.op.context
        changes = {
            "scatter_dimension_numbers": ir.Attribute.parse(
                f"#stablehlo.scatter<{text}, index_vector_dim = 1>", context
            ),
            "indices_are_sorted": ir.BoolAttr.get(False, context),
            IN_BOUNDS: ir.BoolAttr.get(True, context),
        }
        made = mlir.clone_with(self.op, [table, rows, updates], [table.type], changes).result
        return self.build.signless(made)


_ZERO = {"i": "0", "c": "(0.0, 0.0)"}
