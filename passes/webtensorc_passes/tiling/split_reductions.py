"""Compute long sums, maxima and other folds in several steps, on devices whose invocations cannot add up together.

For GPUs of which the native compiler (IREE 3.13) knows nothing in particular, an invocation goes through the whole of
what becomes one number: the softmax of a row of 50257 is one invocation's work, and all others of the GPU are idle.
Here a row of `n` numbers becomes a matrix of about `sqrt(n)` rows; an invocation folds a column, next to it others the
columns beside it, which lie together in memory, and the results are folded in turn.

The order in which a reduction takes its elements is left open (StableHLO specification, `reduce`), and so is how often
the initial value is among them. What is changed here does not depend on either: see `_Fold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder, copy_body, spread_body
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._combinations import Combination
from webtensorc_passes.tiling._steps import part, reduction, trips


@dataclass(frozen=True)
class SplitReductions(Pass):
    """Split reductions of more than `longest` elements into steps of no more than that."""

    name: ClassVar[str] = "split-reductions"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 40

    longest: int = 512

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of reductions that are several now."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        found = [_Fold(op, self.longest) for op in mlir.nested(module) if op.name == "stablehlo.reduce"]
        long = [each for each in found if each.is_long and each.may_split]
        for each in long:
            mlir.replace(each.op, each.split())
        return len(long)


@dataclass(frozen=True)
class _Fold:
    """A reduction, of one tensor or of several side by side, such as numbers and their positions.

    It may be split if its initial value is neutral, or if its function chooses one of its arguments: then combining the
    initial value with itself gives itself, and it does not matter how often that is done.
    """

    op: Operation
    longest: int

    @cached_property
    def function(self) -> Combination:
        return Combination.of(self.op)

    @cached_property
    def body(self) -> Block:
        return self.function.body

    @cached_property
    def count(self) -> int:
        """Of tensors."""
        return self.function.count

    @property
    def is_long(self) -> bool:
        """Whether one result takes more than so many elements of a tensor of known shape."""
        if not all(mlir.is_static_tensor(each) for each in self.op.operands):
            return False
        shape = mlir.shape_of(self.op.operands[0])
        return 0 not in shape and prod(shape[d] for d in self._dimensions) > self.longest

    @property
    def may_split(self) -> bool:
        """Whether steps give what one does; of a function that is not known to commute, along one dimension."""
        may_begin_again = all(map(self.function.allows_again, list(self.op.operands)[self.count :]))
        return (self.function.commutes or len(self._dimensions) == 1) and may_begin_again

    def split(self) -> list[Value]:
        """What stands for the results."""
        build = Builder(self.op)
        values = self._fold(list(self.op.operands)[: self.count], self._dimensions)
        return [build.reshape(value, mlir.shape_of(old)) for value, old in zip(values, self.op.results, strict=True)]

    @property
    def _dimensions(self) -> list[int]:
        """Those of more than one element along which it goes."""
        shape = mlir.shape_of(self.op.operands[0])
        return sorted(d for d in mlir.integers(self.op, "dimensions") if shape[d] > 1)

    def _fold(self, values: Sequence[Value], dimensions: Sequence[int]) -> list[Value]:
        """The values without these dimensions, in steps that are short enough."""
        shape = mlir.shape_of(values[0])
        if prod(shape[d] for d in dimensions) <= self.longest:
            return self._step(values, dimensions)
        if len(dimensions) > 1:
            *outer, last = dimensions
            return self._fold(self._fold(values, outer), [last - len(outer)])
        (d,) = dimensions
        build, deep = Builder(self.op), trips(shape[d], self.longest)
        whole = shape[d] - shape[d] % deep
        folded = self._fold(self._columns([part(build, each, d, 0, whole) for each in values], d, deep), [d])
        if whole == shape[d]:
            return folded
        rest = self._step([part(build, each, d, whole, shape[d]) for each in values], [d])
        # Without a barrier the fold of the rest is one kernel with what is done with the result, by as few invocations.
        both = spread_body(self.body, [*folded, *rest], self.op)
        return [stablehlo.barrier(each, self.op) for each in both]

    def _columns(self, values: Sequence[Value], d: int, deep: int) -> list[Value]:
        """Fold that many elements along a dimension: neighbours of neighbours, or those that follow each other."""
        build, shape = Builder(self.op), list(mlir.shape_of(values[0]))
        parts = shape[d] // deep
        shape[d : d + 1] = [deep, parts] if self.function.commutes else [parts, deep]
        return self._step([build.reshape(each, shape) for each in values], [d if self.function.commutes else d + 1])

    def _step(self, values: Sequence[Value], dimensions: Sequence[int]) -> list[Value]:
        """One reduction with the function and the initial values of this one."""
        initial = list(self.op.operands)[self.count :]
        return reduction(Builder(self.op), values, initial, dimensions, partial(copy_body, self.body))
