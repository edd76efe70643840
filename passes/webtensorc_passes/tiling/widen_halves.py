"""Multiply numbers of float16 and bfloat16 as float32 on processors, for which there are kernels.

    product(a, b : f16) -> f32   =>   product(f32(a), f32(b)) -> f32

Nothing is rounded otherwise than before: a product of two such numbers is one of float32, and sums were float32 already
(`wide-accumulation`). The native compiler's code for the product on the left reaches a quarter of the speed of that on
the right. Weights stay 16 bits where they are stored, and become float32 when they are loaded. With few rows all of the
time goes into reading weights, of which there is half as much as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._at_load import define, loaded
from webtensorc_passes.tiling._mapped import mapped
from webtensorc_passes.tiling._sites import match
from webtensorc_passes.tiling._structured import RESHAPES

__all__ = ["WidenHalves"]

_KINDS = [[half, half, "f32", "f32"] for half in ("f16", "bf16")]
_FEWEST_ROWS = 8
"""Measured with 1024x1024 weights on an Intel Xeon with AVX-512: as fast with 4 rows, 3.6 times as fast with 16."""
_MOVES = (*RESHAPES, "tensor.extract_slice", "tensor.pad")


@dataclass(frozen=True)
class WidenHalves(Pass):
    """Convert what is multiplied in 16 bits to float32, where `generate-kernels` has a kernel for that."""

    name: ClassVar[str] = "widen-halves"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 40  # ahead of generate-kernels

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products and convolutions that were changed."""
        if context.target is None or Machine.of(context.target) is None:
            return 0
        found = [op for op in mlir.nested(module) if _pays(op)]
        wider = _Wider(module)
        for op in found:
            for number in range(2):
                op.operands[number] = wider.of(op.operands[number], op)
            _multiply_wide(op)
        return len(found)


def _pays(op: Any) -> bool:
    site = match(op, _KINDS)
    return site is not None and site.problem.points >= _FEWEST_ROWS


def _multiply_wide(op: Any) -> None:
    """Let the body of a product take float32."""
    block = op.regions[0].blocks[0]
    for inner in [each.operation for each in block.operations if each.operation.name == "arith.extf"]:
        argument = inner.operands[0]
        argument.set_type(inner.results[0].type)
        mlir.replace(inner, [argument])


class _Wider:
    """Tensors of float32, by those of 16 bits that they have the numbers of."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._made: dict[str, str] = {}

    def of(self, value: Any, before: Any) -> Any:
        """The float32 of `value`: of weights where they are loaded, and else as early as it can be.

        So kernels see what is padded: some have no need of padding.
        """
        op = mlir.owner(value)
        if op is not None and op.name == "util.global.load":
            return self._at_load(op)
        if op is None or op.name not in _MOVES or len(op.operands) != 1:
            return _converted(value, before)
        filler = _filler(op) if op.name == "tensor.pad" else 0.0
        if filler is None:
            return _converted(value, before)
        inner = self.of(op.operands[0], before)
        copy = op.clone(ir.InsertionPoint(before))
        copy.operands[0] = inner
        copy.results[0].set_type(_wide(value, before))
        if op.name == "tensor.pad":
            number = ir.FloatAttr.get(ir.F32Type.get(before.context), filler, loc=before.location)
            mlir.terminator(copy.regions[0].blocks[0]).operands[0] = mlir.constant(number, before=copy)
        return copy.results[0]

    def _at_load(self, load: Any) -> Any:
        source, kind = str(load.attributes["global"].value), _wide(load.results[0], load)
        if source not in self._made:
            self._made[source] = f"{source}.f32"
            define(self._module, load, self._made[source], kind, _converted)
        return loaded(load, self._made[source], kind)


def _filler(pad: Any) -> float | None:
    """What a tensor is padded with, if that is a finite constant."""
    op = mlir.owner(mlir.terminator(pad.regions[0].blocks[0]).operands[0])
    if op is None or op.name != "arith.constant" or not math.isfinite(number := op.attributes["value"].value):
        return None
    return float(number)


def _converted(value: Any, before: Any) -> Any:
    wide = _wide(value, before)
    kind = wide.element_type
    return mapped(
        value, wide, lambda each: ir.Operation.create("arith.extf", results=[kind], operands=[each]).result, before
    )


def _wide(value: Any, before: Any) -> Any:
    return Builder(before).kind(mlir.shape_of(value), "f32")
