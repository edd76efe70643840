"""Operations of dynamic size as JAX writes them, with what is known of them made explicit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jaxlib.mlir import ir
from webtensorc_runtime.dims import Bounds

from webtensorc.errors import UnsupportedError, UsageError
from webtensorc.frontends.stablehlo.inline import nested

DYNAMIC_REDUCE_WINDOW = "stablehlo.dynamic_reduce_window"


def prepare(module: Any, function: Any) -> None:
    """Note in operations what JAX knows and does not write; to be called before other functions are dropped.

    Broadcasts: a dimension that is broadcast is 1 at trace time; an open one is never broadcast by JAX.
    Window reductions of dynamic size call a reducer function; its operation goes into `backend_config`.
    Assertions about shapes go, because the loader checks sizes before it calls.
    """
    symbols = ir.SymbolTable(module.operation)
    for operation in nested(function.operation):
        if operation.name == "stablehlo.dynamic_broadcast_in_dim":
            _never_expand(operation)
        elif operation.name == "stablehlo.custom_call":
            target = operation.attributes["call_target_name"].value
            if target == "shape_assertion":
                operation.erase()
            elif target == DYNAMIC_REDUCE_WINDOW:
                _name_reducer(operation, symbols)


_CONSTRAINT = re.compile(r"symbolic shape constraint (.*?)\. Expected '")
_BOUND = re.compile(r"([^\W\d]\w*) *(>=|<=) *(\d+)")


def within_constraints(function: Any, dims: Sequence[Bounds], file: str | None) -> tuple[Bounds, ...]:
    """Bounds that keep the constraints of the export's symbolic scope, which its assertions state.

    Raises:
        UnsupportedError: a constraint that is no bound of one dimension.
        UsageError: no size keeps both the constraints and `dims`.
    """
    found = {each.name: each for each in dims}
    for call in [each for each in nested(function.operation) if each.name == "stablehlo.custom_call"]:
        message = str(call.attributes["error_message"].value) if "error_message" in call.attributes else ""
        constraint = _CONSTRAINT.search(message)
        if constraint is None:
            continue
        bound = _BOUND.fullmatch(constraint[1].strip())
        if bound is None:
            raise UnsupportedError(
                f"the export demands `{constraint[1]}`, which is checked for fixed sizes only",
                file=file,
                hint=f"fix its dimensions: {' '.join(f'--dim {each.name}=1' for each in dims)}",
            )
        name, sign, number = bound[1], bound[2], int(bound[3])
        if name in found:
            found[name] = _narrowed(found[name], sign, number, file)
    return tuple(found.values())


def _narrowed(bounds: Bounds, sign: str, number: int, file: str | None) -> Bounds:
    if sign == ">=":
        made = replace(bounds, least=max(bounds.least, number))
    else:
        made = replace(bounds, most=number if bounds.most is None else min(bounds.most, number))
    if made.most is not None and made.most < made.least:
        raise UsageError(f"dimension `{bounds.name}` cannot be {bounds.range}: it is {sign} {number}", file=file)
    return made


def _never_expand(operation: Any) -> None:
    kind = ir.RankedTensorType(operation.operands[0].type)
    axes = [axis for axis in range(kind.rank) if kind.is_dynamic_dim(axis)]
    operation.attributes["known_nonexpanding_dimensions"] = ir.DenseI64ArrayAttr.get(axes)


def _name_reducer(call: Any, symbols: Any) -> None:
    if "called_computations" not in call.attributes:
        return
    (name,) = call.attributes["called_computations"]
    body = list(symbols[ir.FlatSymbolRefAttr(name).value].regions[0].blocks[0])
    if len(body) == 2:
        call.attributes["backend_config"] = ir.StringAttr.get(body[0].operation.name)
        del call.attributes["called_computations"]
