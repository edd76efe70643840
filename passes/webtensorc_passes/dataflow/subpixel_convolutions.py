"""Convolve over an image instead of over the image with zeros between its pixels; results are interleaved afterwards.

A transposed convolution of stride `s` is a convolution over an image with `s - 1` zeros after each pixel, so that of
`s` products all but one have a factor of zero. A result at `s * m + a` only meets every `s`-th element of the kernel:
with these, each phase `a` is a convolution over the image as it was, and phases that meet equally many elements are the
channels of one such convolution. No product is computed that transposed convolution does not define, so that infinite
elements stay where they belong.

Source: Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class SubpixelConvolutions(Pass):
    """Rewrite channels-last convolutions with a base dilation, that have no stride and no dilated window."""

    name: ClassVar[str] = "subpixel-convolutions"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 52
    """Behind channels-last; kernels of one element become products behind this pass."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of convolutions that were rewritten."""
        with Graph(module, context.weights) as graph:
            found = [op for op in graph.operations() if op.name == "stablehlo.convolution" and _is_transposed(op)]
            for op in found:
                mlir.replace(op, [_Interleaved(graph, op).result()])
        return len(found)


def _is_transposed(op: Operation) -> bool:
    if not all(mlir.is_static_tensor(value) and 0 not in mlir.shape_of(value) for value in (*op.operands, *op.results)):
        return False
    layout = ConvolutionLayout.of(op)
    last = ConvolutionLayout.channels_last(len(layout.input) - 2).input
    plain = {name: set(mlir.integers(op, name)) <= {1} for name in ("lhs_dilation", "rhs_dilation", "window_strides")}
    return (
        layout.input == layout.output == last
        and plain == {"lhs_dilation": False, "rhs_dilation": True, "window_strides": True}
        and mlir.integer(op, "batch_group_count", 1) == 1
        and not ("window_reversal" in op.attributes and any(op.attributes["window_reversal"]))
    )


@dataclass(frozen=True)
class _Part:
    """The phases from `low` to `high`, each of which meets `taps` elements of the kernel."""

    low: int
    high: int
    taps: int


@dataclass(frozen=True)
class _Axis:
    """One spatial dimension: extents of image, kernel and result, zeros in front, and the base dilation.

    Seen from the image, element `u` of the kernel, counted from its end, adds pixel `i` to the whole result's
    `step * i + u`, of which `result` elements from `crop` on are wanted.
    """

    image: int
    kernel: int
    result: int
    padding: int
    step: int

    @property
    def crop(self) -> int:
        return self.kernel - 1 - self.padding

    def parts(self) -> list[_Part]:
        """Those that meet at least one element."""
        taps = -(-self.kernel // self.step)
        full = self.kernel - self.step * (taps - 1)
        found = [_Part(0, full, taps), _Part(full, self.step, taps - 1)]
        return [part for part in found if part.low < part.high and part.taps]

    def range(self) -> tuple[int, int]:
        """First and last position of the convolutions: what is wanted, and at least the whole image."""
        first = min(self.crop // self.step, min(part.taps for part in self.parts()) - 1)
        last = max((self.crop + self.result - 1) // self.step, self.image - 1)
        return first, last

    def elements(self, part: _Part, phase: int) -> tuple[int, int]:
        """Where the elements that a phase meets begin and end; they are `step` apart."""
        first = self.kernel - 1 - self.step * (part.taps - 1) - phase
        return first, first + self.step * (part.taps - 1) + 1


class _Interleaved:
    """The rewriting of one convolution."""

    def __init__(self, graph: Graph, op: Operation) -> None:
        self.graph, self.op = graph, op
        self.groups = mlir.integer(op, "feature_group_count", 1)
        layout = ConvolutionLayout.of(op)
        self.spatial = len(layout.input) - 2
        self.layout = ConvolutionLayout.channels_last(self.spatial)
        self.kernel = op.operands[1]
        if layout != self.layout:
            order = [layout.kernel.index(each) for each in self.layout.kernel]
            self.kernel = stablehlo.transpose(self.kernel, order, op)
        self.axes = [
            _Axis(image, kernel, result, int(low), step)
            for image, kernel, result, (low, _), step in zip(
                mlir.shape_of(op.operands[0])[1:-1],
                mlir.shape_of(self.kernel)[:-2],
                mlir.shape_of(op.results[0])[1:-1],
                stablehlo.padding(op, self.spatial),
                mlir.integers(op, "lhs_dilation"),
                strict=True,
            )
        ]

    def result(self) -> Value:
        """What stands for the convolution's result."""
        # [n, positions..., groups, phases..., outputs] -> [n, position, phase, ..., groups, outputs]
        value, spatial = self._phases(()), self.spatial
        pairs = [place for i in range(spatial) for place in (1 + i, 2 + spatial + i)]
        value = stablehlo.transpose(value, [0, *pairs, 1 + spatial, 2 + 2 * spatial], self.op)
        batch, *wanted, features = mlir.shape_of(self.op.results[0])
        ranges = [axis.range() for axis in self.axes]
        whole = [(last - first + 1) * axis.step for (first, last), axis in zip(ranges, self.axes, strict=True)]
        value = stablehlo.reshape(value, [batch, *whole, features], self.op)
        start = [axis.crop - first * axis.step for (first, _), axis in zip(ranges, self.axes, strict=True)]
        limit = [low + extent for low, extent in zip(start, wanted, strict=True)]
        ones = [1] * (spatial + 2)
        return stablehlo.slice_(value, [0, *start, 0], [batch, *limit, features], ones, self.op)

    def _phases(self, chosen: tuple[_Part, ...]) -> Value:
        """All phases of the dimensions behind those whose part is chosen."""
        if len(chosen) == self.spatial:
            return self._convolution(chosen)
        axis, place = self.axes[len(chosen)], 2 + self.spatial + len(chosen)
        values = [self._phases((*chosen, part)) for part in axis.parts()]
        value = stablehlo.concatenate(values, place, self.op) if len(values) > 1 else values[0]
        missing = axis.step - mlir.shape_of(value)[place]
        if not missing:
            return value
        zero = stablehlo.constant(np.zeros((), mlir.dtype_of(value)), self.op)
        nowhere = [0] * len(mlir.shape_of(value))
        behind = [missing if i == place else 0 for i in range(len(nowhere))]
        return stablehlo.pad(value, zero, nowhere, behind, nowhere, self.op)

    def _convolution(self, parts: Sequence[_Part]) -> Value:
        """Some phases, `[n, positions..., groups, phases..., outputs]`."""
        op, context = self.op, self.op.context
        ranges = [axis.range() for axis in self.axes]
        padding = [
            (part.taps - 1 - first, last - axis.image + 1)
            for part, (first, last), axis in zip(parts, ranges, self.axes, strict=True)
        ]
        kernel, phases = self._elements(parts), [part.high - part.low for part in parts]
        batch, *_, features = mlir.shape_of(op.results[0])
        shape = [batch, *(last - first + 1 for first, last in ranges)]
        changes = {
            "padding": mlir.dense(np.array(padding, np.int64), context),
            "lhs_dilation": mlir.integer_array([1] * self.spatial, context),
            "dimension_numbers": self.layout.attribute(context),
        }
        kind = stablehlo.typed(op.results[0], [*shape, features * math.prod(phases)])
        value = mlir.clone_with(op, [op.operands[0], kernel], [kind], changes).results[0]
        return stablehlo.reshape(value, [*shape, self.groups, *phases, features // self.groups], op)

    def _elements(self, parts: Sequence[_Part]) -> Value:
        """The kernel of some phases, `[taps..., inputs, groups * phases * outputs]`; a weight if the kernel is one."""
        *extents, inputs, features = mlir.shape_of(self.kernel)
        value = stablehlo.reshape(self.kernel, [*extents, inputs, self.groups, features // self.groups], self.op)
        for number, (axis, part) in enumerate(zip(self.axes, parts, strict=True)):
            phases = [self._phase(value, number, axis.elements(part, a)) for a in range(part.low, part.high)]
            value = stablehlo.concatenate(phases, len(mlir.shape_of(value)) - 1, self.op)
        shape = [*(part.taps for part in parts), inputs, math.prod(mlir.shape_of(value)[self.spatial + 1 :])]
        value = stablehlo.reshape(value, shape, self.op)
        known = Evaluator(self.graph).known(value)
        return value if known is None else materialise(self.graph, known, shape, "phases", self.op)

    def _phase(self, value: Value, axis: int, elements: tuple[int, int]) -> Value:
        """Every `step`-th element along a spatial dimension, and a dimension of 1 in front of the outputs."""
        shape = list(mlir.shape_of(value))
        start, limit, strides = [0] * len(shape), list(shape), [1] * len(shape)
        start[axis], limit[axis] = elements
        strides[axis] = self.axes[axis].step
        shape[axis] = -(-(limit[axis] - start[axis]) // strides[axis])
        chosen = stablehlo.slice_(value, start, limit, strides, self.op)
        return stablehlo.reshape(chosen, [*shape[:-1], 1, shape[-1]], self.op)
