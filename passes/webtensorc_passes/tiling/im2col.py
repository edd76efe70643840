"""Compute convolutions as products with the rows that windows show, where nothing in particular is known of a GPU.

    convolution(image, weights)  ->  product(rows, weights), rows[point, place in window, channel] = image[...]

The native compiler (IREE 3.13) has vectors and tiles for products. For any other window than 1x1 each invocation adds
up one result, number by number, of an image and weights that it reads from global memory. The rows are a copy of the
image for each place in the window (K. Chellapilla, S. Puri and P. Simard, High performance convolutional neural
networks for document processing, 2006): where a result has few channels they cost more than they save, and where they
are more than every device takes as one buffer the convolution stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._structured import Linear, element, linear_maps

_FEWEST_COLUMNS = 16
"""Results that a row has to be read for. The copy is written and read once, and saves a read for each but one."""
_MOST_BYTES = 1 << 27
"""Of the rows: what the smallest `maxStorageBufferRange` holds (Vulkan 1.1, "Required Limits")."""
_BYTES = {"f16": 2, "f32": 4, "f64": 8}
"""Of the types that products have vectors of."""


@dataclass(frozen=True)
class Im2col(Pass):
    """Copy what the windows of convolutions of floats show, and multiply that with the weights."""

    name: ClassVar[str] = "im2col"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of convolutions that are products now."""
        if context.target is None or not context.target.workgroup_memory:
            return 0
        found = [each for op in mlir.nested(module) if (each := _Convolution.of(op))]
        for each in found:
            each.replace()
        return len(found)


@dataclass(frozen=True)
class _Convolution:
    """`result[points, columns] += image[...] * weights[summed, columns]`, loops being named by their numbers.

    Attributes:
        shown: the loops that index each dimension of the image.
        points: those that index the image and the result.
        summed: the others that index the image.
        trips: of the loops.
    """

    op: Operation
    shown: list[Linear]
    points: list[int]
    summed: list[int]
    trips: list[int]

    @classmethod
    def of(cls, op: Operation) -> _Convolution | None:
        """The convolution that an operation is, if it is to become a product."""
        if not op.name.startswith("linalg.") or len(op.operands) != 3 or not _adds_products(op):
            return None
        maps = linear_maps(op)
        if len(maps) != 3 or not any(len(index) > 1 for index in maps[0]):
            return None
        shown = {loop for index in maps[0] for loop in index}
        weights, result = ([loop for index in map_ for loop in index] for map_ in maps[1:])
        points = [loop for loop in result if loop in shown]
        columns = [loop for loop in result if loop not in shown]
        summed = [loop for loop in weights if loop not in result]
        if result != points + columns or weights != summed + columns or shown != {*points, *summed}:
            return None  # its channels are not innermost, or divided into groups
        sizes = dict(zip(weights + result, mlir.shape_of(op.operands[1]) + mlir.shape_of(op.operands[2]), strict=True))
        made = cls(op, maps[0], points, summed, [sizes[loop] for loop in sorted(sizes)])
        is_small = prod(made._sizes(points + summed)) * _BYTES[element(op.operands[0])] <= _MOST_BYTES
        return made if is_small and prod(made._sizes(columns)) >= _FEWEST_COLUMNS else None

    def replace(self) -> None:
        """Put the rows and the product where the convolution was."""
        image, weights, result = self.op.operands
        loops, number = self.points + self.summed, element(image)
        shown = [{loops.index(loop): factor for loop, factor in index.items()} for index in self.shown]
        place = [{at: 1} for at in range(len(loops))]
        rows, points, depth = self._sizes(loops), prod(self._sizes(self.points)), prod(self._sizes(self.summed))
        columns = prod(mlir.shape_of(result)) // points
        as_rows, as_matrix = f"tensor<{'x'.join(map(str, rows))}x{number}>", f"tensor<{points}x{depth}x{number}>"
        product, flat = f"tensor<{points}x{columns}x{number}>", f"tensor<{depth}x{columns}x{number}>"
        apart = _groups(len(self.points), len(loops))
        of_weights = _groups(len(self.summed), len(mlir.shape_of(weights)))
        of_result = _groups(len(self.points), len(mlir.shape_of(result)))
        text = f"""
            func.func @product(%image: {image.type}, %weights: {weights.type}, %init: {result.type}) -> {result.type} {{
              %empty = tensor.empty() : {as_rows}
              %rows = linalg.generic {{indexing_maps = [{_map(shown)}, {_map(place)}],
                                      iterator_types = {json.dumps(["parallel"] * len(loops))}}}
                ins(%image : {image.type}) outs(%empty : {as_rows}) {{
                ^bb0(%shown: {number}, %old: {number}):
                  linalg.yield %shown : {number}
              }} -> {as_rows}
              %a = tensor.collapse_shape %rows {apart} : {as_rows} into {as_matrix}
              %b = tensor.collapse_shape %weights {of_weights} : {weights.type} into {flat}
              %c = tensor.collapse_shape %init {of_result} : {result.type} into {product}
              %ab = linalg.matmul ins(%a, %b : {as_matrix}, {flat}) outs(%c : {product}) -> {product}
              %sums = tensor.expand_shape %ab {of_result} output_shape {list(mlir.shape_of(result))}
                : {product} into {result.type}
              return %sums : {result.type}
            }}"""
        mlir.replace(self.op, mlir.splice(text, list(self.op.operands), before=self.op))

    def _sizes(self, loops: Iterable[int]) -> list[int]:
        return [self.trips[loop] for loop in loops]


def _adds_products(op: Operation) -> bool:
    """Whether numbers of one of the types are multiplied, and the products added."""
    body = [each.operation.name for each in op.regions[0].blocks[0].operations]
    (number, *others) = [element(value) for value in op.operands]
    return body == ["arith.mulf", "arith.addf", "linalg.yield"] and number in _BYTES and set(others) == {number}


def _map(indices: list[Linear]) -> str:
    """The map of an operand from all loops that index it, as MLIR writes it."""
    given = ", ".join(f"d{loop}" for loop in sorted({loop for index in indices for loop in index}))
    sums = (" + ".join(f"d{loop} * {factor}" for loop, factor in index.items()) or "0" for index in indices)
    return f"affine_map<({given}) -> ({', '.join(sums)})>"


def _groups(first: int, rank: int) -> str:
    """So many dimensions as one, and the others as one, as MLIR writes it."""
    return json.dumps([list(range(first)), list(range(first, rank))])
