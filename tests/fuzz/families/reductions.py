"""Reductions along axes, and positions of extremes."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import Drawer, array, axes, axis, case, dtype, family, flag, integer, is_float, pick, shape

OPERATORS = (
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceProd",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceSumSquare",
)


@family()
def reduce(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, *OPERATORS)
    kind = dtype(draw, operator, opset)
    sizes = shape(draw, 0, 5, largest=4)
    x = array(draw, kind, sizes, special=operator in ("ReduceMax", "ReduceMin") and flag(draw))
    if operator == "ReduceLogSum":
        x = np.abs(x)
    along = axes(draw, len(sizes)) if flag(draw) else None
    options = {"keepdims": pick(draw, None, 0, 1)}
    inputs: list[object] = [x]
    if opset >= (13 if operator == "ReduceSum" else 18):
        options["noop_with_empty_axes"] = pick(draw, None, 0, 1)
        inputs.append(None if along is None else Known(np.asarray(along, np.int64)))
    else:
        options["axes"] = along or None
    # The evaluator gives sums of squares of int32 as int64, fails on logarithms of integers, and has NaN for means of
    # nothing, which ONNX leaves undefined.
    oracle = "onnx" if is_float(kind) and operator != "ReduceMean" else "onnxruntime"
    return case(draw, opset, operator, inputs, how={"oracle": oracle}, **options)


@family()
def arg_extreme(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "ArgMax", "ArgMin")
    sizes = shape(draw, 1, 4, smallest=1)
    x = array(draw, dtype(draw, operator, opset), sizes, wild=flag(draw))
    return case(
        draw,
        opset,
        operator,
        [x],
        axis=axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1),
        keepdims=pick(draw, None, 0, 1),
        select_last_index=pick(draw, None, 0, 1) if opset >= 12 else None,
    )


@family()
def softmax(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Softmax", "LogSoftmax", "Hardmax")
    sizes = shape(draw, 1, 4, smallest=1)
    least = 2 if opset < 13 else 1  # the default axis was 1
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    x = array(draw, dtype(draw, operator, opset), sizes)
    how = {"oracle": "onnxruntime"} if opset < 13 else {}  # the evaluator knows the newest definition only
    return case(draw, opset, operator, [x], axis=along if len(sizes) < least or flag(draw) else None, how=how)


@family(since=11)
def cumulative(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "CumSum", "CumProd") if opset >= 26 else "CumSum"
    sizes = shape(draw, 1, 4)
    x = array(draw, dtype(draw, operator, opset), sizes)
    along = Known(np.asarray(axis(draw, len(sizes)), pick(draw, np.int64, np.int32)))
    flags = {name: pick(draw, None, 0, 1) for name in ("exclusive", "reverse")}
    return case(draw, opset, operator, [x, along], **flags)


@family()
def top_k(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    k = integer(draw, 0 if opset >= 10 else 1, sizes[along])
    x = array(draw, dtype(draw, "TopK", opset), sizes, wild=flag(draw))
    options = {"axis": along}
    if opset >= 11:
        options["largest"] = pick(draw, None, 0, 1)
        options["sorted"] = pick(draw, None, 1)
    if opset < 10:
        return case(draw, opset, "TopK", [x], outputs=2, k=k, **options)
    return case(draw, opset, "TopK", [x, Known(np.asarray([k], np.int64))], outputs=2, **options)
