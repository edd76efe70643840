"""Fill no memory with complex128.

IREE 3.13 fills with patterns of at most 64 bits: a constant of complex128 that has to be stored is refused
("'stream.async.splat' op operand must be ... 64-bit"), and padding with one crashes the compiler, as does a bit cast of
complex numbers to their own type. A number put together behind a barrier is no constant to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_SPLAT = re.compile(r"dense<\(([^,()]+), ?([^,()]+)\)>")


@dataclass(frozen=True)
class DoubleComplexFills(Pass):
    """Put complex128 constants of one number together behind a barrier, pad by parts, drop idle bit casts."""

    name: ClassVar[str] = "double-complex-fills"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 8  # after whatever makes such constants

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of constants, paddings and casts that are gone."""
        changes = 0
        for op in mlir.nested(module):
            if len(op.results) == 1 and _is_double_complex(op.results[0]):
                changes += self._rewrite(op)
        return changes

    def _rewrite(self, op: Operation) -> int:
        if op.name == "stablehlo.bitcast_convert" and op.operands[0].type == op.results[0].type:
            mlir.replace(op, [op.operands[0]])
            return 1
        if op.name == "stablehlo.pad":
            mlir.replace(op, [_padded(op)])
            return 1
        if op.name != "stablehlo.constant" or op.parent.name not in ("func.func", "stablehlo.while"):
            return 0
        found = _SPLAT.search(str(mlir.comparable(op, "value")))
        if found is None:
            return 0
        mlir.replace(op, [_hidden(op, found[1], found[2])])
        return 1


def _is_double_complex(value: Value) -> bool:
    kind = value.type
    return isinstance(kind, ir.RankedTensorType) and str(kind.element_type) == "complex<f64>"


def _padded(op: Operation) -> Value:
    build = Builder(op)
    kind = build.kind(mlir.shape_of(op.results[0]), "f64")
    parts = []
    for name in ("real", "imag"):
        operands = [build.op(name, [value], build.kind(mlir.shape_of(value), "f64")) for value in op.operands]
        parts.append(mlir.clone_with(op, operands, [kind], {}).result)
    return build.op("complex", parts, op.results[0].type)


def _hidden(op: Operation, real: str, imaginary: str) -> Value:
    build = Builder(op)
    scalar = build.kind([], "f64")
    parts = [
        build.op("constant", [], scalar, value=ir.Attribute.parse(f"dense<{text}> : {scalar}", op.context))
        for text in (real, imaginary)
    ]
    barrier = mlir.create("stablehlo.optimization_barrier", parts, [scalar, scalar], before=op)
    value = build.op("complex", list(barrier.results), build.kind([], "complex<f64>"))
    return build.broadcast(value, mlir.shape_of(op.results[0]), [])
