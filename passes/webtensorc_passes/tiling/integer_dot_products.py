"""Lay out int8 products for the instructions that multiply and add four or eight of them at once.

`sdot` and `udot` (Armv8.2, FEAT_DotProd) and `smmla` (FEAT_I8MM) want runs of 4 or 8 values along the summed dimension
next to each other (Arm Architecture Reference Manual, DDI 0487, C7.2). The native compiler packs operands so, and has
kernels for them, where data tiling is on, as it is for models with such products (`Target.integer_product_flags`). It
then tiles every contraction, unless operations are marked. This pass marks those on int8 alone: products of floats keep
kernels that read weights where they lie (decision 0030). Weights are packed when the module is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import linalg

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._structured import DATA_TILING

__all__ = ["IntegerDotProducts"]


@dataclass(frozen=True)
class IntegerDotProducts(Pass):
    """Mark contractions of int8 operands into int32 on targets with dot products. Reports `integer-dot-products`."""

    name: ClassVar[str] = "integer-dot-products"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 40  # ahead of generate-kernels, which leaves marked operations

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of marks."""
        if context.target is None or not context.target.integer_product_flags:
            return 0
        found = [op for op in mlir.nested(module) if _is_integer_product(op) and DATA_TILING not in op.attributes]
        for op in found:
            op.attributes[DATA_TILING] = ir.UnitAttr.get()
        context.report["integer-dot-products"] = len(found)
        return len(found)


def _is_integer_product(op: Any) -> bool:
    if not op.name.startswith("linalg.") or not linalg.isa_contraction_op(op):
        return False
    types = [ir.ShapedType(value.type) for value in (*op.operands, *op.results)]
    widths = [each.element_type.width for each in types if isinstance(each.element_type, ir.IntegerType)]
    # A product of two vectors is packed to one that is not valid, and the native compiler refuses its own work.
    has_rows_or_columns = types[-1].rank > 0
    return widths == [8, 8, 32, 32] and has_rows_or_columns and all(each.has_static_shape for each in types)
