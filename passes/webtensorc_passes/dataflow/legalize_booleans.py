"""Say `or` where StableHLO says `add` of booleans, and `select` where it makes floats of them.

For booleans `add` is the logical OR (StableHLO specification, `add`); the native compiler (IREE 3.13) lowers it to an
addition of one-bit integers, whose carry is lost: XOR. The reduction of booleans that `jnp.any` or a scatter makes may
hold such an addition in its region.

A product of booleans made floats becomes one of the booleans themselves there, extended as signed numbers: -1 for true.
`select` between 1 and 0 is no conversion that could be moved into the product. Where sizes are open, or numbers whole,
`unsigned-products` keeps it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LegalizeBooleans(Pass):
    """Replace additions of booleans by disjunctions and their conversions to float by choices, in regions too."""

    name: ClassVar[str] = "legalize-booleans"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that were replaced."""
        operations = mlir.nested(module)
        additions = [op for op in operations if op.name == "stablehlo.add" and _is_boolean(op.results[0])]
        conversions = [op for op in operations if op.name == "stablehlo.convert" and _makes_floats(op)]
        for op in additions:
            mlir.replace(op, [mlir.create("stablehlo.or", list(op.operands), [op.results[0].type], before=op).result])
        for op in conversions:
            one, zero = (_full(op, number) for number in (1.0, 0.0))
            chosen = mlir.create("stablehlo.select", [op.operands[0], one, zero], [op.results[0].type], before=op)
            mlir.replace(op, [chosen.result])
        return len(additions) + len(conversions)


def _is_boolean(value: mlir.Value) -> bool:
    return str(value.type.element_type) == "i1"


def _makes_floats(op: mlir.Operation) -> bool:
    return (
        _is_boolean(op.operands[0])
        and mlir.is_static_tensor(op.results[0])
        and isinstance(op.results[0].type.element_type, ir.FloatType)
    )


def _full(op: mlir.Operation, number: float) -> mlir.Value:
    """A constant of the type of `op`, in front of it."""
    type_ = op.results[0].type
    value = ir.DenseElementsAttr.get_splat(type_, ir.FloatAttr.get(type_.element_type, number, op.location))
    return mlir.create("stablehlo.constant", [], [type_], {"value": value}, before=op).result
