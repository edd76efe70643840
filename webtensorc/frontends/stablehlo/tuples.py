"""Tuples, in which older exports return the results of a call: take them apart."""

from __future__ import annotations

from typing import Any

from jaxlib.mlir import ir

from webtensorc.frontends.stablehlo.inline import nested, replace


def flatten(function: Any) -> None:
    """Let custom calls below `function` return tensors instead of one tuple, and drop tuples that are taken apart."""
    for call in _named(function, "stablehlo.custom_call"):
        if len(call.results) == 1 and isinstance(call.results[0].type, ir.TupleType):
            _flatten(call)
    for element in _named(function, "stablehlo.get_tuple_element"):
        owner = element.operands[0].owner
        if not isinstance(owner, ir.Block) and owner.name == "stablehlo.tuple":
            replace(element, [owner.operands[element.attributes["index"].value]])
    for made in reversed(_named(function, "stablehlo.tuple")):
        if not list(made.results[0].uses):
            made.erase()


def _flatten(call: Any) -> None:
    kind = ir.TupleType(call.results[0].type)
    attributes = {named.name: named.attr for named in map(call.attributes.__getitem__, range(len(call.attributes)))}
    with ir.InsertionPoint(call), call.location:
        made = ir.Operation.create(
            call.name,
            results=[kind.get_type(index) for index in range(kind.num_types)],
            operands=list(call.operands),
            attributes={
                name: value for name, value in attributes.items() if name not in ("xla_shape", "result_layouts")
            },
        )
        whole = ir.Operation.create("stablehlo.tuple", results=[kind], operands=list(made.results))
    replace(call, [whole.result])


def _named(function: Any, name: str) -> list[Any]:
    return [operation for operation in nested(function.operation) if operation.name == name]
