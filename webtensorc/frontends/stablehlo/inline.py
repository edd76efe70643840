"""One function out of many: inline calls, choose the branch of known conditions.

The `inline` pass of the bindings does not know `func.call`, so calls are inlined here.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext

from webtensorc.errors import InvalidFileError


def nested(operation: Any) -> list[Any]:
    """All operations below `operation`, in order, outer before inner."""
    found = []
    for region in operation.regions:
        for block in region:
            for inner in block:
                found.append(inner.operation)
                found += nested(inner.operation)
    return found


def inline_calls(function: Any, symbols: Any, file: str | None) -> None:
    """Replace every `func.call` below `function` by the body of its callee, to any depth.

    Raises:
        InvalidFileError: a callee is missing, recursive, or has several blocks.
    """
    _inline_into(function.operation, symbols, (), file)


def _inline_into(operation: Any, symbols: Any, stack: tuple[str, ...], file: str | None) -> None:
    for call in [inner for inner in nested(operation) if inner.name == "func.call"]:
        name = ir.FlatSymbolRefAttr(call.attributes["callee"]).value
        if name in stack:
            raise InvalidFileError(f"function @{name} calls itself; StableHLO has no recursion", file=file)
        if name not in symbols or len(symbols[name].regions[0].blocks) != 1:
            raise InvalidFileError(f"the called function @{name} has no body of one block", file=file)
        callee = symbols[name].operation
        _inline_into(callee, symbols, (*stack, name), file)
        with ir.InsertionPoint(call), call.location:
            values = _jax_mlir_ext.inlined_func_call(callee, list(call.operands))
        replace(call, list(values))


def replace(operation: Any, values: list[Any]) -> None:
    """Give `operation`'s uses to `values` and erase it."""
    for result, value in zip(operation.results, values, strict=True):
        result.replace_all_uses_with(value)
    operation.erase()


def choose_known_branches(block: Any) -> None:
    """Replace each `stablehlo.case` and `stablehlo.if` on a constant by the branch it takes.

    jax.export writes one branch per platform; the platform is known by now.
    """
    queue = deque(inner.operation for inner in block)
    while queue:
        operation = queue.popleft()
        chosen = _chosen_branch(operation)
        if chosen is None:
            for region in operation.regions:
                for below in region:
                    choose_known_branches(below)
            continue
        body = [inner.operation for inner in chosen]
        values = list(body[-1].operands)
        for inner in body[:-1]:
            inner.move_before(operation)
        replace(operation, values)
        queue.extendleft(reversed(body[:-1]))


def _chosen_branch(operation: Any) -> Any | None:
    if operation.name not in ("stablehlo.case", "stablehlo.if"):
        return None
    index = _constant_scalar(operation.operands[0])
    if index is None:
        return None
    branches = list(operation.regions)
    if operation.name == "stablehlo.if":
        return branches[0 if index else 1].blocks[0]
    return branches[index if 0 <= index < len(branches) else -1].blocks[0]


def _constant_scalar(value: Any) -> int | None:
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name != "stablehlo.constant":
        return None
    attribute = owner.operation.attributes["value"]
    array = np.asarray(attribute)
    return int(array.item()) if array.size == 1 else None
