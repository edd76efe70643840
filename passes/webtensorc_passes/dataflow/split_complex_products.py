"""Compute complex matrix products and convolutions as four real ones.

IREE 3.13 compiles small complex products, slowly executed, and crashes on larger ones (64-bit tiles of `complex<f32>`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class SplitComplexProducts(Pass):
    """`(a + bi)(c + di)` becomes `ac - bd` and `ad + bc`, for whole tensors."""

    name: ClassVar[str] = "split-complex-products"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products that were split."""
        found = [op for op in mlir.nested(module) if _is_complex_product(op)]
        for op in found:
            mlir.replace(op, [_split(op)])
        return len(found)


def _is_complex_product(op: Operation) -> bool:
    if op.name not in ("stablehlo.dot_general", "stablehlo.convolution"):
        return False
    return isinstance(op.results[0].type.element_type, ir.ComplexType)


def _split(op: Operation) -> Value:
    build = Builder(op)
    kind = build.kind(mlir.shape_of(op.results[0]), op.results[0].type.element_type.element_type)
    left, right = (_parts(build, value) for value in op.operands)

    def product(i: int, j: int) -> Value:
        return mlir.clone_with(op, [left[i], right[j]], [kind], {}).result

    real = build.binary("subtract", product(0, 0), product(1, 1))
    imaginary = build.binary("add", product(0, 1), product(1, 0))
    return build.op("complex", [real, imaginary], op.results[0].type)


def _parts(build: Builder, value: Value) -> tuple[Value, Value]:
    kind = build.kind(mlir.shape_of(value), value.type.element_type.element_type)
    return build.op("real", [value], kind), build.op("imag", [value], kind)
