"""Compute the same thing once: equal weights become one weight, equal operations on equal operands one operation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_NOT_A_FUNCTION = {"stablehlo.rng", "stablehlo.custom_call", "stablehlo.infeed", "stablehlo.recv"}


@dataclass(frozen=True)
class MergeDuplicates(Pass):
    """Common subexpression elimination on `main`, weights included. Operations with regions are left alone."""

    name: ClassVar[str] = "merge-duplicates"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 20

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of weights and operations that are gone."""
        with Graph(module, context.weights) as graph:
            return _merge_weights(graph) + _merge_operations(graph)


def _merge_weights(graph: Graph) -> int:
    """Unify weights with equal bytes; the first one's name stays."""
    alike: dict[Hashable, list[str]] = {}
    gone: list[tuple[str, str]] = []
    for name, array in graph.weights.items():
        ends = array.reshape(-1)[:16].tobytes(), array.reshape(-1)[-16:].tobytes()  # enough to tell most apart
        same = alike.setdefault((array.shape, array.dtype.str, ends), [])
        keeper = next((each for each in same if _equal_bytes(graph.weights[each], array)), None)
        if keeper is None:
            same.append(name)
        else:
            gone.append((name, keeper))
    for name, keeper in gone:
        graph.weight_value(name).replace_all_uses_with(graph.weight_value(keeper))
        graph.remove_weight(name)
    return len(gone)


def _equal_bytes(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Bitwise, so that -0.0 and 0.0 differ and NaN equals itself."""
    return np.array_equal(np.ascontiguousarray(a).view(np.uint8), np.ascontiguousarray(b).view(np.uint8))


def _merge_operations(graph: Graph) -> int:
    first: dict[Hashable, Operation] = {}
    changes = 0
    for op in graph.operations():
        if not op.results or len(op.regions) or op.name in _NOT_A_FUNCTION:
            continue
        keeper: Operation = first.setdefault(_key(op), op)
        if keeper is not op:
            mlir.replace(op, list(keeper.results))
            changes += 1
    return changes


def _key(op: Operation) -> Hashable:
    attributes = tuple((name, mlir.comparable(op, name)) for name in sorted(mlir.attribute_names(op)))
    return op.name, tuple(op.operands), tuple(result.type for result in op.results), attributes
