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
from functools import cached_property
from math import isqrt, prod
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder, add_block, copy_body, end_block, spread_body
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_NEUTRAL = {"stablehlo.add": 0, "stablehlo.multiply": 1}
_CHOOSES = ("stablehlo.maximum", "stablehlo.minimum", "stablehlo.and", "stablehlo.or")


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
    def body(self) -> Block:
        return self.op.regions[0].blocks[0]

    @cached_property
    def count(self) -> int:
        """Of tensors."""
        return len(self.op.results)

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
        chooses = all(self._chooses(value, at) for at, value in enumerate(self._returned))
        return (self._commutes or len(self._dimensions) == 1) and (chooses or self._is_neutral)

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

    @property
    def _returned(self) -> list[Value]:
        return list(self.body.operations[len(self.body.operations) - 1].operands)

    @cached_property
    def _only(self) -> Operation | None:
        """The operation that the function is, of both its arguments."""
        op = mlir.owner(self._returned[0])
        is_all = self.count == 1 and len(self.body.operations) == 2 and op is not None
        return op if is_all and op is not None and set(op.operands) == set(self.body.arguments) else None

    @property
    def _commutes(self) -> bool:
        return self._only is not None and self._only.name in (*_NEUTRAL, *_CHOOSES)

    @property
    def _is_neutral(self) -> bool:
        """Whether the initial value is a constant that changes nothing."""
        first = mlir.owner(self.op.operands[1])
        if self._only is None or self._only.name not in _NEUTRAL or first is None:
            return False
        number = mlir.elements(first.attributes["value"]) if first.name == "stablehlo.constant" else None
        return number is not None and number.item() == _NEUTRAL[self._only.name]

    def _chooses(self, value: Value, at: int) -> bool:
        """Whether a value of the function is one of its two arguments for a tensor."""
        if isinstance(value, ir.BlockArgument):
            return value in (self.body.arguments[at], self.body.arguments[self.count + at])
        op = mlir.owner(value)
        if op is None or op.name not in ("stablehlo.select", *_CHOOSES):
            return False
        return all(self._chooses(each, at) for each in list(op.operands)[-2:])

    def _fold(self, values: Sequence[Value], dimensions: Sequence[int]) -> list[Value]:
        """The values without these dimensions, in steps that are short enough."""
        shape = mlir.shape_of(values[0])
        if prod(shape[d] for d in dimensions) <= self.longest:
            return self._step(values, dimensions)
        if len(dimensions) > 1:
            *outer, last = dimensions
            return self._fold(self._fold(values, outer), [last - len(outer)])
        (d,) = dimensions
        trips = _trips(shape[d], self.longest)
        rows = [self._part(each, d, 0, shape[d] - shape[d] % trips) for each in values]
        folded = self._fold(self._columns(rows, d, trips), [d])
        if shape[d] % trips == 0:
            return folded
        rest = self._step([self._part(each, d, shape[d] - shape[d] % trips, shape[d]) for each in values], [d])
        # Without a barrier the fold of the rest is one kernel with what is done with the result, by as few invocations.
        both = spread_body(self.body, [*folded, *rest], self.op)
        return [stablehlo.barrier(each, self.op) for each in both]

    def _columns(self, values: Sequence[Value], d: int, trips: int) -> list[Value]:
        """Fold that many elements along a dimension: neighbours of neighbours, or those that follow each other."""
        build, shape = Builder(self.op), list(mlir.shape_of(values[0]))
        parts = shape[d] // trips
        shape[d : d + 1] = [trips, parts] if self._commutes else [parts, trips]
        return self._step([build.reshape(each, shape) for each in values], [d if self._commutes else d + 1])

    def _part(self, value: Value, d: int, first: int, beyond: int) -> Value:
        shape = mlir.shape_of(value)
        start, limit = [0] * len(shape), list(shape)
        start[d], limit[d] = first, beyond
        return value if beyond - first == shape[d] else Builder(self.op).slice(value, start, limit)

    def _step(self, values: Sequence[Value], dimensions: Sequence[int]) -> list[Value]:
        """One reduction with the function and the initial values of this one."""
        build, context = Builder(self.op), self.op.context
        shape = [extent for d, extent in enumerate(mlir.shape_of(values[0])) if d not in dimensions]
        kinds = [build.kind(shape, each.type.element_type) for each in values]
        operands = [*values, *list(self.op.operands)[self.count :]]
        attributes = {"dimensions": mlir.integer_array(dimensions, context)}
        made = mlir.create("stablehlo.reduce", operands, kinds, attributes, before=self.op, regions=1)
        arguments, last = add_block(made, [each.type for each in self.body.arguments])
        end_block(last, copy_body(self.body, arguments, last))
        return list(made.results)


def _trips(extent: int, longest: int) -> int:
    """About the square root, and a divisor if there is one nearby."""
    about = min(isqrt(extent), longest)
    near = [each for each in range(max(about // 2, 2), min(2 * about, longest) + 1) if extent % each == 0]
    return min(near, key=lambda each: abs(each - about), default=about)
