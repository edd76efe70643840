"""Merge matrix products of one operand with several weights into one product with the weights side by side.

    x @ A, x @ B, x @ C  ->  slices of  x @ [A B C]

The weights are concatenated at compile time. Biases, activations, reshapes and transpositions that follow all of the
products alike are merged too, so that they stay next to the product and in front of the slices. Typical places: the
query, key and value projections of attention, the parallel 1x1 convolutions of an inception block, gates of a recurrent
cell."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_MANY_ROWS = 256
"""Beyond, a product of integers stays alone: its kernel ends in bytes, which cannot be read out of wider rows."""
_UNARY = {f"stablehlo.{name}" for name in ("abs", "convert", "exponential", "logistic", "negate", "tanh")}
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
    if mlir.dtype_of(op.results[0]).kind == "i" and math.prod(mlir.shape_of(op.results[0])[:-1]) > _MANY_ROWS:
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
    weight = graph.add_weight(
        f"{names[0]}.merged", np.concatenate([graph.weights[name] for name in names], axis)
    )  # one name only: with many products a joined name would grow without bound
    merged = stablehlo.dot(first.operands[0], weight, layout, first, like=first)
    members, axis = list(products), len(mlir.shape_of(merged)) - 1
    evaluator = Evaluator(graph)
    while (step := _common_step(evaluator, members, axis)) is not None:
        members, axis = step.members, step.axis
        merged = _apply_step(graph, evaluator, step, merged, first)
    _slice_apart(merged, members, axis, first)


@dataclass(frozen=True)
class _Step:
    """The same operation after each of the products.

    Attributes:
        members: the operations, one per product.
        axis: the dimension of their results along which the merged product holds them one after the other.
    """

    members: list[Operation]
    axis: int

    def merged_shape(self) -> list[int]:
        """The shape of the one operation that replaces them."""
        shapes = [mlir.shape_of(op.results[0]) for op in self.members]
        return [sum(s[i] for s in shapes) if i == self.axis else extent for i, extent in enumerate(shapes[0])]


def _common_step(evaluator: Evaluator, members: Sequence[Operation], axis: int) -> _Step | None:
    """What all members' only users have in common, if it can be done on the merged product; else None."""
    uses = [mlir.users(op.results[0]) for op in members]
    if any(len(each) != 1 for each in uses):
        return None
    steps = [each[0] for each in uses]
    name = steps[0].name
    if len(set(steps)) != len(steps) or any(step.name != name or len(step.results) != 1 for step in steps):
        return None
    if name in _UNARY:
        return _Step(steps, axis) if len({mlir.dtype_of(step.results[0]) for step in steps}) == 1 else None
    if name == "stablehlo.reshape":
        place = _axis_after_reshape(members, steps, axis)
        return None if place is None else _Step(steps, place)
    if name == "stablehlo.transpose":
        permutations = {mlir.integers(step, "permutation") for step in steps}
        return _Step(steps, permutations.pop().index(axis)) if len(permutations) == 1 else None
    if name not in _BINARY:
        return None
    positions = {_position(step, member) for step, member in zip(steps, members, strict=True)}
    position = positions.pop()
    known = [evaluator.known(step.operands[1 - position]) for step in steps]
    return _Step(steps, axis) if not positions and all(each is not None for each in known) else None


def _position(step: Operation, member: Operation) -> int:
    return list(step.operands).index(member.results[0])


def _axis_after_reshape(members: Sequence[Operation], steps: Sequence[Operation], axis: int) -> int | None:
    """Where a reshape takes the dimension along which the products lie: whatever is in front of it stays in front."""
    in_front = math.prod(mlir.shape_of(members[0].results[0])[:axis])
    shapes = [mlir.shape_of(step.results[0]) for step in steps]
    if len({len(shape) for shape in shapes}) > 1:
        return None
    for place in range(len(shapes[0])):
        others = {(*shape[:place], *shape[place + 1 :]) for shape in shapes}
        if len(others) == 1 and math.prod(shapes[0][:place]) == in_front and shapes[0][place] != 1:
            return place
    return None


def _apply_step(graph: Graph, evaluator: Evaluator, step: _Step, value: Value, at: Operation) -> Value:
    op, shape = step.members[0], step.merged_shape()
    if op.name == "stablehlo.reshape":
        return stablehlo.reshape(value, shape, at)
    if op.name == "stablehlo.transpose":
        return stablehlo.transpose(value, mlir.integers(op, "permutation"), at)
    kind = stablehlo.typed(op.results[0], shape)
    if op.name in _UNARY:
        return mlir.create(op.name, [value], [kind], before=at).result
    position = 0 if evaluator.known(op.operands[0]) is None else 1
    other = _joined(evaluator, [each.operands[1 - position] for each in step.members], step.axis)
    operands = [value, materialise(graph, other, shape, "merged", at)]
    return mlir.create(op.name, operands[:: 1 - 2 * position], [kind], before=at).result


def _joined(evaluator: Evaluator, values: Sequence[Value], axis: int) -> Known:
    """Known operands one after the other along `axis`, still in broadcast form."""
    parts = [known for value in values if (known := evaluator.known(value)) is not None]
    common = list(np.broadcast_shapes(*[(*p.array.shape[:axis], 1, *p.array.shape[axis + 1 :]) for p in parts]))
    arrays = []
    for part, value in zip(parts, values, strict=True):
        common[axis] = mlir.shape_of(value)[axis]
        arrays.append(np.broadcast_to(part.array, common))
    joined = np.concatenate(arrays, axis)
    if _is_uniform(joined):
        joined = joined.reshape(-1)[:1].reshape([1] * joined.ndim)
    return Known(joined, tuple(dict.fromkeys(name for part in parts for name in part.weights)))


def _is_uniform(array: np.ndarray[Any, Any]) -> bool:
    """Whether all elements have the same bits; 0 and -0 compare equal and are not the same."""
    rows = np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8)
    return bool((rows == rows[0]).all())


def _slice_apart(merged: Value, members: Sequence[Operation], axis: int, at: Operation) -> None:
    shape = mlir.shape_of(merged)
    start, limit = [0] * len(shape), list(shape)
    limit[axis] = 0
    for op in members:
        start[axis], limit[axis] = limit[axis], limit[axis] + mlir.shape_of(op.results[0])[axis]
        op.results[0].replace_all_uses_with(stablehlo.slice_(merged, start, limit, [1] * len(shape), at))
    for op in members:
        mlir.erase_with_producers(op)
