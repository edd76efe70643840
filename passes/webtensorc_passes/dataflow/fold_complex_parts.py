"""Take the parts of a complex number that was just put together from where they came.

    re(complex(x, y))  ->  x            im(complex(x, y))  ->  y

as operations on whole tensors. Left to the native compiler (IREE 3.13), they are folded inside of an operation that its
fusion has given several results; two of these are then one number, and when such results are merged while others are
dropped, a later operation reads the wrong one: `s * sqrt(re(a / s * conj(a / s)))` with scalars gave s * s * sqrt(...).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._structured import indexing_maps

__all__ = ["FoldComplexParts"]

_PARTS = {"complex.re": 0, "complex.im": 1}


@dataclass(frozen=True)
class FoldComplexParts(Pass):
    """Replace parts of complex numbers by the tensors that these were made of."""

    name: ClassVar[str] = "fold-complex-parts"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of parts that are gone."""
        changes = 0
        for op in mlir.nested(module):
            number = _PARTS.get(_alone(op))
            source = mlir.owner(op.operands[0]) if number is not None else None
            if number is None or source is None or _alone(source) != "complex.create":
                continue
            block = source.regions[0].blocks[0]
            part = block.operations[0].operation.operands[number]
            if part in list(block.arguments)[:-1]:
                mlir.replace(op, [source.operands[list(block.arguments).index(part)]])
                changes += 1
        return changes


def _alone(op: Any) -> str:
    """The one scalar operation that an elementwise operation does, element by element of equal tensors; else empty."""
    if op.name != "linalg.generic" or len(op.results) != 1 or len(set(indexing_maps(op))) != 1:
        return ""
    body = [each.operation.name for each in op.regions[0].blocks[0].operations]
    return str(body[0]) if len(body) == 2 and body[1] == "linalg.yield" else ""
