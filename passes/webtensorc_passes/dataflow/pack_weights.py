"""Store the weights of matrix products in the order in which the kernels read them: panels of some columns.

    x @ w[k, n]  ->  x @ columns(panels)        panels[p, k, c], see `webtensorc_kernels.panels`

So are those of convolutions, but for 3x3 windows that Winograd's algorithm may compute. Bytes come four rows together:
a word of an instruction for products of bytes.

The graph says how the matrix is made of the panels (a transposition and two slices), so that it means the same as
before to whoever does not know panels; `generate-kernels` does, and reads them as they lie. Where a target has no such
kernel, the native compiler makes the matrix once, when the module is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from webtensorc_kernels import panels
from webtensorc_kernels.toom_cook import ALGORITHMS

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._stacks import only_product, rows_of, side_by_side, stacked

_BYTES, _FLOATS = ["int8", "int8", "int32"], ["float32"] * 3
_HALVES = [[half, half, "float32"] for half in ("float16", "bfloat16")]
_FEWEST_ROWS = 8
"""From which on processors multiply 16-bit floats by kernels (`widen-halves`)."""
_FEW_TILES = 4
"""Of Winograd's algorithm: with no more of them the time goes into its weights, four times as many."""


@dataclass(frozen=True)
class PackWeights(Pass):
    """Pack weights that one product or direct convolution of static shape reads, and nothing else."""

    name: ClassVar[str] = "pack-weights"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 95  # what computes with weights is done by now

    smallest: int = 32 << 10
    """Bytes, as float32, from which on floats are packed; below, they stay in a first-level cache however they lie."""

    smallest_words: int = 1 << 10
    """The same for int8: words save workgroups from packing for themselves, however small a matrix is."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of matrices that were packed."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for name in list(graph.weights):
                value, matrix = graph.weight_value(name), graph.weights[name]
                is_large = (
                    matrix.nbytes >= self.smallest_words
                    if matrix.dtype == np.int8
                    else 4 * matrix.size >= self.smallest
                )
                if is_large and _has_panels(matrix) and _is_second_factor(value):
                    _pack(graph, value, matrix)
                    changes += 1
        return changes


def _has_panels(weights: Array) -> bool:
    """Whether there is more than one panel (one is the matrix as it is), or whole words of bytes."""
    if weights.ndim not in (2, 4):
        return False
    if weights.dtype == np.int8:
        return bool(weights.shape[-1] >= panels.WIDTH and weights.shape[-2] % panels.TOGETHER == 0)
    return weights.dtype.name in ("float32", "float16", "bfloat16") and weights.shape[-1] > panels.WIDTH


def _is_second_factor(value: Value) -> bool:
    """Whether all that is done with a matrix `[k, n]` is one product with rows of `k` numbers."""
    users = mlir.users(value)
    if len(users) == 1 and users[0].name == "stablehlo.convolution":
        return bool(users[0].operands[1] == value) and _is_direct(users[0])
    product = only_product(value)
    return product is not None and _is_plain(product)


def _is_plain(product: Operation) -> bool:
    rows = rows_of(product)
    return rows is not None and _has_kernels(product, rows)


def _is_direct(convolution: Operation) -> bool:
    """Whether every target computes a convolution directly: Winograd's algorithm takes weights in another order."""
    layout, shape = ConvolutionLayout.of(convolution), mlir.shape_of(convolution.results[0])
    types, kernel = _types(convolution), mlir.shape_of(convolution.operands[1])
    return (
        layout.kernel == ("0", "1", "i", "o")
        and mlir.integer(convolution, "feature_group_count", 1) == 1
        and mlir.integer(convolution, "batch_group_count", 1) == 1
        and mlir.is_static_tensor(convolution.operands[0])
        and _has_kernels(convolution, math.prod(shape[layout.output.index(each)] for each in ("b", "0", "1")))
        and (types == _BYTES or kernel[:2] != (3, 3) or _has_steps(convolution) or _has_few_tiles(convolution))
    )


def _has_steps(convolution: Operation) -> bool:
    steps = (*mlir.integers(convolution, "window_strides"), *mlir.integers(convolution, "rhs_dilation"))
    return any(step != 1 for step in steps)


def _has_few_tiles(convolution: Operation) -> bool:
    """Whether a result is so small that to transform weights for it would not pay."""
    layout, shape = ConvolutionLayout.of(convolution), mlir.shape_of(convolution.results[0])
    return math.prod(-(-shape[layout.output.index(each)] // max(ALGORITHMS)) for each in ("b", "0", "1")) <= _FEW_TILES


def _has_kernels(op: Operation, rows: int) -> bool:
    """Whether processors have kernels for numbers of these types and so many points."""
    types = _types(op)
    return types in (_FLOATS, _BYTES) or (types in _HALVES and rows >= _FEWEST_ROWS)


def _types(op: Operation) -> list[str]:
    return [mlir.dtype_of(value).name for value in (*op.operands, *op.results)]


def _pack(graph: Graph, value: Value, weights: Array) -> None:
    (use,) = value.uses
    columns = weights.shape[-1]
    matrix = weights.reshape(-1, columns)
    packed = stacked(matrix)
    if weights.dtype == np.int8:
        words = packed.reshape(len(packed), -1, panels.TOGETHER, panels.WIDTH)
        packed = np.ascontiguousarray(words.transpose(0, 1, 3, 2))
    graph.change_weight(value, packed)
    user = use.owner.operation
    made = side_by_side(value, *matrix.shape, before=user)
    user.operands[use.operand_number] = made if weights.ndim == 2 else stablehlo.reshape(made, weights.shape, user)
