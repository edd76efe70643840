"""Compute long running sums, products and maxima in rows, on devices whose invocations cannot work on one together.

A scan is a window reduction whose window is as long as what it goes along and whose padding leaves of it the elements
so far, or those from there on: so `jax.lax.cumsum` is exported, and ONNX's CumSum with it. The native compiler (IREE
3.13) has one invocation go along it. Here `n` elements become about `sqrt(n)` rows, which are scanned side by side; the
last elements of the rows are scanned in turn, and each row is combined with what comes before it (G. E. Blelloch,
Prefix Sums and Their Applications, 1990, section 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder, add_block, copy_body, end_block, spread_body
from webtensorc.iree.mlir import Block, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._combinations import Combination
from webtensorc_passes.tiling._steps import part


@dataclass(frozen=True)
class SplitScans(Pass):
    """Split scans of more than `longest` elements into scans of no more than that."""

    name: ClassVar[str] = "split-scans"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 40

    longest: int = 128

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of scans that are several now."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        windows = [op for op in mlir.nested(module) if op.name == "stablehlo.reduce_window"]
        scans = [scan for op in windows if (scan := _Scan.of(op, self.longest))]
        for scan in scans:
            mlir.replace(scan.op, [scan.split()])
        return len(scans)


@dataclass(frozen=True)
class _Scan:
    """A long one, of one tensor.

    Attributes:
        along: the dimension.
        is_backward: whether a result takes the elements from there on, not those so far.
    """

    op: Operation
    longest: int
    along: int
    is_backward: bool

    @cached_property
    def build(self) -> Builder:
        """Writes before it."""
        return Builder(self.op)

    @cached_property
    def body(self) -> Block:
        """Of the function."""
        return Combination.of(self.op).body

    @classmethod
    def of(cls, op: Operation, longest: int) -> _Scan | None:
        """The scan that a window reduction is, if it has to be split and may be."""
        if (
            len(op.results) != 1
            or op.results[0].type != op.operands[0].type
            or not mlir.is_static_tensor(op.results[0])
        ):
            return None
        shape, window = mlir.shape_of(op.operands[0]), mlir.integers(op, "window_dimensions")
        long = [d for d, extent in enumerate(window) if extent > 1]
        steps = ("window_strides", "base_dilations", "window_dilations")
        if len(long) != 1 or any(set(mlir.integers(op, name)) - {1} for name in steps):
            return None
        (along,) = long
        padding = stablehlo.padding(op, len(shape)).tolist()
        (low, high), others = padding[along], padding[:along] + padding[along + 1 :]
        around = shape[along] - 1
        is_whole = window[along] == shape[along] and (low, high) in ((around, 0), (0, around))
        function = Combination.of(op)
        may_split = function.commutes and function.allows_again(op.operands[1])
        if not is_whole or any(map(any, others)) or not may_split or shape[along] <= longest or 0 in shape:
            return None
        return cls(op, longest, along, is_backward=low == 0)

    def split(self) -> Value:
        """What stands for the result."""
        return self._scan(self.op.operands[0], self.along)

    @cached_property
    def _initial(self) -> Value:
        """A scalar, which may be among the elements any number of times."""
        return self.op.operands[1]

    def _scan(self, value: Value, along: int) -> Value:
        shape = list(mlir.shape_of(value))
        extent = shape[along]
        if extent <= self.longest:
            return self._window(value, along)
        row = min(isqrt(extent - 1) + 1, self.longest)
        rows = -(-extent // row)
        missing = rows * row - extent
        low, high = self._sides(along, len(shape), missing)
        whole = stablehlo.pad(value, self._initial, low, high, [0] * len(shape), self.op) if missing else value
        inner = self._window(self.build.reshape(whole, [*shape[:along], rows, row, *shape[along + 1 :]]), along + 1)
        before = self._before(inner, along)
        dimensions = [d for d in range(len(shape) + 1) if d != along + 1]
        spread = self.build.broadcast(before, mlir.shape_of(inner), dimensions)
        (both,) = spread_body(self.body, [spread, inner], self.op)
        flat = self.build.reshape(both, mlir.shape_of(whole))
        return part(self.build, flat, along, low[along], low[along] + extent)

    def _before(self, inner: Value, along: int) -> Value:
        """For each row what all rows in front of it give: the scan of their ends, one row later."""
        build, shape = self.build, list(mlir.shape_of(inner))
        rows, row = shape[along], shape.pop(along + 1)
        end = 0 if self.is_backward else row - 1
        ends = self._scan(build.reshape(part(build, inner, along + 1, end, end + 1), shape), along)
        first = int(self.is_backward)
        others = part(build, ends, along, first, first + rows - 1)
        low, high = self._sides(along, len(shape), 1)
        return stablehlo.pad(others, self._initial, low, high, [0] * len(shape), self.op)

    def _sides(self, along: int, rank: int, count: int) -> tuple[list[int], list[int]]:
        """As padding: so many elements in front of where the scan begins."""
        here, none = [count * (d == along) for d in range(rank)], [0] * rank
        return (none, here) if self.is_backward else (here, none)

    def _window(self, value: Value, along: int) -> Value:
        """One scan by the native compiler."""
        shape, context = mlir.shape_of(value), self.op.context
        window = [extent if d == along else 1 for d, extent in enumerate(shape)]
        low, high = self._sides(along, len(shape), shape[along] - 1)
        attributes = {
            "window_dimensions": mlir.integer_array(window, context),
            "padding": mlir.dense(np.array(list(zip(low, high, strict=True)), np.int64), context),
        }
        operands = [value, self._initial]
        made = mlir.create("stablehlo.reduce_window", operands, [value.type], attributes, before=self.op, regions=1)
        arguments, last = add_block(made, [each.type for each in self.body.arguments])
        end_block(last, copy_body(self.body, arguments, last))
        return made.result
