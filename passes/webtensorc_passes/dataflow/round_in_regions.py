"""Round to even by other operations in the bodies of scatters, where the native compiler cannot.

    round(x)  ->  floor(x), or one more where more than a half is left, or a half and that is odd

IREE 3.13 translates the body of a scatter operation by operation, and knows no rounding there ("failed to legalize
unresolved materialization from ('f32') to ('tensor<f32>')"), of which sine and cosine are made as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class RoundInRegions(Pass):
    """Replace `round_nearest_even` in a scatter's body."""

    name: ClassVar[str] = "round-in-regions"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of roundings that are gone."""
        scatters = [op for op in mlir.nested(module) if op.name == "stablehlo.scatter"]
        inside = [
            op for scatter in scatters for op in mlir.nested(scatter) if op.name == "stablehlo.round_nearest_even"
        ]
        for op in inside:
            mlir.replace(op, [_rounded(op)])
        return len(inside)


def _rounded(op: Operation) -> Value:
    build, (x,) = Builder(op), op.operands
    dtype = mlir.dtype_of(x)
    zero, half, one = (build.constant(np.asarray(each, dtype)) for each in (0, 0.5, 1))
    floor = build.unary("floor", x)
    rest = build.binary("subtract", x, floor)  # of infinity NaN, of which nothing holds
    halved = build.binary("multiply", floor, half)
    is_odd = build.compare("NE", halved, build.unary("floor", halved))
    is_up = build.binary("and", build.compare("EQ", rest, half), is_odd)
    is_up = build.binary("or", build.compare("GT", rest, half), is_up)
    whole = build.select(is_up, build.binary("add", floor, one), floor)
    return build.select(build.compare("EQ", whole, zero), build.binary("multiply", x, zero), whole)  # with its sign
