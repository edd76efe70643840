"""Leave quantised numbers the integers that they are where nothing is done to them but to compare or quantise them.

    max over a window of s (q - z)      ->   s (max over the window of q - z)             s > 0
    quantise by s and z of s (q - z)    ->   q

Both are exact: s (q - z) / s is nearer to q - z than to any other integer. Quantised models have such pairs around
whatever only moves or chooses elements, as ONNX Runtime writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.fusion._quantised import Quantised

_SCALES = 1e-30, 1e30
"""Between these a scale times a difference of integers is neither zero nor infinite."""


@dataclass(frozen=True)
class StayQuantised(Pass):
    """Take maxima of integers, and leave out dequantisations that are quantised again alike."""

    name: ClassVar[str] = "stay-quantised"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 13
    """Behind what inlines calls; ahead of `signless-windows` and of what computes with integers."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of maxima and quantisations that were changed."""
        changes = 0
        with Graph(module, context.weights) as graph:
            evaluator = Evaluator(graph)
            for op in graph.operations():
                rule = _RULES.get(op.name)
                found = rule(evaluator, op) if rule else None
                if found is not None:
                    mlir.replace(op, [found])
                    evaluator = Evaluator(graph)
                    changes += 1
        return changes


def _maximum(evaluator: Evaluator, op: Operation) -> Value | None:
    """What a reduction of windows gives that is the maximum of dequantised numbers."""
    if len(op.results) != 1 or not mlir.is_static_tensor(op.results[0]) or not _folds_by_maximum(evaluator, op):
        return None
    given = _of_bytes(evaluator, op.operands[0])
    if given is None or given.movements or not _meet_elements(op):
        return None
    source, before = given.source, op
    kind, dtype = mlir.shape_of(op.results[0]), mlir.dtype_of(source)
    least = stablehlo.constant(np.array(np.iinfo(dtype).min, dtype), before)
    made = mlir.clone_with(op, [source, least], [stablehlo.typed(source, kind)], {})
    block = made.regions[0].blocks[0]
    for argument in block.arguments:
        argument.set_type(least.type)
    block.operations[0].operation.results[0].set_type(least.type)
    return _dequantised(made.results[0], given, before)


def _folds_by_maximum(evaluator: Evaluator, op: Operation) -> bool:
    """Whether windows of float32 are reduced to their maximum, or -inf if they had no element."""
    initial = evaluator.known(op.operands[1])
    body = [each.operation for each in op.regions[0].blocks[0].operations]
    return (
        mlir.dtype_of(op.results[0]) == np.float32
        and initial is not None
        and bool((initial.array == -np.inf).all())
        and [each.name for each in body] == ["stablehlo.maximum", "stablehlo.return"]
        and set(body[0].operands) == set(op.regions[0].blocks[0].arguments)
    )


def _meet_elements(op: Operation) -> bool:
    """Whether each window has an element inside of the padding."""
    rank = len(mlir.shape_of(op.operands[0]))
    ones, window = [1] * rank, np.array(mlir.integers(op, "window_dimensions"))
    dilated = [mlir.integers(op, name, ones) for name in ("base_dilations", "window_dilations")]
    return all(each == tuple(ones) for each in dilated) and bool((window > stablehlo.padding(op, rank).T).all())


def _dequantised(integers: Value, like: Quantised, before: Operation) -> Value:
    """`s (q - z)` as DequantizeLinear is written."""
    shape = mlir.shape_of(integers)
    wide, real = (mlir.tensor_type(shape, np.dtype(kind), before.context) for kind in (np.int32, np.float32))
    value = mlir.create("stablehlo.convert", [integers], [wide], before=before).result
    zero = stablehlo.constant(like.zero.reshape(()).astype(np.int32), before)
    value = stablehlo.binary("stablehlo.subtract", value, stablehlo.broadcast(zero, shape, [], before), before)
    value = mlir.create("stablehlo.convert", [value], [real], before=before).result
    scale = stablehlo.constant(like.scale.array.reshape(()).astype(np.float32), before)
    return stablehlo.binary("stablehlo.multiply", value, stablehlo.broadcast(scale, shape, [], before), before)


def _requantised(evaluator: Evaluator, op: Operation) -> Value | None:
    """The integers that a conversion to integers gives which ends a quantisation of what was made of these."""
    if not mlir.is_static_tensor(op.results[0]) or mlir.dtype_of(op.results[0]) not in (np.int8, np.uint8):
        return None
    limits = np.iinfo(mlir.dtype_of(op.results[0]))
    chain = _Chain(evaluator, op)
    chain.step("stablehlo.convert")
    high = chain.step("stablehlo.minimum")
    low = chain.bounded_below()
    zero = chain.step("stablehlo.add", np.float32(0))
    chain.step("stablehlo.round_nearest_even")
    scale = chain.step("stablehlo.divide")
    given = _of_bytes(evaluator, chain.value) if chain.value is not None else None
    if given is None or mlir.dtype_of(given.source) != mlir.dtype_of(op.results[0]):
        return None
    wanted = (high, limits.max), (low, limits.min), (zero, given.zero), (scale, given.scale.array)
    if any(found is None or (found != value).any() for found, value in wanted):
        return None
    return given.moved(given.source, op)


@dataclass
class _Chain:
    """Operations one behind the other, gone through from the last one on; `value` is None where they are others."""

    evaluator: Evaluator
    last: Operation

    def __post_init__(self) -> None:
        self.value: Value | None = self.last.operands[0]

    def step(self, name: str, otherwise: Any = None) -> Array | None:
        """Go on to the first operand of an operation; returns the second one, if there is one that is known.

        An operation that is not there does nothing if there is a number that it would have been `otherwise`.
        """
        op = mlir.owner(self.value) if self.value is not None else None
        if op is None or op.name != name:
            self.value = self.value if otherwise is not None else None
            return None if otherwise is None else np.asarray(otherwise)
        self.value = op.operands[0]
        known = self.evaluator.known(op.operands[1]) if len(op.operands) > 1 else None
        return None if known is None else known.array

    def bounded_below(self) -> Array | None:
        """The same for `x >= low ? x : low`."""
        op = mlir.owner(self.value) if self.value is not None else None
        test = mlir.owner(op.operands[0]) if op is not None and op.name == "stablehlo.select" else None
        self.value = None
        if op is None or test is None or test.name != "stablehlo.compare" or "GE" not in str(test):
            return None
        low = [self.evaluator.known(each) for each in (op.operands[2], test.operands[1])]
        if op.operands[1] != test.operands[0] or None in low or not _equal(*low):
            return None
        self.value = op.operands[1]
        return low[0].array if low[0] else None


def _equal(a: Known | None, b: Known | None) -> bool:
    return a is not None and b is not None and np.array_equal(a.array, b.array)


def _of_bytes(evaluator: Evaluator, value: Value) -> Quantised | None:
    """The parts of a tensor of float32 that is made of bytes, with one scale, which is positive, and one zero point."""
    if not mlir.is_static_tensor(value) or mlir.dtype_of(value) != np.float32:
        return None
    found = Quantised.of(evaluator, value)
    if found is None or found.is_wide or found.scale.array.size != 1 or found.zero.size != 1:
        return None
    least, most = _SCALES
    return found if (found.scale.array >= least).all() and (found.scale.array <= most).all() else None


_RULES = {"stablehlo.reduce_window": _maximum, "stablehlo.convert": _requantised}
