"""Choose between narrow values instead of narrowing what was chosen.

    convert(select(p, a, b))  ->  select(p, convert(a), convert(b))

A number is the same whether it is rounded before or after the choice, so this is exact. JAX writes series such as that
of the arc tangent with constants in float64 or int64 and narrows what is left of them; for a target that lacks float64
that is the difference between a kernel and none, elsewhere half the width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_CONVERT = "stablehlo.convert"


@dataclass(frozen=True)
class NarrowChoices(Pass):
    """Move conversions to narrower floats through `select` and broadcasts to constants."""

    name: ClassVar[str] = "narrow-choices"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 12

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of conversions that were moved."""
        pending = [op for op in mlir.nested(module) if op.name == _CONVERT and _chosen(op) is not None]
        changes = 0
        while pending:
            convert = pending.pop()
            select = _chosen(convert)
            assert select is not None
            condition, *values = select.operands
            build, dtype = Builder(select), mlir.dtype_of(convert.results[0])
            sides = [_converted(value, dtype, build) for value in values]
            mlir.replace(convert, [build.select(condition, *sides)])
            select.erase()
            pending += [op for op in map(mlir.owner, sides) if op is not None and _chosen(op) is not None]
            changes += 1
        return changes


def _chosen(convert: Operation) -> Operation | None:
    """The choice that a conversion to a narrower float is the only one to read, if it is from constants."""
    if convert.name != _CONVERT or not all(map(mlir.is_static_tensor, (*convert.operands, *convert.results))):
        return None
    source, result = mlir.dtype_of(convert.operands[0]), mlir.dtype_of(convert.results[0])
    select = mlir.owner(convert.operands[0])
    if result.kind != "f" or source.kind not in "fi" or source.itemsize <= result.itemsize:
        return None
    if select is None or select.name != "stablehlo.select" or not mlir.has_one_use(select.results[0]):
        return None
    return select if _has_constant(select) else None


def _has_constant(select: Operation) -> bool:
    """Whether a choice, or one that it chooses, is between constants or from one."""
    return any(map(_is_constant, select.operands[1:])) or any(
        op is not None and op.name == select.name and _has_constant(op) for op in map(mlir.owner, select.operands[1:])
    )


def _is_constant(value: Value) -> bool:
    op = mlir.owner(value)
    while op is not None and op.name == "stablehlo.broadcast_in_dim":
        op = mlir.owner(op.operands[0])
    return op is not None and op.name == "stablehlo.constant"


def _converted(value: Value, dtype: np.dtype[Any], build: Builder) -> Value:
    """The value with another element type; constants are rounded here."""
    op, shape = mlir.owner(value), mlir.shape_of(value)
    if op is not None and op.name == "stablehlo.broadcast_in_dim" and _is_constant(value):
        source = _converted(op.operands[0], dtype, build)
        return build.broadcast(source, shape, mlir.integers(op, "broadcast_dimensions"))
    numbers = mlir.elements(op.attributes["value"]) if op is not None and op.name == "stablehlo.constant" else None
    if numbers is not None:
        return build.constant(np.broadcast_to(numbers.astype(dtype), shape))
    return build.op("convert", [value], mlir.tensor_type(shape, dtype, build.before.context))
