"""Sort by counting how many elements come before each, and long rows by a network.

IREE 3.13 sorts by exchanging neighbours, in any order where elements compare equal (StableHLO's sort may ask for a
stable one), and refuses to compile a sort of several rows together with what computes its operands. Counting needs
`n^2` comparisons as well, but they are vectorised and spread over threads, and ties go by position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.builder import IN_BOUNDS, Builder, add_block, end_block, spread_body
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow import _sort_network


@dataclass(frozen=True)
class RankSorts(Pass):
    """Replace every sort by the permutation that it is, found by ranks or by a network, and gathers."""

    name: ClassVar[str] = "rank-sorts"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 4  # before what it makes is put into form

    longest: int = 2048  # rows up to which comparing all elements with all is faster than a network's many steps

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of sorts that were replaced."""
        found = [op for op in mlir.nested(module) if op.name == "stablehlo.sort" and _is_static(op)]
        for op in found:
            mlir.replace(op, _sorted(op, self.longest))
        return len(found)


def _is_static(op: Operation) -> bool:
    return bool(op.operands[0].type.has_static_shape)


def _sorted(op: Operation, longest: int) -> list[Value]:
    build = Builder(op)
    shape = mlir.shape_of(op.operands[0])
    if math.prod(shape) == 0 or not shape:
        return list(op.operands)
    dimension = mlir.integer(op, "dimension", -1) % len(shape)
    to_last = [*(i for i in range(len(shape)) if i != dimension), dimension]
    back = [to_last.index(i) for i in range(len(shape))]
    n, count = shape[dimension], math.prod(shape)
    rows = [build.reshape(build.transpose(value, to_last), [count // n, n]) for value in op.operands]
    order = _order(build, _ranks(op, build, rows)) if n <= longest else _network_order(op, build, rows)
    results = []
    for row in rows:
        gathered = build.gather_rows(build.reshape(row, [count]), order)
        results.append(build.transpose(build.reshape(gathered, [shape[i] for i in to_last]), back))
    return results


def _network_order(op: Operation, build: Builder, rows: list[Value]) -> Value:
    """As `_order`, by a network of only the columns that are looked at."""
    comparator = op.regions[0].blocks[0]
    used = _sort_network.used_operands(comparator)

    def before(where: Operation, left: Sequence[Value], right: Sequence[Value]) -> Value:
        given = dict(zip(used, zip(left, right, strict=True), strict=True))
        pairs = [given.get(number, (left[0], left[0])) for number in range(len(rows))]  # the rest is not looked at
        return spread_body(comparator, [value for pair in pairs for value in pair], where)[0]

    found = _sort_network.order(build, [rows[number] for number in used], before)
    count, n = mlir.shape_of(rows[0])
    start = build.binary("multiply", build.iota([count, n], 0, "i32"), build.full([count, n], n, found))
    return build.reshape(build.binary("add", start, found), [count * n])


def _ranks(op: Operation, build: Builder, rows: list[Value]) -> Value:
    """How many elements of its row come before an element: int32 of the shape of a row."""
    shape = mlir.shape_of(rows[0])
    square = [*shape, shape[1]]
    mine = [build.broadcast(row, square, [0, 1]) for row in rows]
    others = [build.broadcast(row, square, [0, 2]) for row in rows]
    comparator = op.regions[0].blocks[0]
    (before,) = spread_body(comparator, [x for pair in zip(others, mine, strict=True) for x in pair], op)
    (after,) = spread_body(comparator, [x for pair in zip(mine, others, strict=True) for x in pair], op)
    earlier = build.compare("LT", build.iota(square, 2, "i32"), build.iota(square, 1, "i32"))
    before = build.binary("or", before, build.binary("and", build.unary("not", after), earlier))
    ones = build.convert(before, "i32")
    attributes = {"dimensions": mlir.integer_array([2], op.context)}
    operands = [ones, build.full([], 0, ones)]
    made = mlir.create("stablehlo.reduce", operands, [build.kind(shape, "i32")], attributes, before=op, regions=1)
    (left, right), last = add_block(made, [build.kind([], "i32")] * 2)
    end_block(last, [Builder(last).binary("add", left, right)])
    return made.result


def _order(build: Builder, ranks: Value) -> Value:
    """Which element of all comes where: the inverse of the ranks, as positions in all rows, one after the other."""
    count, n = math.prod(mlir.shape_of(ranks)), mlir.shape_of(ranks)[1]
    row = build.iota(mlir.shape_of(ranks), 0, "i32")
    places = build.binary("add", ranks, build.binary("multiply", row, build.full(mlir.shape_of(row), n, row)))
    elements = build.iota([count], 0, "i32")
    table = build.full([count], 0, elements)
    flat = build.reshape(places, [count])
    return build.flat_scatter(table, flat, elements, lambda _, old, new: new, unique_indices=True, **{IN_BOUNDS: True})
