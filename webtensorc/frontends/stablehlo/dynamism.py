"""Operations of dynamic size as JAX writes them, with what is known of them made explicit."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext

from webtensorc.frontends.detect import Format
from webtensorc.frontends.stablehlo import inline, signature, source
from webtensorc.frontends.stablehlo.inline import nested

DYNAMIC_REDUCE_WINDOW = "stablehlo.dynamic_reduce_window"
WINDOWS = "webtensorc.windows"
"""A custom call with the operands of `DYNAMIC_REDUCE_WINDOW` for one tensor, which gives all its windows.

The result has the dimensions of the window's places, then those of the window.
"""


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
    Window reductions of dynamic size call a reducer function; its operation goes into `backend_config`, or several
    operations into a reduction of what `WINDOWS` gives.
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
    reducer = symbols[ir.FlatSymbolRefAttr(name).value]
    inline.inline_calls(reducer, symbols, None)
    body = list(reducer.regions[0].blocks[0])
    if len(body) == 2:
        call.attributes["backend_config"] = ir.StringAttr.get(body[0].operation.name)
        del call.attributes["called_computations"]
    else:
        _spell_out(call, reducer)


def _spell_out(call: Any, reducer: Any) -> None:
    """A reduction by several operations as one of all windows, which a custom call lays out: see `WINDOWS`."""
    count = len(call.results)
    operands, inits, how = (list(call.operands)[start:end] for start, end in ((0, count), (count, -5), (-5, None)))
    extents = [_extent(how[0], axis) for axis in range(ir.RankedTensorType(operands[0].type).rank)]
    with ir.InsertionPoint(call), call.location:
        laid = []
        for operand, init, result in zip(operands, inits, call.results, strict=True):
            kind = ir.RankedTensorType(result.type)
            kind = ir.RankedTensorType.get([*kind.shape, *extents], kind.element_type)
            attributes = {"call_target_name": ir.StringAttr.get(WINDOWS)}
            laid.append(_create("stablehlo.custom_call", [operand, init, *how], [kind], attributes).result)
        axes = ir.DenseI64ArrayAttr.get(range(len(extents), 2 * len(extents)))
        kinds = [result.type for result in call.results]
        made = _create("stablehlo.reduce", [*laid, *inits], kinds, {"dimensions": axes}, regions=1)
        block = made.regions[0].blocks.append(*(init.type for init in (*inits, *inits)))
        with ir.InsertionPoint(block):
            found = _jax_mlir_ext.inlined_func_call(reducer.operation, list(block.arguments))
            _create("stablehlo.return", list(found), [])
    inline.replace(call, list(made.results))


def _create(name: str, operands: list[Any], kinds: list[Any], attributes: Any = None, regions: int = 0) -> Any:
    return ir.Operation.create(name, results=kinds, operands=operands, attributes=attributes or {}, regions=regions)


def _extent(sizes: Any, axis: int) -> int:
    """An element of a tensor of sizes, where it is a constant."""
    made = sizes.owner
    if isinstance(made, ir.Block) or made.name != "stablehlo.constant":
        return int(ir.ShapedType.get_dynamic_size())
    return int(np.asarray(made.operation.attributes["value"])[axis])
