"""Of updates, several of which may be for one place: which is the last for it, with all the others in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder, copy_body, spread_body
from webtensorc.iree.mlir import Operation, Value
from webtensorc_passes.dataflow import _sort_network
from webtensorc_passes.tiling._combinations import Combination
from webtensorc_passes.tiling._steps import Function, reduction

__all__ = ["Updates"]


@dataclass(frozen=True)
class Updates:
    """As many as there are places, of which one knows the other for the same place that comes before it.

    Attributes:
        build: writes what is computed.
        places: `[count]`, integers.
        values: `[count, ...]`.
        combine: what two updates for one place are together, in any order; None if the last takes the place of others.
    """

    build: Builder
    places: Value
    values: Value
    combine: Combination | None

    def united(self, compared: int, folded: int) -> tuple[Updates, Value]:
        """The updates in some order, of which the last for a place holds all of it, and which those are: i1 `[count]`.

        Args:
            compared: comparisons of places, at most; where all with all would be more they are sorted.
            folded: numbers to add up, at most; where all for all would be more each takes along what came before it.
        """
        if self._count**2 > compared:
            return self._sorted()._united_in_order()
        are_same = self._spread_equal()
        numbers = self.build.iota(mlir.shape_of(are_same), 1, "i32")
        are_last = self.build.compare("EQ", self._largest(are_same, numbers), self._numbers)
        if self.combine is None:
            return self, are_last
        identity = self.combine.identity(mlir.dtype_of(self.values))
        if identity is not None and self._count * prod(mlir.shape_of(self.values)) <= folded:
            return self._folded(are_same, self.build.constant(identity)), are_last
        own = self.build.iota(mlir.shape_of(are_same), 0, "i32")
        earlier = self.build.binary("and", are_same, self.build.compare("LT", numbers, own))
        return self._chained(self._largest(earlier, numbers)), are_last

    @property
    def _count(self) -> int:
        return mlir.shape_of(self.places)[0]

    @property
    def _numbers(self) -> Value:
        """Of the updates: int32 `[count]`."""
        return self.build.iota([self._count], 0, "i32")

    def _all(self, number: int) -> Value:
        return self.build.full([self._count], number, self._numbers)

    def _spread_equal(self) -> Value:
        """Whether two updates are for one place: `[count, count]`."""
        square = [self._count, self._count]
        return self.build.compare("EQ", *(self.build.broadcast(self.places, square, [d]) for d in (0, 1)))

    def _largest(self, chosen: Value, numbers: Value) -> Value:
        """The largest number of those that are chosen in each row; -1 where none is."""
        build = self.build
        found = build.select(chosen, numbers, build.full(mlir.shape_of(numbers), -1, numbers))
        none = build.full([], -1, numbers)
        return self._fold(found, none, lambda pair, at: [Builder(at).binary("maximum", *pair)])

    def _folded(self, are_same: Value, identity: Value) -> Updates:
        """Each with all others for its place."""
        assert self.combine is not None
        build, shape = self.build, [self._count, *mlir.shape_of(self.values)]
        others, neutral = (
            build.broadcast(self.values, shape, range(1, len(shape))),
            build.broadcast(identity, shape, []),
        )
        found = build.select(build.broadcast(are_same, shape, [0, 1]), others, neutral)
        return replace(self, values=self._fold(found, identity, partial(copy_body, self.combine.body)))

    def _fold(self, value: Value, initial: Value, function: Function) -> Value:
        """What becomes of all along the second dimension."""
        (folded,) = reduction(self.build, [value], [initial], [1], function)
        return folded

    def _chained(self, before: Value) -> Updates:
        """Each with all before it for its place, of which `before` has the next one's number, or -1.

        In `log2(count)` steps, each of which doubles how many are taken along (J. C. Wyllie, The complexity of parallel
        computations, 1979).
        """
        assert self.combine is not None
        build, values = self.build, self.values
        for _ in range((self._count - 1).bit_length()):
            place = build.binary("maximum", before, self._all(0))
            is_any = build.compare("GE", before, self._all(0))
            (both,) = spread_body(self.combine.body, [build.gather_rows(values, place), values], build.before)
            values = build.select(build.broadcast(is_any, mlir.shape_of(values), [0]), both, values)
            before = build.select(is_any, build.gather_rows(before, place), before)
        return replace(self, values=values)

    def _sorted(self) -> Updates:
        """In the order of places; those for one place stay as they follow each other."""
        build, count = self.build, self._count

        def before(where: Operation, left: Sequence[Value], right: Sequence[Value]) -> Value:
            return Builder(where).compare("LT", *left, *right)

        order = _sort_network.order(build, [build.reshape(self.places, [1, count])], before)
        places, values = (build.gather_rows(each, build.reshape(order, [count])) for each in (self.places, self.values))
        return replace(self, places=places, values=values)

    def _united_in_order(self) -> tuple[Updates, Value]:
        """As `united`, of updates that are sorted: those for one place lie together."""
        build, count = self.build, self._count
        follows = build.compare(
            "EQ", build.slice(self.places, [0], [count - 1]), build.slice(self.places, [1], [count])
        )
        first = build.compare("NE", self._all(0), self._all(0))
        first = build.slice(first, [0], [1])
        are_last = build.unary("not", build.concatenate([follows, first], 0))
        if self.combine is None:
            return self, are_last
        previous = build.binary("subtract", self._numbers, self._all(1))
        before = build.select(build.concatenate([first, follows], 0), previous, self._all(-1))
        return self._chained(before), are_last
