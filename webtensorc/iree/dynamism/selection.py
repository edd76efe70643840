"""Gradients of max pooling with open extents (StableHLO specification, `select_and_scatter`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder as StableHloBuilder
from webtensorc.iree.builder import add_block, copy_body, end_block
from webtensorc.iree.dynamism.builder import Builder
from webtensorc.iree.dynamism.windows import Window, laid_out
from webtensorc.iree.mlir import Operation, Value


def adds(op: Operation) -> bool:
    """Whether what is scattered is added up, which is what is written down here."""
    body = [each.operation.name for each in op.regions[1].blocks[0].operations]
    return body == ["stablehlo.add", "stablehlo.return"]


def select_and_scatter(build: Builder, op: Operation) -> Value:
    """Every element adds up the sources of those windows that it is in and that have selected it.

    So nothing is scattered, whatever the overlap of windows.
    """
    operand, source, start = op.operands
    window = Window.of(build, op)
    selected = _selected(build, op, window)
    element = op.result.type.element_type
    extents, places = build.dims(operand), build.dims(source)
    sizes = [*extents, *window.extents]
    kind = build.tensor_type([*op.result.type.shape, *window.shape()], element)
    zero, none = build.index(0), build.zero(build.signless_type(kind).element_type)
    source, rank = build.signless(source), len(extents)

    def share(inside: Builder, at: Sequence[Value]) -> Value:
        """What the window gives whose element number `at[rank:]` is the element `at[:rank]`."""
        y, there = [], inside.compare("eq", zero, zero)
        for axis in range(rank):
            ahead = inside.arith("subi", inside.arith("addi", at[axis], window.low[axis]), at[rank + axis])
            step = inside.index(window.strides[axis])
            place = inside.arith("floordivsi", ahead, step)
            last = inside.arith("subi", places[axis], inside.index(1))
            for fits in (
                inside.compare("eq", inside.arith("muli", place, step), ahead),
                inside.compare("sge", place, zero),
                inside.compare("sle", place, last),
            ):
                there = inside.arith("andi", there, fits)
            y.append(inside.clamp(place, zero, last))
        chosen = inside.value("arith.index_cast", [inside.extract(selected, y)], inside.index_type)
        there = inside.arith("andi", there, inside.compare("eq", chosen, _flat(inside, at[:rank], extents)))
        return inside.select(there, inside.extract(source, y), none)

    shares = build.bitcast(build.computed(build.signless_type(kind), sizes, share), element)
    attributes = {"dimensions": mlir.integer_array(range(rank, 2 * rank), op.context)}
    made = build.op("stablehlo.reduce", [shares, start], [op.result.type], attributes, regions=1)
    arguments, last = add_block(made, [start.type] * 2)
    end_block(last, copy_body(op.regions[1].blocks[0], arguments, last))
    return made.result


def _flat(build: Builder, at: Sequence[Value], extents: Sequence[Value]) -> Value:
    """The number of an element, in order."""
    found = at[0]
    for subscript, extent in zip(at[1:], extents[1:], strict=True):
        found = build.arith("addi", build.arith("muli", found, extent), subscript)
    return found


def _selected(build: Builder, op: Operation, window: Window) -> Value:
    """The number of the element that `select` prefers in every window; -1 if it has none."""
    operand, source, start = op.operands
    rank, extents = len(window.extents), build.dims(operand)
    i32 = ir.IntegerType.get_signless(32, op.context)
    ordered = build.computed(
        build.tensor_type(operand.type.shape, i32),
        extents,
        lambda inside, at: inside.value("arith.index_cast", [_flat(inside, at, extents)], i32),
    )
    shape = [*source.type.shape, *window.shape()]
    none = stablehlo.constant(np.array(-1, np.int32), op)
    values = laid_out(build, window, operand, start, build.tensor_type(shape, operand.type.element_type))
    numbers = laid_out(build, window, ordered, none, build.tensor_type(shape, i32))
    return preferred(op, values, numbers, [start, none], range(rank, 2 * rank))


def preferred(op: Operation, values: Value, numbers: Value, inits: Sequence[Value], axes: Iterable[int]) -> Value:
    """The number of the element that the first region of `op` selects along some axes, whatever order they are read in.

    Args:
        op: the `select_and_scatter`.
        values, numbers: the elements, and their numbers in order, of i32; those with the number -1 do not count.
        inits: any element, and -1, as scalars.
        axes: of `values`; the result has the others.
    """
    axes = tuple(axes)
    shape = [extent for axis, extent in enumerate(values.type.shape) if axis not in axes]
    outside = StableHloBuilder(op)
    kinds = [outside.kind(shape, each.type.element_type) for each in (values, numbers)]
    attributes = {"dimensions": mlir.integer_array(axes, op.context)}
    made = mlir.create("stablehlo.reduce", [values, numbers, *inits], kinds, attributes, before=op, regions=1)
    (a, i, b, j), last = add_block(made, [each.type for each in (*inits, *inits)])
    inner = StableHloBuilder(last)
    in_order = inner.compare("LT", i, j)  # -1 comes first
    a, b = inner.select(in_order, a, b), inner.select(in_order, b, a)
    i, j = inner.select(in_order, i, j), inner.select(in_order, j, i)
    (keeps,) = copy_body(op.regions[0].blocks[0], [a, b], last)
    keeps = inner.binary("and", inner.compare("GE", i, inner.full([], 0, i)), keeps)
    end_block(last, [inner.select(keeps, a, b), inner.select(keeps, i, j)])
    return made.results[1]
