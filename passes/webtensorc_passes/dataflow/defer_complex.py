"""Compute complex numbers when the model runs, those of constants too.

IREE 3.13 computes constants of constants while it compiles, but none that are complex, and then stumbles over those
that are made of them ("jit global source initialization order invalid"). What a complex number is made of goes through
a barrier, so that it is no constant to it; real numbers before that are computed ahead as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._complex_constants import is_stored, put_together

_LEAVES = {"stablehlo.constant", "stablehlo.iota"}
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
        changes = 0
        for op in mlir.nested(module):
            if is_stored(op):
                mlir.replace(op, [put_together(op)])
                changes += 1
            elif op.name in _LEAVES:
                known.update(op.results)
            elif _is_plain(op) and all(each in known for each in op.operands):
                known.update(op.results)
                changes += _deferred(op)
        return changes


def _is_plain(op: Operation) -> bool:
    return bool(op.name.startswith("stablehlo.") and op.operands and not op.regions and op.name not in _OPAQUE)


def _deferred(op: Operation) -> int:
    if not any(map(_is_complex, (*op.operands, *op.results))):
        return 0
    made = [number for number, each in enumerate(op.operands) if not _is_complex(each) or _is_leaf(each)]
    for number in made:
        value = op.operands[number]
        barrier = mlir.create("stablehlo.optimization_barrier", [value], [value.type], before=op)
        op.operands[number] = barrier.result
    return len(made)


def _is_complex(value: Value) -> bool:
    return "complex<" in str(value.type)


def _is_leaf(value: Value) -> bool:
    made = mlir.owner(value)
    return made is not None and made.name in _LEAVES
