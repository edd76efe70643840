"""Lay images out with the channels innermost: `[b, f, 0, 1]` convolutions become `[b, 0, 1, f]`.

Channels-last convolutions are what the code generators vectorise well, and 1x1 convolutions become plain matrix
products. Every convolution is rewritten, with its weights transposed at compile time, and everything between the
convolutions follows, so that transpositions are left at the borders of the network only.

The pass walks the graph once and remembers for each value its channels-last twin. A twin of a tensor `[n, c..., s...]`
with `d` spatial dimensions `s` is `[n, s..., c...]`; `c...` is more than one dimension inside a channel shuffle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class ChannelsLast(Pass):
    """Propagate the channels-last layout from convolutions through the graph."""

    name: ClassVar[str] = "channels-last"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 50

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that were rewritten."""
        with Graph(module, context.weights) as graph:
            return _Rewriter(graph).run()


@dataclass(frozen=True)
class _Twin:
    """The channels-last form of a value.

    Attributes:
        value: the same elements, `[n, s..., c...]`.
        spatial: the number of spatial dimensions; 0 if `value` is in the old layout and can stand for the old value.
    """

    value: Value
    spatial: int


def _order(rank: int, spatial: int) -> tuple[int, ...]:
    """The permutation from `[n, c..., s...]` to `[n, s..., c...]`."""
    return (0, *range(rank - spatial, rank), *range(1, rank - spatial))


class _Rewriter:
    """One walk over the graph in program order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.twins: dict[Value, _Twin] = {}

    def run(self) -> int:
        rewritten: list[Operation] = []
        for op in self.graph.operations():
            rule = _RULES.get(op.name)
            if rule is None or not all(mlir.is_static_tensor(v) for v in (*op.operands, *op.results)):
                continue
            twin = rule(self, op)
            if twin is None:
                continue
            rewritten.append(op)
            if twin.spatial:
                self.twins[op.results[0]] = twin
            else:
                op.results[0].replace_all_uses_with(twin.value)
        return sum(self._retire(op) for op in reversed(rewritten))

    def _retire(self, op: Operation) -> bool:
        """Erase a rewritten operation; users that still want the old layout get it from the twin."""
        result = op.results[0]
        if mlir.users(result):
            twin = self.twins[result]
            if twin.value == op.operands[0]:
                return False  # the transposition that brings the old layout back
            order = _order(len(mlir.shape_of(result)), twin.spatial)
            result.replace_all_uses_with(_permute(twin.value, np.argsort(order).tolist(), op))
        op.erase()
        return True

    def spatial_of(self, op: Operation) -> int | None:
        """The number of spatial dimensions of the first operand that has a twin."""
        return next((self.twins[value].spatial for value in op.operands if value in self.twins), None)

    def twin_of(self, value: Value, spatial: int, before: Operation) -> Value:
        """The channels-last form of an operand, made if there is none yet."""
        twin = self.twins.get(value)
        if twin is not None and twin.spatial == spatial:
            return twin.value
        shape = mlir.shape_of(value)
        order = _order(len(shape), spatial)
        op = mlir.owner(value)
        if op is not None and op.name == "stablehlo.broadcast_in_dim":
            position = {old: new for new, old in enumerate(order)}
            dimensions = [position[i] for i in mlir.integers(op, "broadcast_dimensions")]
            return stablehlo.broadcast(op.operands[0], [shape[i] for i in order], dimensions, before)
        return _permute(value, order, before)


def _permute(value: Value, order: Sequence[int], before: Operation) -> Value:
    """A transposition, or the reshape that it is if only extents of 1 move."""
    shape = mlir.shape_of(value)
    moved = [i for i in order if shape[i] != 1]
    if moved == sorted(moved):
        return stablehlo.reshape(value, [shape[i] for i in order], before)
    return stablehlo.transpose(value, order, before)


def _convolution(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    layout = ConvolutionLayout.of(op)
    spatial = len(layout.output) - 2
    numbers = tuple(str(i) for i in range(spatial))
    if layout.input != ("b", "f", *numbers) or layout.output != layout.input:
        return None
    if not spatial or mlir.integer(op, "batch_group_count", 1) != 1:
        return None
    last = ConvolutionLayout.channels_last(spatial)
    image = rewriter.twin_of(op.operands[0], spatial, op)
    kernel = _kernel(rewriter.graph, op, [layout.kernel.index(each) for each in last.kernel])
    shape = [mlir.shape_of(op.results[0])[i] for i in _order(spatial + 2, spatial)]
    changes = {"dimension_numbers": last.attribute(op.context)}
    new = mlir.clone_with(op, [image, kernel], [stablehlo.typed(op.results[0], shape)], changes)
    return _Twin(new.results[0], spatial)


def _kernel(graph: Graph, op: Operation, order: Sequence[int]) -> Value:
    """The kernel transposed: at compile time if it is a weight."""
    value = op.operands[1]
    name = graph.weight_name(value)
    if name is None or not mlir.has_one_use(value):
        return stablehlo.transpose(value, order, op)
    graph.change_weight(value, np.ascontiguousarray(graph.weights[name].transpose(order)))
    return value


def _elementwise(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    spatial = rewriter.spatial_of(op)
    shape = mlir.shape_of(op.results[0])
    if spatial is None:
        return None
    scalars_ok = op.name in ("stablehlo.clamp", "stablehlo.select")
    operands = [
        value if scalars_ok and not mlir.shape_of(value) else rewriter.twin_of(value, spatial, op)
        for value in op.operands
    ]
    kind = stablehlo.typed(op.results[0], [shape[i] for i in _order(len(shape), spatial)])
    return _Twin(mlir.clone_with(op, operands, [kind], {}).results[0], spatial)


def _bitcast(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    """Elementwise between types of one width; between others it makes or takes a dimension."""
    same = mlir.shape_of(op.operands[0]) == mlir.shape_of(op.results[0])
    return _elementwise(rewriter, op) if same else None


def _permuted(op: Operation, names: Sequence[str], order: Sequence[int]) -> dict[str, Any]:
    """Attributes with one integer per dimension, in another order of the dimensions."""
    values = {name: mlir.integers(op, name) for name in names if name in op.attributes}
    return {name: mlir.integer_array([v[i] for i in order], op.context) for name, v in values.items()}


def _dimensionwise(*names: str) -> Callable[[_Rewriter, Operation], _Twin | None]:
    """A rule for operations with integers for each dimension; operands of rank 0 stay as they are."""

    def rule(rewriter: _Rewriter, op: Operation) -> _Twin | None:
        if op.operands[0] not in rewriter.twins or len(op.results) != 1:
            return None
        spatial = rewriter.twins[op.operands[0]].spatial
        shape = mlir.shape_of(op.results[0])
        order = _order(len(shape), spatial)
        changes = _permuted(op, names, order)
        if op.name == "stablehlo.reduce_window" and "padding" in op.attributes:
            changes["padding"] = mlir.dense(stablehlo.padding(op, len(shape))[list(order)], op.context)
        operands = [rewriter.twins[op.operands[0]].value, *list(op.operands)[1:]]
        kind = stablehlo.typed(op.results[0], [shape[i] for i in order])
        return _Twin(mlir.clone_with(op, operands, [kind], changes).results[0], spatial)

    return rule


def _concatenate(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    spatial = rewriter.spatial_of(op)
    if spatial is None:
        return None
    shape = mlir.shape_of(op.results[0])
    order = _order(len(shape), spatial)
    operands = [rewriter.twin_of(value, spatial, op) for value in op.operands]
    axis = order.index(op.attributes["dimension"].value)
    changes = {"dimension": mlir.integer_attribute(axis, op.context)}
    kind = stablehlo.typed(op.results[0], [shape[i] for i in order])
    return _Twin(mlir.clone_with(op, operands, [kind], changes).results[0], spatial)


def _reduce(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    """Reduce the twin. What is left has the order that it had, unless channels and positions are both left."""
    if len(op.results) != 1 or op.operands[0] not in rewriter.twins:
        return None
    twin = rewriter.twins[op.operands[0]]
    rank = len(mlir.shape_of(op.operands[0]))
    order = _order(rank, twin.spatial)
    gone = mlir.integers(op, "dimensions")
    kept = [i for i in order if i not in gone]
    if kept != sorted(kept):
        return None
    changes = {"dimensions": mlir.integer_array(sorted(order.index(i) for i in gone), op.context)}
    new = mlir.clone_with(op, [twin.value, op.operands[1]], [op.results[0].type], changes)
    return _Twin(new.results[0], 0)


def _reshape(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    """Reshapes that split or merge channels, and those of a single pixel, need no other layout."""
    twin = rewriter.twins.get(op.operands[0])
    if twin is None:
        return None
    old, new = mlir.shape_of(op.operands[0]), mlir.shape_of(op.results[0])
    spatial = twin.spatial
    if all(extent == 1 for extent in old[-spatial:]):
        return _Twin(stablehlo.reshape(twin.value, new, op), 0)
    if len(new) < spatial + 2 or old[0] != new[0] or old[-spatial:] != new[-spatial:]:
        return None
    shape = [new[i] for i in _order(len(new), spatial)]
    return _Twin(stablehlo.reshape(twin.value, shape, op), spatial)


def _transpose(rewriter: _Rewriter, op: Operation) -> _Twin | None:
    """A transposition into or out of channels-last cancels; one among the channels stays among them."""
    operand, permutation = op.operands[0], mlir.integers(op, "permutation")
    rank = len(permutation)
    twin = rewriter.twins.get(operand)
    if twin is None:
        if rank >= 3 and permutation == tuple(np.argsort(_order(rank, rank - 2))):
            return _Twin(operand, rank - 2)
        return None
    if permutation == _order(rank, twin.spatial):
        return _Twin(twin.value, 0)
    fixed = (0, *range(rank - twin.spatial, rank))
    if any(permutation[i] != i for i in fixed):
        return None
    order = _order(rank, twin.spatial)
    return _Twin(stablehlo.transpose(twin.value, [order.index(permutation[i]) for i in order], op), twin.spatial)


_UNARY = "abs cbrt ceil convert cosine exponential exponential_minus_one floor is_finite log log_plus_one logistic"
_UNARY += " negate not rsqrt round_nearest_afz round_nearest_even sign sine sqrt tan tanh"
_OTHERS = "add and atan2 clamp compare divide maximum minimum multiply or power remainder select subtract xor"

_RULES: dict[str, Callable[[_Rewriter, Operation], _Twin | None]] = {
    **{f"stablehlo.{name}": _elementwise for name in f"{_UNARY} {_OTHERS}".split()},
    "chlo.erf": _elementwise,
    "stablehlo.bitcast_convert": _bitcast,
    "stablehlo.concatenate": _concatenate,
    "stablehlo.convolution": _convolution,
    "stablehlo.pad": _dimensionwise("edge_padding_low", "edge_padding_high", "interior_padding"),
    "stablehlo.reduce": _reduce,
    "stablehlo.reduce_window": _dimensionwise(
        "window_dimensions", "window_strides", "base_dilations", "window_dilations"
    ),
    "stablehlo.reshape": _reshape,
    "stablehlo.slice": _dimensionwise("start_indices", "limit_indices", "strides"),
    "stablehlo.transpose": _transpose,
}
