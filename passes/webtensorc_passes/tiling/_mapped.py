"""Computing a tensor element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iree.compiler import ir

from webtensorc.iree import mlir

__all__ = ["mapped"]


def mapped(value: Any, kind: Any, compute: Callable[[Any], Any], before: Any) -> Any:
    """The tensor of type `kind` whose elements `compute` makes, one by one, of those of `value`."""
    empty = mlir.create("tensor.empty", [], [kind], before=before).result
    rank = len(mlir.shape_of(value))
    with before.context:
        identity = ir.AffineMapAttr.get(ir.AffineMap.get_identity(rank))
        attributes = {
            "indexing_maps": ir.ArrayAttr.get([identity] * 2),
            "iterator_types": ir.Attribute.parse(f"[{', '.join(['#linalg.iterator_type<parallel>'] * rank)}]"),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1]),
        }
        op = mlir.create("linalg.generic", [value, empty], [kind], attributes, before=before, regions=1)
        elements = value.type.element_type, kind.element_type
        block = op.regions[0].blocks.append(*elements, arg_locs=[before.location] * 2)
        with ir.InsertionPoint(block), before.location:
            ir.Operation.create("linalg.yield", operands=[compute(block.arguments[0])])
    return op.result
