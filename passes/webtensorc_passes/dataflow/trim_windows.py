"""Cut off what no window of a convolution or window reduction reaches.

Where the stride does not divide what the windows slide over, some of the end is never read:

    one window of 3 over 5 elements, stride 4        reads 3 elements: high padding -2
    windows of 3 over 5 elements, padding 2, stride 3  read 6 of 7: high padding 1

The native compiler (IREE 3.13) infers the extent of an operand from the last window, and refuses a single window that
does not end where its operand does. Padding that nobody reads is cut as well, which saves its copy; elements that
several windows leave over stay, since the slice would cost one. Negative padding is StableHLO's way to say that the end
is cut off (specification, `convolution` and `reduce_window`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.mlir import Array, Operation
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class TrimWindows(Pass):
    """Trim the end that no window reads: padding always, elements where there is one window only."""

    name: ClassVar[str] = "trim-windows"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations whose padding was changed."""
        return sum(_trim(op) for op in mlir.nested(module) if op.name in _WINDOWS)


@dataclass(frozen=True)
class _Windows:
    """Where the windows of an operation lie; one integer per dimension that they slide along.

    Attributes:
        extents: of the operand, dilated.
        spans: of one window, dilated.
        strides: from one window to the next.
    """

    extents: Sequence[int]
    spans: Sequence[int]
    strides: Sequence[int]

    def trimmed(self, padding: Array) -> Array:
        """`padding`, int64[rank, 2], less the end that is not read."""
        new = padding.copy()
        for i, (extent, span, stride) in enumerate(zip(self.extents, self.spans, self.strides, strict=True)):
            low, high = padding[i]
            beyond_first = low + extent + high - span
            if beyond_first < 0 or extent <= 0 or span <= 0:
                continue  # no window, nothing but padding, or an extent known only at run time
            unread = beyond_first % stride
            new[i, 1] = high - (unread if beyond_first < stride else min(unread, max(high, 0)))
        return new


def _trim(op: Operation) -> bool:
    windows = _WINDOWS[op.name](op)
    old = stablehlo.padding(op, len(windows.extents))
    new = windows.trimmed(old)
    if np.array_equal(old, new):
        return False
    op.attributes["padding"] = mlir.dense(new, op.context)
    return True


def _of_convolution(op: Operation) -> _Windows:
    layout = ConvolutionLayout.of(op)
    numbers = [str(i) for i in range(len(layout.input) - 2)]
    image, kernel = (mlir.shape_of(operand) for operand in op.operands)
    return _Windows(
        _dilated([image[layout.input.index(i)] for i in numbers], _each(op, "lhs_dilation", len(numbers))),
        _dilated([kernel[layout.kernel.index(i)] for i in numbers], _each(op, "rhs_dilation", len(numbers))),
        _each(op, "window_strides", len(numbers)),
    )


def _of_reduction(op: Operation) -> _Windows:
    shape = mlir.shape_of(op.operands[0])
    return _Windows(
        _dilated(shape, _each(op, "base_dilations", len(shape))),
        _dilated(mlir.integers(op, "window_dimensions"), _each(op, "window_dilations", len(shape))),
        _each(op, "window_strides", len(shape)),
    )


def _each(op: Operation, name: str, rank: int) -> tuple[int, ...]:
    """One integer for each dimension, 1 where the attribute is absent."""
    return mlir.integers(op, name, [1] * rank)


def _dilated(extents: Sequence[int], dilations: Sequence[int]) -> list[int]:
    pairs = zip(extents, dilations, strict=True)
    return [(extent - 1) * dilation + 1 if extent > 0 else min(extent, 0) for extent, dilation in pairs]


_WINDOWS = {"stablehlo.convolution": _of_convolution, "stablehlo.reduce_window": _of_reduction}
