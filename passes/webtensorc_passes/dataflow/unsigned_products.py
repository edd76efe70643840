"""Keep the widening of unsigned integers out of products.

IREE 3.13 folds a `convert` in front of a matrix product or a convolution into it, and such a product of mixed types
extends the narrower integers by their sign: 200 of uint8 counts as -56. Behind a clamp to the numbers that there can be
it does not see the `convert`; unlike a barrier that is fused with what is around it, and needs no shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_PRODUCTS = ("stablehlo.dot_general", "stablehlo.convolution")


@dataclass(frozen=True)
class UnsignedProducts(Pass):
    """Clamp every conversion of unsigned integers to wider ones that a product reads."""

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
                    if _is_widened(op.operands[index]):
                        op.operands[index] = _clamped(op.operands[index], op)
                        changes += 1
        return changes


def _is_widened(value: Value) -> bool:
    """Whether a value is made of narrower unsigned integers."""
    op = mlir.owner(value)
    if op is None or op.name != "stablehlo.convert":
        return False
    given, made = op.operands[0].type.element_type, value.type.element_type
    if not isinstance(given, ir.IntegerType) or not isinstance(made, ir.IntegerType):
        return False
    return bool(given.is_unsigned and given.width < made.width)


def _clamped(value: Value, before: Operation) -> Value:
    convert = mlir.owner(value)
    assert convert is not None
    build, dtype = Builder(before), mlir.dtype_of(value)
    most = 2 ** convert.operands[0].type.element_type.width - 1
    low, high = (build.constant(np.asarray(limit, dtype)) for limit in (0, most))
    return build.op("clamp", [low, value, high], value.type)
