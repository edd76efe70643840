"""Integer divisions among sizes, by what may turn out to be 0.

Shape refinement computes what is known, and divides by a 0 as the processor does: the end of the process (SIGFPE).
"""

from __future__ import annotations

import re
from typing import Any

from jaxlib.mlir import ir

from webtensorc.frontends.stablehlo.inline import nested

_ZERO = re.compile(r"[<\[ ]0[\],>]")
_DIVISIONS = ("stablehlo.divide", "stablehlo.remainder")


def guard(module: Any) -> None:
    """Let divisions that may be computed while compiling give for 0 what compiled models do, without dividing by it.

    That is all bits set, and for a remainder the dividend. Divisions of data are left alone: nothing computes them.
    """
    known: dict[Any, bool] = {}
    for operation in nested(module.operation):
        known |= dict.fromkeys(operation.results, _is_known(operation, known))
        if operation.name in _DIVISIONS and known[operation.results[0]] and not _is_safe(operation):
            _guard(operation)


def _is_known(operation: Any, known: dict[Any, bool]) -> bool:
    """Whether an operation's results follow from sizes, if these are known."""
    if operation.name == "stablehlo.get_dimension_size":
        return True
    return not operation.regions and all(known.get(each, False) for each in operation.operands)


def _is_safe(operation: Any) -> bool:
    """Whether the operation is no integer one, or its divisor a constant without a 0."""
    divisor = operation.operands[1]
    if not isinstance(ir.ShapedType(divisor.type).element_type, ir.IntegerType):
        return True
    made = divisor.owner
    if isinstance(made, ir.Block) or made.name != "stablehlo.constant":
        return False
    written = str(made.attributes["value"])  # of any number of bits, which arrays have not; large ones in hexadecimal
    return '"' not in written and not _ZERO.search(written)


def _guard(operation: Any) -> None:
    dividend, divisor = operation.operands
    with ir.InsertionPoint(operation), operation.location:
        zero = _made("stablehlo.subtract", divisor, divisor)
        equal = {"comparison_direction": ir.Attribute.parse("#stablehlo<comparison_direction EQ>")}
        kind = ir.ShapedType(divisor.type)
        truths = ir.RankedTensorType.get(kind.shape, ir.IntegerType.get_signless(1))
        is_zero = _made("stablehlo.compare", divisor, zero, kind=truths, attributes=equal)
        one = _made("stablehlo.convert", is_zero, kind=divisor.type)
        other = _made("stablehlo.not", zero) if operation.name == "stablehlo.divide" else dividend
        quotient = _made(operation.name, dividend, _made("stablehlo.add", divisor, one))
        operation.results[0].replace_all_uses_with(_made("stablehlo.select", is_zero, other, quotient, kind=other.type))
    operation.erase()


def _made(name: str, *operands: Any, kind: Any = None, attributes: Any = None) -> Any:
    kinds = [operands[0].type if kind is None else kind]
    return ir.Operation.create(name, results=kinds, operands=operands, attributes=attributes or {}).result
