"""Operations of dynamic size as JAX writes them, with what is known of them made explicit."""

from __future__ import annotations

from typing import Any

from jaxlib.mlir import ir

from webtensorc.frontends.detect import Format
from webtensorc.frontends.stablehlo import inline, signature, source
from webtensorc.frontends.stablehlo.inline import nested

DYNAMIC_REDUCE_WINDOW = "stablehlo.dynamic_reduce_window"


def module_of(exported: Any) -> Any:
    """The StableHLO of a `jax.export.Exported` as one function `main`, prepared, in the current context."""
    module = source.parse(bytes(exported.mlir_module_serialized), Format.PORTABLE_ARTIFACT, None, "reading a trace")
    main = signature.public_function(module, None)
    source.run_passes(module, source.COMPOSITES_TO_CALLS)
    inline.inline_calls(main, ir.SymbolTable(module.operation), None)
    prepare(module, main)
    for operation in list(module.body):
        if operation.operation != main.operation:
            operation.operation.erase()
    return module


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
