"""Write the updates of a scatter side by side, where the native compiler has one invocation write them all.

Of updates several of which may be for one place, the native compiler (IREE 3.13) writes one after the other. Here the
last update for a place takes all others for it along and is the only one that is written there: the rest go to rows of
their own behind the table, which are cut off. So no two invocations write to one place, in whatever order.

Which updates are for one place is found by comparing all with all; where there are too many for that, by a sort.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import IN_BOUNDS, Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._combinations import Combination
from webtensorc_passes.tiling._duplicates import Updates

_UNIQUE = "unique_indices"


@dataclass(frozen=True)
class DivideScatters(Pass):
    """Divide scatters of rows, as `scatter-rows` leaves them, by at most `compared` comparisons and `folded` sums."""

    name: ClassVar[str] = "divide-scatters"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 41  # behind split-reductions: there are as many sums as updates

    compared: int = 1 << 28
    folded: int = 1 << 26

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of scatters that were divided."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        scatters = [_Scatter(op) for op in mlir.nested(module) if op.name == "stablehlo.scatter"]
        found = [each for each in scatters if each.is_of_rows and each.can_divide]
        for each in found:
            mlir.replace(each.op, [each.divided(self.compared, self.folded)])
        return len(found)


@dataclass(frozen=True)
class _Scatter:
    """Operand `[rows, ...]`, indices `[count, 1]`, updates `[count, ...]`."""

    op: Operation

    @cached_property
    def function(self) -> Combination:
        return Combination.of(self.op)

    @property
    def is_of_rows(self) -> bool:
        """Whether it is of that form, with valid indices, several of which may be the same."""
        if len(self.op.operands) != 3 or not all(map(mlir.is_static_tensor, self.op.operands)):
            return False
        rows, places, updates = map(mlir.shape_of, self.op.operands)
        window = list(range(1, len(rows)))
        text = "inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1"
        text = f"update_window_dims = {window}, {text}" if window else text
        is_unique = _UNIQUE in self.op.attributes and self.op.attributes[_UNIQUE].value
        form = ir.Attribute.parse(f"#stablehlo.scatter<{text}>", self.op.context)
        return (
            IN_BOUNDS in self.op.attributes
            and not is_unique
            and self.op.attributes["scatter_dimension_numbers"] == form
            and places == (updates[0], 1)
            and updates[1:] == rows[1:]
            and 0 not in updates
        )

    @property
    def can_divide(self) -> bool:
        """Whether the last update for a place is what is left there, or their order does not matter."""
        return self._count == 1 or self._replaces or self.function.commutes

    @property
    def _count(self) -> int:
        return mlir.shape_of(self.op.operands[2])[0]

    @property
    def _replaces(self) -> bool:
        return self.function.returned == [self.function.body.arguments[1]]

    def divided(self, compared: int, folded: int) -> Value:
        """What stands for the result; the numbers are those of `Updates.united`."""
        rows, indices, values = self.op.operands
        if self._count == 1:
            return self._written(rows, indices, values)
        build = Builder(self.op)
        function = None if self._replaces else self.function
        updates = Updates(build, build.reshape(indices, [self._count]), values, function)
        return self._last_alone(*updates.united(compared, folded))

    def _last_alone(self, updates: Updates, are_last: Value) -> Value:
        """Write those that are the last for their place there, and each of the others behind the table."""
        build, rows = Builder(self.op), self.op.operands[0]
        count, shape, element = self._count, list(mlir.shape_of(rows)), updates.places.type.element_type
        number = build.iota([count], 0, element)
        behind = build.binary("add", number, build.full([count], shape[0], number))
        spare = build.broadcast(build.constant(np.zeros((), mlir.dtype_of(rows))), [count, *shape[1:]], [])
        table = build.concatenate([rows, spare], 0)
        final = build.reshape(build.select(are_last, updates.places, behind), [count, 1])
        # In one kernel with the scatter, numbers that are counted are tiled without end (see keep-apart).
        final, values = (stablehlo.barrier(each, self.op) for each in (final, updates.values))
        return build.slice(self._written(table, final, values), [0] * len(shape), shape)

    def _written(self, rows: Value, indices: Value, values: Value) -> Value:
        """This scatter, of updates for different places."""
        unique = {_UNIQUE: ir.BoolAttr.get(True, self.op.context)}
        return mlir.clone_with(self.op, [rows, indices, values], [rows.type], unique).result
