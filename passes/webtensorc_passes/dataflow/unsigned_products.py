"""Keep the widening of unsigned integers and of booleans out of products.

IREE 3.13 folds a `convert` in front of a matrix product or a convolution into it, and such a product of mixed types
extends the narrower integers by their sign: 200 of uint8 counts as -56, true as -1. So it does where the product itself
has wider results than operands, which JAX's `preferred_element_type` asks for. Behind a clamp to the numbers that there
can be it does not see the `convert`; unlike a barrier that is fused with what is around it, and needs no shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Type, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_PRODUCTS = ("stablehlo.dot_general", "stablehlo.convolution")
# IREE moves a `convert` in front of a reshape behind it.
_MOVES = tuple(f"stablehlo.{name}" for name in ("reshape", "dynamic_reshape", "transpose", "broadcast_in_dim"))


@dataclass(frozen=True)
class UnsignedProducts(Pass):
    """Clamp every conversion of unsigned integers or booleans to wider numbers that a product reads or does."""

    name: ClassVar[str] = "unsigned-products"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 85  # what can be computed in eight bits is by now

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operands that are clamped."""
        changes = 0
        for op in mlir.nested(module):
            if op.name in _PRODUCTS:
                for index in (0, 1):
                    if wide := _widened(op.operands[index], op):
                        op.operands[index] = wide
                        changes += 1
        return changes


def _widened(value: Value, product: Operation) -> Value | None:
    """The clamped conversion of unsigned numbers that a product reads, or does itself; None if it does neither."""
    build, element = Builder(product), product.results[0].type.element_type
    made = _maker(value)
    if _widens(value, element):
        given, value = value, build.op("convert", [value], build.kind(value.type.shape, element))
    elif made is not None and made.name == "stablehlo.convert" and _widens(made.operands[0], value.type.element_type):
        given = made.operands[0]
    else:
        return None
    dtype, most = mlir.dtype_of(value), 2**given.type.element_type.width - 1
    low, high = (build.constant(np.asarray(limit).astype(dtype)) for limit in (0, most))
    return build.op("clamp", [low, value, high], value.type)


def _maker(value: Value) -> Operation | None:
    """What made the elements of a value, before they were moved; None for an argument."""
    op = mlir.owner(value)
    while op is not None and op.name in _MOVES:
        op = mlir.owner(op.operands[0])
    return op


def _widens(given: Value, element: Type) -> bool:
    """Whether values are booleans or unsigned integers, and narrower than an element type."""
    kind = given.type.element_type
    if not isinstance(kind, ir.IntegerType) or not (kind.is_unsigned or kind.width == 1):
        return False
    return not isinstance(element, ir.IntegerType) or bool(kind.width < element.width)
