"""Constants of complex128, put together from real ones behind a barrier: see `complex-fills`."""

from __future__ import annotations

import re

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Operation, Value

_SPLAT = re.compile(r"dense<\(([^,()]+), ?([^,()]+)\)>")


def is_stored(op: Operation) -> bool:
    """Whether this is a constant of complex128 that memory may be filled with."""
    if op.name != "stablehlo.constant" or op.parent.name not in ("func.func", "stablehlo.while"):
        return False
    kind = op.results[0].type
    return isinstance(kind, ir.RankedTensorType) and str(kind.element_type) == "complex<f64>"


def put_together(op: Operation) -> Value:
    """The value of such a constant."""
    found = _SPLAT.search(str(mlir.comparable(op, "value")))
    return _hidden(op, found[1], found[2]) if found else _by_parts(op)


def _hidden(op: Operation, real: str, imaginary: str) -> Value:
    build = Builder(op)
    table = _apart(op, f"{real}, {imaginary}")
    parts = [build.reshape(build.slice(table, [at], [at + 1]), []) for at in (0, 1)]
    value = build.op("complex", parts, build.kind([], "complex<f64>"))
    return build.broadcast(value, mlir.shape_of(op.results[0]), [])


def _by_parts(op: Operation) -> Value:
    """Numbers that are not all the same, of which the native compiler does not know how much room they take."""
    build, shape = Builder(op), mlir.shape_of(op.results[0])
    kind = build.kind([*shape, 2], "f64")
    numbers = str(mlir.comparable(op, "value")).partition("dense<")[2].rpartition("> : ")[0]
    pairs = numbers.replace("(", "[").replace(")", "]")
    table = build.op("constant", [], kind, value=ir.Attribute.parse(f"dense<{pairs}> : {kind}", op.context))
    table = stablehlo.barrier(table, op)
    first, last = [0] * len(shape), list(shape)
    parts = [build.reshape(build.slice(table, [*first, at], [*last, at + 1]), shape) for at in (0, 1)]
    return build.op("complex", parts, op.results[0].type)


def _apart(op: Operation, parts: str) -> Value:
    """The two parts and a third number that makes them a table, whatever they are, behind a barrier."""
    kind = Builder(op).kind([3], "f64")
    numbers = [ir.Attribute.parse(f"dense<[{parts}, {other}]> : {kind}", op.context) for other in ("0.0", "1.0")]
    table = Builder(op).op("constant", [], kind, value=numbers[ir.DenseElementsAttr(numbers[0]).is_splat])
    return stablehlo.barrier(table, op)
