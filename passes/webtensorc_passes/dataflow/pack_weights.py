"""Store the weights of matrix products in the order in which the kernels read them: panels of some columns.

    x @ w[k, n]  ->  x @ columns(panels)        panels[p, k, c], see `webtensorc_kernels.panels`

The graph says how the matrix is made of the panels (a transposition and two slices), so that it means the same as
before to whoever does not know panels; `generate-kernels` does, and reads them as they lie. Where a target has no such
kernel, the native compiler makes the matrix once, when the module is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from webtensorc_kernels import panels

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import DotLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class PackWeights(Pass):
    """Pack float32 matrices that are weights, read by one product of static shape and by nothing else."""

    name: ClassVar[str] = "pack-weights"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 95  # what computes with weights is done by now

    smallest: int = 32 << 10
    """Bytes from which on a matrix is packed; below, it stays in a first-level cache however it lies."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of matrices that were packed."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for name in list(graph.weights):
                value, matrix = graph.weight_value(name), graph.weights[name]
                if matrix.nbytes >= self.smallest and _has_panels(matrix) and _is_second_factor(value):
                    _pack(graph, value, matrix)
                    changes += 1
        return changes


def _has_panels(matrix: Array) -> bool:
    """Whether there is more than one; one is the matrix as it is."""
    return matrix.ndim == 2 and matrix.dtype == np.float32 and matrix.shape[1] > panels.WIDTH


def _is_second_factor(value: Value) -> bool:
    """Whether all that is done with a matrix `[k, n]` is one product with rows of `k` numbers."""
    uses = list(value.uses)
    if len(uses) != 1:
        return False
    op, index = uses[0].owner.operation, uses[0].operand_number
    if op.name == "stablehlo.while":
        return _is_second_factor_in_loop(op, index)
    return op.name == "stablehlo.dot_general" and index == 1 and _is_plain(op)


def _is_second_factor_in_loop(loop: Operation, index: int) -> bool:
    """The same for what a loop carries round unchanged, and nobody reads behind it."""
    condition, body = (region.blocks[0] for region in loop.regions)
    inside, last = body.arguments[index], body.operations[len(body.operations) - 1].operation
    if mlir.users(loop.results[index]) or mlir.users(condition.arguments[index]) or last.operands[index] != inside:
        return False
    uses = [use for use in inside.uses if use.owner.operation != last]
    if len(uses) != 1 or len(list(inside.uses)) != 2:
        return False
    op = uses[0].owner.operation
    return op.name == "stablehlo.dot_general" and uses[0].operand_number == 1 and _is_plain(op)


def _is_plain(product: Operation) -> bool:
    layout, rank = DotLayout.of(product), len(mlir.shape_of(product.operands[0]))
    return (
        (layout.left_batch, layout.left_contracting, layout.right_contracting) == ((), (rank - 1,), (0,))
        and mlir.is_static_tensor(product.operands[0])
        and {mlir.dtype_of(value) for value in (*product.operands, *product.results)} == {np.dtype(np.float32)}
    )


def _pack(graph: Graph, value: Value, matrix: Array) -> None:
    (use,) = value.uses
    starts = panels.starts(matrix.shape[1])
    graph.change_weight(value, np.stack([matrix[:, start : start + panels.WIDTH] for start in starts]))
    user = use.owner.operation
    user.operands[use.operand_number] = _columns(value, *matrix.shape, before=user)


def _columns(packed: Value, depth: int, columns: int, *, before: Operation) -> Value:
    """The matrix that panels were made of."""
    wide = len(panels.starts(columns)) * panels.WIDTH
    side_by_side = stablehlo.transpose(packed, (1, 0, 2), before)
    matrix = stablehlo.reshape(side_by_side, (depth, wide), before)
    if wide == columns:
        return matrix
    whole = wide - panels.WIDTH
    parts = [
        stablehlo.slice_(matrix, (0, first), (depth, beyond), (1, 1), before)
        for first, beyond in ((0, whole), (wide - (columns - whole), wide))
    ]
    return stablehlo.concatenate(parts, 1, before)
