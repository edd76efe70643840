"""Between which numbers the elements of a value lie, as far as the operations before it say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from iree.compiler import ir
from iree.compiler.dialects import arith

from webtensorc.iree.mlir import Operation, Value, owner, terminator

_DEPTH = 12
"""How many operations are looked at in a row."""


@dataclass(frozen=True)
class Range:
    """From `least` to `most`, both included; or NaN."""

    least: float = -inf
    most: float = inf


Rule = Callable[[Operation, int], Range]
"""The range of an operation's result; the number is how many operations before it may be looked at."""


def range_of(value: Value, depth: int = _DEPTH) -> Range:
    """The range of a number, or of the elements of a tensor."""
    op = owner(_origin(value))
    rule = _RULES.get(op.name) if op and depth else None
    return rule(op, depth - 1) if rule else Range()


def _origin(value: Value) -> Value:
    """What computes the elements, in whatever structured operation's body."""
    while True:
        if isinstance(value, ir.BlockArgument):
            source = _read_by(value)
            if source is None:
                return value
            value = source
        elif value.owner.name == "linalg.generic":
            (block,) = value.owner.regions[0].blocks
            value = terminator(block).operands[ir.OpResult(value).result_number]
        else:
            return value


def _read_by(argument: Value) -> Value | None:
    """The tensor whose elements an argument of a structured operation's body stands for."""
    op = argument.owner.owner
    if op.name != "linalg.generic" or argument.arg_number >= len(op.operands) - len(op.results):
        return None
    return op.operands[argument.arg_number]


def _number(value: Value) -> float | None:
    """The value of a constant, if all its elements are the same."""
    op = owner(_origin(value))
    if op is None or op.name != "arith.constant":
        return None
    attribute = op.attributes["value"]
    if isinstance(attribute, ir.DenseElementsAttr) and attribute.is_splat:
        attribute = attribute.get_splat_value()
    return attribute.value if isinstance(attribute, ir.FloatAttr) else None


def _constant(op: Operation, depth: int) -> Range:
    number = _number(op.results[0])
    return Range() if number is None or number != number else Range(number, number)


def _limited(choose: Callable[[float, float], float]) -> Rule:
    """Of the larger or the smaller of two numbers."""

    def rule(op: Operation, depth: int) -> Range:
        a, b = (range_of(each, depth) for each in list(op.operands)[-2:])
        return Range(choose(a.least, b.least), choose(a.most, b.most))

    return rule


def _selected(op: Operation, depth: int) -> Range:
    """`x >= c ? x : c` is the larger of the two; of other choices it may be either."""
    condition, *chosen = map(_origin, op.operands)
    by = owner(condition)
    if by is not None and by.name == "arith.cmpf" and _origin(by.operands[0]) == chosen[0]:
        limit, predicate = _number(by.operands[1]), by.attributes["predicate"].value
        if limit is not None and limit == _number(chosen[1]) and predicate in _LIMITING:
            return _limited(_LIMITING[predicate])(op, depth)
    a, b = (range_of(each, depth) for each in chosen)
    return Range(min(a.least, b.least), max(a.most, b.most))


def _same(op: Operation, depth: int) -> Range:
    return range_of(op.operands[0], depth)


def _rounded(op: Operation, depth: int) -> Range:
    """Limits that are whole hold for what a number is rounded to as well."""
    within = range_of(op.operands[0], depth)
    is_whole = all(abs(each) < inf and each == int(each) for each in (within.least, within.most))
    return within if is_whole else Range()


_LIMITING = {
    **dict.fromkeys((arith.CmpFPredicate.OGE, arith.CmpFPredicate.OGT), max),
    **dict.fromkeys((arith.CmpFPredicate.OLE, arith.CmpFPredicate.OLT), min),
}
_RULES: dict[str, Rule] = {
    "arith.constant": _constant,
    "arith.select": _selected,
    **dict.fromkeys(("arith.maximumf", "arith.maxnumf"), _limited(max)),
    **dict.fromkeys(("arith.minimumf", "arith.minnumf"), _limited(min)),
    **dict.fromkeys(("math.roundeven", "math.round", "math.floor", "math.ceil", "math.trunc"), _rounded),
    **dict.fromkeys(("arith.extf", "tensor.expand_shape", "tensor.collapse_shape"), _same),
}
