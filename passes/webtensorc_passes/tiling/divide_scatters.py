"""Write the updates of a scatter side by side, where the native compiler has one invocation write them all.

Of updates several of which may be for one place, the native compiler (IREE 3.13) writes one after the other. Here every
update first becomes what its place is to hold in the end, of all updates for that place: the last of them, or all
combined with what is there. Then it does not matter who writes. Each of `n` updates looks at all `n` places; a GPU does
so faster than one of its invocations writes `n` times to memory, unless there are very many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import IN_BOUNDS, Builder, copy_body, spread_body
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._combinations import Combination
from webtensorc_passes.tiling._steps import Function, reduction

_UNIQUE = "unique_indices"


@dataclass(frozen=True)
class DivideScatters(Pass):
    """Divide scatters of rows, as `scatter-rows` leaves them, of at most `most` updates."""

    name: ClassVar[str] = "divide-scatters"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 41  # behind split-reductions: there are as many sums as updates

    most: int = 1 << 14

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of scatters that were divided."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        scatters = [_Scatter(op) for op in mlir.nested(module) if op.name == "stablehlo.scatter"]
        found = [each for each in scatters if each.is_of_rows and each.count <= self.most and each.can_divide]
        for each in found:
            mlir.replace(each.op, [each.divided()])
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
    def count(self) -> int:
        """Of updates."""
        return mlir.shape_of(self.op.operands[2])[0]

    @property
    def can_divide(self) -> bool:
        """Whether the last update for a place is what is left there, or their order does not matter."""
        return self.count == 1 or self._replaces or (self.function.commutes and self._identity is not None)

    @property
    def _replaces(self) -> bool:
        return self.function.returned == [self.function.body.arguments[1]]

    @property
    def _identity(self) -> Array | None:
        return self.function.identity(mlir.dtype_of(self.op.operands[2]))

    def divided(self) -> Value:
        """What stands for the result."""
        build = Builder(self.op)
        rows, indices, updates = self.op.operands
        unique = {_UNIQUE: ir.BoolAttr.get(True, self.op.context)}
        if self.count == 1:
            return mlir.clone_with(self.op, [rows, indices, updates], [rows.type], unique).result
        places = build.reshape(indices, [self.count])
        square = [self.count, self.count]
        are_same = build.compare("EQ", build.broadcast(places, square, [0]), build.broadcast(places, square, [1]))
        if self._replaces:
            final = build.gather_rows(updates, self._last(are_same))
        else:
            there = build.gather_rows(rows, places)
            (final,) = spread_body(self.function.body, [there, self._combined(are_same)], self.op)
        made = mlir.clone_with(self.op, [rows, indices, final], [rows.type], unique)
        _let_replace(made)
        return made.result

    def _last(self, are_same: Value) -> Value:
        """For each update the number of the last one for the same place: `[count]`."""
        build = Builder(self.op)
        numbers = build.iota(mlir.shape_of(are_same), 1, "i32")
        found = build.select(are_same, numbers, build.full(mlir.shape_of(are_same), 0, numbers))
        zero = build.full([], 0, numbers)
        return _fold(build, found, zero, lambda pair, last: [Builder(last).binary("maximum", *pair)])

    def _combined(self, are_same: Value) -> Value:
        """For each update all those for the same place in one: `[count, ...]`."""
        build, updates = Builder(self.op), self.op.operands[2]
        shape = [self.count, *mlir.shape_of(updates)]
        others = build.broadcast(updates, shape, range(1, len(shape)))
        assert self._identity is not None
        identity = build.constant(self._identity)
        found = build.select(build.broadcast(are_same, shape, [0, 1]), others, build.broadcast(identity, shape, []))
        return _fold(build, found, identity, partial(copy_body, self.function.body))


def _fold(build: Builder, value: Value, initial: Value, function: Function) -> Value:
    """What becomes of all along the second dimension."""
    (folded,) = reduction(build, [value], [initial], [1], function)
    return folded


def _let_replace(scatter: Operation) -> None:
    """Have a scatter's updates take the place of what is there."""
    block = scatter.regions[0].blocks[0]
    *others, last = (op.operation for op in block.operations)
    last.operands[0] = block.arguments[1]
    for op in reversed(others):
        op.erase()
