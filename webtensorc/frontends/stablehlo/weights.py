"""Build the final `main`: big constants become arguments, then the inputs; names become locations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import func

from webtensorc.frontends.stablehlo import names
from webtensorc.frontends.stablehlo.inline import nested, replace
from webtensorc.frontends.stablehlo.tensor_types import constant_array, resource_blobs

LIMIT = 4096
"""Bytes up to which a constant stays in the graph: enough for shape and table constants, too little for weights."""

_NAME = re.compile(r"[A-Za-z_][\w.:/\[\]-]*")


def lift(function: Any, input_names: Sequence[str], leading: int) -> dict[str, np.ndarray[Any, Any]]:
    """Replace `function` by a function `main` whose arguments are the lifted constants and then the inputs.

    The first `leading` arguments must have no uses left; they are dropped. Attributes of the function, its arguments
    and results are dropped with it: sharding, donation and layout hints mean nothing to one device.

    Returns:
        The constants by name, in argument order: the name in the constant's location if it has a plain one
        (`loc("w")`), else `constant_0`, `constant_1`, ... in order of appearance. Equal constants are one weight.
    """
    found = _big_constants(function)
    labels = _labels([operations[0] for operations, _ in found], input_names)
    old = function.regions[0].blocks[0]
    inputs = list(old.arguments)[leading:]
    kinds = [operations[0].results[0].type for operations, _ in found] + [argument.type for argument in inputs]
    locations = [ir.Location.name(name) for name in (*labels, *input_names)]
    with ir.InsertionPoint(function), ir.Location.unknown():
        made = func.FuncOp("main", ir.FunctionType.get(kinds, list(function.type.results)), visibility="public")
        block = made.add_entry_block(arg_locs=locations)
    for operation in list(old):
        block.append(operation)
    arguments = list(block.arguments)
    for (operations, _), argument in zip(found, arguments, strict=False):
        for operation in operations:
            replace(operation, [argument])
    for before, after in zip(inputs, arguments[len(found) :], strict=True):
        before.replace_all_uses_with(after)
    function.operation.erase()
    return {label: array for label, (_, array) in zip(labels, found, strict=True)}


def _big_constants(function: Any) -> list[tuple[list[Any], np.ndarray[Any, Any]]]:
    """Constants of weight size that are used, equal ones together, in order of appearance."""
    groups: dict[int, list[tuple[list[Any], np.ndarray[Any, Any]]]] = {}
    found = []
    resources = resource_blobs(function.operation.parent)
    for operation in nested(function.operation):
        if operation.name != "stablehlo.constant" or not any(True for _ in operation.results[0].uses):
            continue
        array = constant_array(operation, LIMIT, resources)
        if array is None:
            continue
        same = groups.setdefault(hash((array.shape, array.dtype.str, array.tobytes()[:64])), [])
        for operations, other in same:
            if other.dtype == array.dtype and other.shape == array.shape and other.tobytes() == array.tobytes():
                operations.append(operation)
                break
        else:
            same.append(([operation], array))
            found.append(same[-1])
    return found


def _labels(operations: Sequence[Any], taken: Sequence[str]) -> list[str]:
    given = [names.location_name(operation.location) for operation in operations]
    plain = [name if name and _NAME.fullmatch(name) and "jit(" not in name else None for name in given]
    wanted = [
        name if name is not None and plain.count(name) == 1 else f"constant_{number}"
        for number, name in enumerate(plain)
    ]
    return names.unique(wanted, taken)


def clean(module: Any) -> None:
    """Drop what does not belong to the computation: other functions, the module's name, hints, paths and lines.

    Locations keep their names (`jit(f)/dot_general`), so a message can say which operation is meant, but the same
    function gives the same bytes wherever its source lies.
    """
    for operation in list(module.body):
        if operation.operation.name != "func.func" or operation.name.value != "main":
            operation.operation.erase()
    attributes = module.operation.attributes
    for key in list(attributes):
        del attributes[key]
    module.operation.location = ir.Location.unknown()
    for operation in nested(module.operation):
        operation.location = _plain(operation.location)
        hints = [key for key in operation.attributes if "." in key]
        for key in hints:
            del operation.attributes[key]
        if operation.name == "func.func":
            continue  # `lift` named its arguments
        for region in operation.regions:
            for block in region:
                for argument in block.arguments:  # the short text form of a reduction does not keep these
                    argument.set_location(ir.Location.unknown())


def _plain(location: Any) -> Any:
    name = names.location_name(location)
    return ir.Location.name(name) if name else ir.Location.unknown()
