"""Merge matrix products of one operand with several weights into one product with the weights side by side.

    x @ A, x @ B, x @ C  ->  slices of  x @ [A B C]

The weights are concatenated at compile time. Biases, activations and reshapes that follow all of the products alike are
merged too, so that they stay next to the product and in front of the slices. Typical places: the query, key and value
projections of attention, the parallel 1x1 convolutions of an inception block, gates of a recurrent cell.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_UNARY = {f"stablehlo.{name}" for name in ("abs", "exponential", "logistic", "negate", "tanh")}
_BINARY = {f"stablehlo.{name}" for name in ("add", "divide", "maximum", "minimum", "multiply", "subtract")}


@dataclass(frozen=True)
class MergeMatmuls(Pass):
    """Horizontal merging of `dot_general` on the same operand, the other operands being weights."""

    name: ClassVar[str] = "merge-matmuls"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 60

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that are gone."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for products in _groups(graph):
                _merge(graph, products)
                changes += len(products) - 1
        return changes


def _groups(graph: Graph) -> Iterator[list[Operation]]:
    """Lists of two or more products that can become one, in program order."""
    groups: dict[Hashable, list[Operation]] = {}
    for op in graph.operations():
        if op.name == "stablehlo.dot_general" and (key := _key(graph, op)) is not None:
            groups.setdefault(key, []).append(op)
    yield from (group for group in groups.values() if len(group) > 1)


def _key(graph: Graph, op: Operation) -> Hashable | None:
    """What products must have in common; None if this one cannot be merged with any."""
    left, right = op.operands
    if graph.weight_name(right) is None or not mlir.has_one_use(right):
        return None
    if not all(mlir.is_static_tensor(value) for value in (left, right, op.results[0])):
        return None
    layout = DotLayout.of(op)
    free = layout.right_free(len(mlir.shape_of(right)))
    if len(free) != 1 or layout.right_batch:
        return None
    rest = tuple(extent for i, extent in enumerate(mlir.shape_of(right)) if i != free[0])
    reshape = mlir.owner(left)
    source = reshape.operands[0] if reshape is not None and reshape.name == "stablehlo.reshape" else left
    precision = str(op.attributes["precision_config"]) if "precision_config" in op.attributes else ""
    types = mlir.dtype_of(right), mlir.dtype_of(op.results[0])
    return source, mlir.shape_of(left), layout, free, rest, precision, types


def _merge(graph: Graph, products: Sequence[Operation]) -> None:
    first = products[0]
    layout = DotLayout.of(first)
    names = [graph.weight_name(op.operands[1]) or "" for op in products]
    axis = layout.right_free(graph.weights[names[0]].ndim)[0]
    extents = [graph.weights[name].shape[axis] for name in names]
    weight = graph.add_weight(
        f"{names[0]}.merged", np.concatenate([graph.weights[name] for name in names], axis)
    )  # one name only: with many products a joined name would grow without bound
    merged = stablehlo.dot(first.operands[0], weight, layout, first, like=first)
    members = list(products)
    evaluator = Evaluator(graph)
    while (following := _common_step(evaluator, members)) is not None:
        merged = _apply_step(graph, evaluator, following, merged, extents, first)
        members = following
    _slice_apart(merged, members, extents, first)


def _common_step(evaluator: Evaluator, members: Sequence[Operation]) -> list[Operation] | None:
    """The only users of all members if they do the same thing, each channel for itself; else None."""
    uses = [mlir.users(op.results[0]) for op in members]
    if any(len(each) != 1 for each in uses):
        return None
    steps = [each[0] for each in uses]
    name = steps[0].name
    if any(step.name != name or len(step.results) != 1 for step in steps):
        return None
    if name in _UNARY:
        return steps
    if name == "stablehlo.reshape":
        shapes = [mlir.shape_of(step.results[0]) for step in steps]
        heads = {shape[:-1] for shape in shapes if shape}
        keep = all(s and s[-1] == mlir.shape_of(m.results[0])[-1] for s, m in zip(shapes, members, strict=True))
        return steps if len(heads) == 1 and keep else None
    if name not in _BINARY:
        return None
    positions = {list(s.operands).index(m.results[0]) for s, m in zip(steps, members, strict=True)}
    others = [_per_channel(evaluator, s.operands[1 - p]) for s in steps for p in positions]
    return steps if len(positions) == 1 and all(each is not None for each in others) else None


def _per_channel(evaluator: Evaluator, value: Value) -> Array | None:
    """The channels of a known value that is the same along all other dimensions, or None."""
    known = evaluator.known(value)
    if known is None or known.array.ndim == 0 or known.array.size != known.array.shape[-1]:
        return None
    return np.broadcast_to(known.array.reshape(-1), mlir.shape_of(value)[-1:])


def _apply_step(
    graph: Graph, evaluator: Evaluator, steps: Sequence[Operation], value: Value, extents: Sequence[int], at: Operation
) -> Value:
    step, channels = steps[0], sum(extents)
    shape = (*mlir.shape_of(step.results[0])[:-1], channels)
    if step.name == "stablehlo.reshape":
        return stablehlo.reshape(value, shape, at)
    kind = stablehlo.typed(step.results[0], shape)
    if step.name in _UNARY:
        return mlir.create(step.name, [value], [kind], before=at).result
    producers = [mlir.owner(operand) for operand in step.operands]
    position = next(i for i, p in enumerate(producers) if evaluator.known(step.operands[i]) is None)
    others = [each.operands[1 - position] for each in steps]
    vectors = [_per_channel(evaluator, other) for other in others]
    joined = np.concatenate([each for each in vectors if each is not None])
    if (joined == joined[0]).all():
        other = stablehlo.broadcast(stablehlo.constant(joined[:1].reshape(()), at), shape, [], at)
    else:
        known = evaluator.known(others[0])
        base = known.weights[0] if known is not None and known.weights else "constant"
        other = stablehlo.broadcast(graph.add_weight(f"{base}.merged", joined), shape, [len(shape) - 1], at)
    operands = [value, other] if position == 0 else [other, value]
    return mlir.create(step.name, operands, [kind], before=at).result


def _slice_apart(merged: Value, members: Sequence[Operation], extents: Sequence[int], at: Operation) -> None:
    shape = mlir.shape_of(merged)
    low = [0] * len(shape)
    stop = 0
    for op, extent in zip(members, extents, strict=True):
        start, stop = stop, stop + extent
        part = stablehlo.slice_(merged, [*low[:-1], start], [*shape[:-1], stop], [1] * len(shape), at)
        op.results[0].replace_all_uses_with(part)
    for op in members:
        mlir.erase_with_producers(op)
