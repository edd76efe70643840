"""Store large weights of products of few rows as fixed-point numbers of 24 bits, where no sum can tell.

    x @ w  ->  x @ columns(steps[p, c] * fixed[p, k, c])

Such a product takes as long as the reading of its weights, of which three bytes each are three quarters. They are
rounded to multiples of a step, a power of two, of which 23 bits reach to the largest of a column.

What that does to a result is like what rounding its sum does: errors at random, whose squares add up. With weights `w`
of a column wrong by `d`, and numbers `x` of any kind, the mean squares of the two are, by the length of `x`,

    |d|^2    and    |w|^2 * k / 2 * u^2

where `u`, about 0.4 * 2^-24, is that of one rounding and `k` the number of products that are added up one after the
other (N. Higham, T. Mary: A new approach to probabilistic rounding error analysis, 2019). So the first may be as large
as the second with a `k` of some hundred. Columns in which a few numbers are far larger than the others are not like
that, and their matrix stays as it is, as does what is not finite.

The graph says how the matrix is made of the bytes, so that it means the same to whoever does not know; the pass
`generate-kernels` does, and reads them as they lie, in panels (see `pack-weights`). Decision 0097.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from webtensorc_kernels import panels

from webtensorc.iree import mlir
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._stacks import only_product, rows_of, side_by_side, stacked

_LARGEST = (1 << (8 * panels.FIXED_BYTES - 1)) - 1
_ROUNDING = 0.4 * 2.0**-24
"""Of a sum in float32, relative to it: the root of the mean square."""
_SMALLEST = 2.0**-100
"""Steps from which on all that is computed with are normal numbers."""

_VALUE = """
func.func @value(%bytes: tensor<{bytes}xui8>, %steps: tensor<{steps}xf32>) -> tensor<{shape}xf32> {{
  %used = stablehlo.slice %bytes [0:{panels}, 0:{used}] : (tensor<{bytes}xui8>) -> tensor<{panels}x{used}xui8>
  %each = stablehlo.reshape %used : (tensor<{panels}x{used}xui8>) -> tensor<{shape}x3xui8>
  {places}
  %upper = stablehlo.add %part2, %part1 : tensor<{shape}xi32>
  %whole = stablehlo.add %upper, %part0 : tensor<{shape}xi32>
  %number = stablehlo.convert %whole : (tensor<{shape}xi32>) -> tensor<{shape}xf32>
  %step = stablehlo.broadcast_in_dim %steps, dims = [0, 2] : (tensor<{steps}xf32>) -> tensor<{shape}xf32>
  %weights = stablehlo.multiply %number, %step : tensor<{shape}xf32>
  return %weights : tensor<{shape}xf32>
}}
"""
_PLACE = """
  %slice{n} = stablehlo.slice %each [0:{panels}, 0:{rows}, 0:{width}, {n}:{next}]
      : (tensor<{shape}x3xui8>) -> tensor<{shape}x1xui8>
  %byte{n} = stablehlo.reshape %slice{n} : (tensor<{shape}x1xui8>) -> tensor<{shape}xui8>
  %wide{n} = stablehlo.convert %byte{n} : (tensor<{shape}xui8>) -> tensor<{shape}xi32>
  %shift{n} = stablehlo.constant dense<{bits}> : tensor<{shape}xi32>
  %part{n} = stablehlo.shift_left %wide{n}, %shift{n} : tensor<{shape}xi32>
"""
"""A byte of each number in its place in a word. The lowest byte of words is nothing: so the sign is that of words."""


@dataclass(frozen=True)
class FixedPointWeights(Pass):
    """Round weights of float32 that one product of static shape and few rows reads, and nothing else."""

    name: ClassVar[str] = "fixed-point-weights"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 94  # before `pack-weights`, which would take them as they are

    cached: int = 4 << 20
    """Bytes of all weights of a model up to which they may stay in caches near a core from call to call."""
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
                if weights.nbytes >= self.smallest and self._may_be_fixed(graph.weight_value(name)):
                    fixed = _fixed(stacked(weights), self.sums)
                    if fixed is not None:
                        _replace(graph, name, weights.shape, *fixed)
                        changes += 1
        return changes

    def _may_be_fixed(self, weights: Value) -> bool:
        """Whether weights of float32 are the second factor of one product of few rows, in more than one panel."""
        product = only_product(weights)
        if product is None or {mlir.dtype_of(each) for each in product.operands} != {np.dtype(np.float32)}:
            return False
        rows, columns = rows_of(product), mlir.shape_of(weights)[-1]
        return rows is not None and 0 < rows <= self.rows and columns > panels.WIDTH


def _fixed(stack: Array, sums: int) -> tuple[Array, Array] | None:
    """The bytes of each panel's weights, and its columns' steps; None if a column would be too wrong."""
    numbers, steps = np.empty(stack.shape, "<i4"), np.empty((len(stack), stack.shape[2]), np.float32)
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
        numbers[number] = np.where(whole == 0, np.sign(scaled), whole)  # infinity times a weight is no NaN
        steps[number] = step
    used = numbers.view(np.uint8).reshape(*stack.shape, 4)[..., : panels.FIXED_BYTES].reshape(len(stack), -1)
    return np.pad(used, ((0, 0), (0, panels.SLACK))), steps / (1 << 8)


def _step(largest: Array) -> Array | None:
    """For columns of which these are the largest absolute values, the smallest steps; 1 for nothing but zeros."""
    if not np.isfinite(largest).all():
        return None
    step = np.ldexp(np.float32(1), np.frexp(largest)[1] - (8 * panels.FIXED_BYTES - 1)).astype(np.float32)
    step = np.where(largest > _LARGEST * step, 2 * step, step)
    step = np.where(largest == 0, np.float32(1), step)
    return step if step.min() >= _SMALLEST else None


def _replace(graph: Graph, name: str, shape: tuple[int, ...], given: Array, steps: Array) -> None:
    """Let the one reader of a matrix read that which fixed-point numbers stand for."""
    (use,) = graph.weight_value(name).uses
    user = use.owner.operation
    values = [graph.add_weight(f"{name}.{part}", array) for part, array in (("fixed", given), ("steps", steps))]
    count, width = steps.shape
    sizes = {"panels": count, "rows": shape[0], "width": width, "shape": f"{count}x{shape[0]}x{width}"}
    places = "".join(_PLACE.format(n=n, next=n + 1, bits=8 * (n + 1), **sizes) for n in range(panels.FIXED_BYTES))
    used = shape[0] * width * panels.FIXED_BYTES
    kinds = {"bytes": "x".join(map(str, given.shape)), "steps": f"{count}x{width}"}
    (panelled,) = mlir.splice(_VALUE.format(used=used, places=places, **sizes, **kinds), values, before=user)
    user.operands[use.operand_number] = side_by_side(panelled, *shape, before=user)
