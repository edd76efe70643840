"""Store large weights of products of few rows as fixed-point numbers of 24 bits, where no sum can tell.

    x @ w  ->  x @ columns(steps[p, c] * (256 * high[p, k, c] + low[p, k, c]))

Such a product takes as long as the reading of its weights, of which three bytes each are three quarters. They are
rounded to multiples of a step, a power of two, of which 23 bits reach to the largest of a column.

What that does to a result is like what rounding its sum does: errors at random, whose squares add up. With weights `w`
of a column wrong by `d`, and numbers `x` of any kind, the mean squares of the two are, by the length of `x`,

    |d|^2    and    |w|^2 * k / 2 * u^2

where `u`, about 0.4 * 2^-24, is that of one rounding and `k` the number of products that are added up one after the
other (N. Higham, T. Mary: A new approach to probabilistic rounding error analysis, 2019). So the first may be as large
as the second with a `k` of some hundred. Columns in which a few numbers are far larger than the others are not like
that, and their matrix stays as it is, as does what is not finite.

The graph says how the matrix is made of the three, so that it means the same to whoever does not know; the pass
`generate-kernels` does, and reads them as they lie, in panels (see `pack-weights`). Decision 0097.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from webtensorc_kernels import panels

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._stacks import rows_of, side_by_side, stacked

_BITS = 24
_LOW = panels.LOW_BITS
"""Of them those of the lower part, a signed byte."""
_LARGEST = (1 << (_BITS - 1)) - (1 << (_LOW - 1)) - 1
"""That the upper part, rounded to the nearest, has 16 bits for."""
_ROUNDING = 0.4 * 2.0**-24
"""Of a sum in float32, relative to it: the root of the mean square."""
_SMALLEST = 2.0**-100
"""Steps from which on all that is computed with are normal numbers."""

_VALUE = """
func.func @value(%high: tensor<{shape}xi16>, %low: tensor<{shape}xi8>, %steps: tensor<{steps}xf32>)
    -> tensor<{shape}xf32> {{
  %upper = stablehlo.convert %high : (tensor<{shape}xi16>) -> tensor<{shape}xi32>
  %lower = stablehlo.convert %low : (tensor<{shape}xi8>) -> tensor<{shape}xi32>
  %places = stablehlo.constant dense<{places}> : tensor<{shape}xi32>
  %shifted = stablehlo.shift_left %upper, %places : tensor<{shape}xi32>
  %whole = stablehlo.add %shifted, %lower : tensor<{shape}xi32>
  %number = stablehlo.convert %whole : (tensor<{shape}xi32>) -> tensor<{shape}xf32>
  %each = stablehlo.broadcast_in_dim %steps, dims = [0, 2] : (tensor<{steps}xf32>) -> tensor<{shape}xf32>
  %weights = stablehlo.multiply %number, %each : tensor<{shape}xf32>
  return %weights : tensor<{shape}xf32>
}}
"""


@dataclass(frozen=True)
class FixedPointWeights(Pass):
    """Round weights of float32 that one product of static shape and few rows reads, and nothing else."""

    name: ClassVar[str] = "fixed-point-weights"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 94  # before `pack-weights`, which would take them as they are

    cached: int = 32 << 20
    """Bytes of all weights of a model up to which they may stay in a cache from call to call, which is fast enough."""
    smallest: int = 1 << 20
    """Bytes of a matrix from which on it is taken."""
    rows: int = 4
    """Up to which a product is bound by the reading of its weights."""
    sums: int = 1024
    """Rounding weights may be as wrong as the rounding of sums over so many rows, or all there are."""

    def precise(self) -> None:
        """Nothing: operands are rounded."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of matrices that were rounded."""
        changes = 0
        if sum(weights.nbytes for weights in context.weights.values()) <= self.cached:
            return changes
        with Graph(module, context.weights) as graph:
            for name in list(graph.weights):
                weights = graph.weights[name]
                product = _only_product(graph.weight_value(name))
                if weights.dtype != np.float32 or weights.nbytes < self.smallest or product is None:
                    continue
                rows = rows_of(product)
                if weights.shape[1] <= panels.WIDTH or rows is None or not 0 < rows <= self.rows:
                    continue
                parts = _parts(stacked(weights), self.sums)
                if parts is not None:
                    _replace(graph, name, product, weights.shape, *parts)
                    changes += 1
        return changes


def _only_product(value: Value) -> Operation | None:
    """The only use of a matrix, if that is as the second factor of a product of float32."""
    uses = list(value.uses)
    if len(uses) != 1 or uses[0].operand_number != 1:
        return None
    op = uses[0].owner.operation
    is_product = op.name == "stablehlo.dot_general" and len(mlir.shape_of(value)) == 2
    return op if is_product and mlir.dtype_of(op.operands[0]) == np.float32 else None


def _parts(stack: Array, sums: int) -> tuple[Array, Array, Array] | None:
    """The two parts of the weights of each panel, and its columns' steps; None if a column would be too wrong."""
    high, low = np.empty(stack.shape, np.int16), np.empty(stack.shape, np.int8)
    steps = np.empty((len(stack), stack.shape[2]), np.float32)
    allowed = min(sums, stack.shape[1]) / 2 * _ROUNDING**2
    for number, panel in enumerate(stack):
        step = _step(np.abs(panel).max(axis=0))
        if step is None:
            return None
        scaled = panel / step
        whole = np.rint(scaled)
        wrong, weight = (np.square(each, dtype=np.float32).sum(axis=0) for each in (scaled - whole, scaled))
        if (wrong > allowed * weight).any():
            return None
        whole = np.where(whole == 0, np.sign(scaled), whole).astype(np.int32)  # infinity times a weight is no NaN
        high[number] = (whole + (1 << (_LOW - 1))) >> _LOW
        low[number] = whole - (high[number].astype(np.int32) << _LOW)
        steps[number] = step
    return high, low, steps


def _step(largest: Array) -> Array | None:
    """For columns of which these are the largest absolute values, the smallest steps; 1 for nothing but zeros."""
    if not np.isfinite(largest).all():
        return None
    step = np.ldexp(np.float32(1), np.frexp(largest)[1] - (_BITS - 1)).astype(np.float32)
    step = np.where(largest > _LARGEST * step, 2 * step, step)
    step = np.where(largest == 0, np.float32(1), step)
    return step if step.min() >= _SMALLEST else None


def _replace(graph: Graph, name: str, product: Operation, shape: tuple[int, ...], *parts: Array) -> None:
    """Let a product read the matrix that the parts are made of."""
    values = [graph.add_weight(f"{name}.{part}", array) for part, array in zip(_NAMES, parts, strict=True)]
    text = _VALUE.format(
        shape="x".join(map(str, parts[0].shape)), steps="x".join(map(str, parts[2].shape)), places=_LOW
    )
    (panelled,) = mlir.splice(text, values, before=product)
    product.operands[1] = side_by_side(panelled, *shape, before=product)


_NAMES = ("high", "low", "steps")
"""What the parts of weights are called, behind the weights' own name."""
