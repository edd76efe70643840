"""Fill no memory with complex numbers.

IREE 3.13 fills with patterns of at most 64 bits: a constant of complex128 that has to be stored is refused
("'stream.async.splat' op operand must be ... 64-bit"). Padding with a complex constant of either width crashes the
compiler, around the image of a window as well, and so does a bit cast of complex numbers to their own type. A number
put together behind a barrier is no constant to it, and what it is put together from must be none that memory is filled
with: it copies fills into the loops that read them and may leave the original out of every schedule ("streamable op
expected to be in an execution region").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._complex_constants import is_stored, put_together

_PARTS = {"complex<f32>": "f32", "complex<f64>": "f64"}


@dataclass(frozen=True)
class ComplexFills(Pass):
    """Pad complex numbers by parts, put constants of complex128 together behind a barrier, drop idle bit casts."""

    name: ClassVar[str] = "complex-fills"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 8  # after whatever makes such constants

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of constants, paddings (of windows, too) and casts that are gone."""
        changes = 0
        for op in mlir.nested(module):
            element = _element(op)
            if op.name == "stablehlo.pad" and element in _PARTS:
                mlir.replace(op, [_padded(op, _PARTS[element])])
                changes += 1
            elif op.name == "stablehlo.reduce_window" and element in _PARTS and _pads(op):
                mlir.replace(op, _without_padding(op, _PARTS[element]))
                changes += 1
            elif op.name == "stablehlo.bitcast_convert" and op.operands[0].type == op.results[0].type:
                mlir.replace(op, [op.operands[0]])
                changes += 1
            elif is_stored(op):
                mlir.replace(op, [put_together(op)])
                changes += 1
        return changes


def _element(op: Operation) -> str:
    kind = op.results[0].type if len(op.results) == 1 else None
    return str(kind.element_type) if isinstance(kind, ir.RankedTensorType) else ""


def _padded(op: Operation, part: str) -> Value:
    build = Builder(op)
    kind = build.kind(mlir.shape_of(op.results[0]), part)
    parts = []
    for name in ("real", "imag"):
        operands = [build.op(name, [value], build.kind(mlir.shape_of(value), part)) for value in op.operands]
        parts.append(mlir.clone_with(op, operands, [kind], {}).result)
    return build.op("complex", parts, op.results[0].type)


def _pads(op: Operation) -> bool:
    """Whether a window of one image of known shape pads it, or puts something between its elements."""
    is_dilated = any(each > 1 for each in mlir.integers(op, "base_dilations"))
    return mlir.is_static_tensor(op.operands[0]) and (is_dilated or any(mlir.integers(op, "padding")))


def _without_padding(op: Operation, part: str) -> list[Value]:
    """The same windows of an image that is padded before."""
    image, filler = op.operands
    ones = [1] * len(mlir.shape_of(image))
    edges = stablehlo.padding(op, len(ones))
    between = [each - 1 for each in mlir.integers(op, "base_dilations", ones)]
    pad = mlir.owner(stablehlo.pad(image, filler, edges[:, 0].tolist(), edges[:, 1].tolist(), between, op))
    assert pad is not None
    whole = _padded(pad, part)
    pad.erase()
    none = {
        "padding": mlir.dense(np.zeros_like(edges), op.context),
        "base_dilations": mlir.integer_array(ones, op.context),
    }
    return list(mlir.clone_with(op, [whole, filler], [op.results[0].type], none).results)
