"""Compute complex numbers when the model runs, those of constants too.

IREE 3.13 computes constants of constants while it compiles, but none that are complex, and then stumbles over those
that are made of them ("jit global source initialization order invalid"). What a complex number is made of goes through
a barrier, so that it is no constant to it; real numbers before that are computed ahead as ever.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._complex_constants import is_stored, put_together

_LEAVES = {"stablehlo.constant", "stablehlo.iota"}
_FOLDED = {
    f"stablehlo.{name}" for name in ("broadcast_in_dim", "convert", "imag", "real", "reshape", "slice", "transpose")
}
"""What the native compiler folds if all elements are one number."""
_SPLAT = re.compile(r'dense<[^\["]')
_OPAQUE = {"stablehlo.custom_call", "stablehlo.optimization_barrier"}


@dataclass(frozen=True)
class DeferComplex(Pass):
    """Put barriers between constants and the complex numbers that are made of them."""

    name: ClassVar[str] = "defer-complex"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 31  # behind what folds constants itself

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operands and constants that are behind a barrier now."""
        known: set[Value] = set()
        folded: set[Value] = set()
        changes = 0
        for op in mlir.nested(module):
            if is_stored(op):
                mlir.replace(op, [put_together(op)])
                changes += 1
            elif op.name in _LEAVES:
                known.update(op.results)
                folded.update(op.results if _is_splat(op) else ())
            elif _is_plain(op) and all(each in known for each in op.operands):
                known.update(op.results)
                if op.name in _FOLDED and all(each in folded for each in op.operands):
                    folded.update(op.results)
                else:
                    changes += _deferred(op, folded)
        return changes


def _is_plain(op: Operation) -> bool:
    return bool(op.name.startswith("stablehlo.") and op.operands and not op.regions and op.name not in _OPAQUE)


def _is_splat(op: Operation) -> bool:
    return op.name == "stablehlo.constant" and _SPLAT.search(str(mlir.comparable(op, "value"))) is not None


def _deferred(op: Operation, folded: set[Value]) -> int:
    if not any(map(_is_complex, (*op.operands, *op.results))):
        return 0
    made = [each for each in op.operands if each not in folded and (not _is_complex(each) or _is_leaf(each))]
    if not made and all(each in folded for each in op.operands):
        made = list(op.operands)
    for number, value in enumerate(op.operands):
        if value in made:
            op.operands[number] = stablehlo.barrier(value, op)
    return len(made)


def _is_complex(value: Value) -> bool:
    return "complex<" in str(value.type)


def _is_leaf(value: Value) -> bool:
    made = mlir.owner(value)
    return made is not None and made.name in _LEAVES
