"""Weights as IREE parameters: the leading arguments of `main` become named globals that the loader fills.

A parameter's bytes are not in the module; every target's module of a bundle refers to the same ones by name.
"""

from __future__ import annotations

from collections.abc import Iterable

from iree.compiler import ir

from webtensorc.iree.graph import main_function

SCOPE = "model"
"""Scope of every parameter, known to the loader."""


def bind(module: ir.Module, names: Iterable[str]) -> None:
    """Turn the first arguments of `@main`, one per name, into `util.global`s loaded from parameters of that name."""
    main = main_function(module.operation)
    body = main.regions[0].blocks[0]
    with module.context, main.location:
        for name in names:
            weight = body.arguments[0]
            symbol, stored = f"weight.{name}", _signless(weight.type)
            parameter = ir.Attribute.parse(f"#flow.parameter.named<{_quote(SCOPE)}::{_quote(name)}> : {stored}")
            ir.Operation.create(
                "util.global",
                attributes={
                    "sym_name": ir.StringAttr.get(symbol),
                    "sym_visibility": ir.StringAttr.get("private"),
                    "type": ir.TypeAttr.get(stored),
                    "initial_value": parameter,
                },
                ip=ir.InsertionPoint(main),
            )
            load = ir.Operation.create(
                "util.global.load",
                results=[stored],
                attributes={"global": ir.FlatSymbolRefAttr.get(symbol)},
                ip=ir.InsertionPoint.at_block_begin(body),
            )
            value = load.result
            if stored != weight.type:
                behind = ir.InsertionPoint(body.operations[1])
                value = ir.Operation.create("stablehlo.bitcast_convert", [weight.type], [value], ip=behind).result
            weight.replace_all_uses_with(value)
            body.erase_argument(0)
        _forget_erased_arguments(main, body)


def _signless(kind: ir.Type) -> ir.Type:
    """The type without a sign, if it has one: globals cannot."""
    tensor = ir.RankedTensorType(kind)
    element = tensor.element_type
    if not isinstance(element, ir.IntegerType) or element.is_signless:
        return kind
    return ir.RankedTensorType.get(tensor.shape, ir.IntegerType.get_signless(element.width))


def _forget_erased_arguments(main: ir.Operation, body: ir.Block) -> None:
    """Make the function's type and argument attributes agree with its entry block again."""
    results = ir.FunctionType(ir.TypeAttr(main.attributes["function_type"]).value).results
    inputs = [argument.type for argument in body.arguments]
    if "arg_attrs" in main.attributes:
        kept = list(ir.ArrayAttr(main.attributes["arg_attrs"]))[-len(inputs) :] if inputs else []
        main.attributes["arg_attrs"] = ir.ArrayAttr.get(kept)
    main.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(inputs, results))


def _quote(text: str) -> str:
    """An MLIR string literal; bytes outside printable ASCII as two hexadecimal digits."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02X}" for b in text.encode()) + '"'
