"""Keep floats of 4 bits, and exponents of 8, as their codes in a byte each, and compute with them in float32.

The native compiler has no storage for `f4E2M1FN` and no arithmetic on `f8E8M0FNU`. What only moves elements moves
codes (`ui8`), and all other operations work on `f32` between decoding and encoding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import ml_dtypes
import numpy as np
from iree.compiler import ir

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.iree import mlir
from webtensorc.iree.graph import main_function
from webtensorc.iree.mlir import Array, Operation, Type, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._float_codes import BODIES

_DTYPES = {"f4E2M1FN": ml_dtypes.float4_e2m1fn, "f8E8M0FNU": ml_dtypes.float8_e8m0fnu}
_MOVES = {"func.call", "func.func", "func.return"} | {
    f"stablehlo.{name}"
    for name in (
        *("broadcast_in_dim", "case", "concatenate", "constant", "dynamic_broadcast_in_dim", "dynamic_gather"),
        *("dynamic_pad", "dynamic_reshape", "dynamic_slice", "dynamic_update_slice", "gather", "get_dimension_size"),
        *("if", "optimization_barrier", "pad", "real_dynamic_slice", "reshape", "return", "reverse", "scatter"),
        *("select", "slice", "transpose", "while"),
    )
}
"""Operations that do not look at elements. (The reduction inside a `scatter` is an operation of its own.)"""

Names = Sequence[str | None]


@dataclass(frozen=True)
class EncodeSmallFloats(Pass):
    """Replace the floating-point types that cannot be stored by codes of 8 bits."""

    name: ClassVar[str] = "encode-small-floats"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that had operands or results of such types.

        Raises:
            UnsupportedError: an operation that cannot be expressed this way.
        """
        touched = [op for op in _walk(module) if any(map(_small, _types(op)))]
        names = [([_small(v.type) for v in op.operands], [_small(v.type) for v in op.results]) for op in touched]
        for op in touched:
            _retype(op)
        for op, (operands, results) in zip(touched, names, strict=True):
            _legalise(op, operands, results)
        _store(context.weights)
        return len(touched)


def _walk(module: Operation) -> list[Operation]:
    found: list[Operation] = []

    def visit(op: Any) -> Any:
        found.append(op.operation)
        return ir.WalkResult.ADVANCE

    module.walk(visit)
    return found


def _arguments(op: Operation) -> list[Value]:
    return [argument for region in op.regions for block in region.blocks for argument in block.arguments]


def _types(op: Operation) -> list[Type]:
    if op.name == "func.func":
        kind = op.attributes["function_type"].value
        return [*kind.inputs, *kind.results]
    return [value.type for value in (*op.operands, *op.results, *_arguments(op))]


def _small(kind: Type) -> str | None:
    """The element type's name if it is one of those that this pass is about."""
    name = str(kind.element_type) if isinstance(kind, ir.RankedTensorType) else ""
    return name if name in _DTYPES else None


def _code(kind: Type) -> Type:
    """The type that `kind` is stored as."""
    return _with_element(kind, "ui8") if _small(kind) else kind


def _with_element(kind: Type, element: str) -> Type:
    found = ir.Type.parse(element, kind.context)
    return ir.RankedTensorType.get(list(kind.shape), found, loc=ir.Location.unknown(kind.context))


def _store(weights: Mapping[str, Array]) -> None:
    """Give the weights the types that the arguments have now."""
    for name, array in weights.items():
        if array.dtype.type in _DTYPES.values():
            cast(MutableMapping[str, Array], weights)[name] = array.view(np.uint8)


def _retype(op: Operation) -> None:
    """Give results and block arguments their new types, and constants and signatures with them."""
    for value in (*op.results, *_arguments(op)):
        if _small(value.type):
            value.set_type(_code(value.type))
    if op.name == "func.func":
        old = op.attributes["function_type"].value
        kind = ir.FunctionType.get(list(map(_code, old.inputs)), list(map(_code, old.results)), op.context)
        op.attributes["function_type"] = ir.TypeAttr.get(kind, op.context)
    if op.name == "stablehlo.constant":
        op.attributes["value"] = _constant(op.attributes["value"])


def _constant(attribute: Any) -> Any:
    """The attribute with codes for numbers; the bindings have no accessor for such elements, text has."""
    text = str(attribute).rpartition(" : ")[0]
    if '"0x' not in text:  # bytes are codes already
        dtype = _DTYPES[str(attribute.type.element_type)]
        number = r"-?\d+\.\d+(e[+-]\d+)?"
        text = re.sub(number, lambda found: str(np.asarray(float(found[0]), dtype).view(np.uint8)), text)
    return ir.Attribute.parse(f"{text} : {_code(attribute.type)}", attribute.type.context)


def _legalise(op: Operation, operands: Names, results: Names) -> None:
    """Make an operation right, whose operands and results had the types named."""
    if op.name == "stablehlo.bitcast_convert":
        if list(op.operands[0].type.shape) != list(op.results[0].type.shape):
            _refuse(op)
        if op.operands[0].type == op.results[0].type:
            mlir.replace(op, [op.operands[0]])
    elif op.name not in _MOVES:
        if len(op.regions):
            _refuse(op)
        _compute_in_f32(op, operands, results)


def _refuse(op: Operation) -> None:
    reason = f"is not supported for elements of type {' and '.join(_DTYPES)}"
    raise UnsupportedError(f"`{op.name}` {reason}", (Unsupported(op.name, reason, ()),), place=str(op.location))


def _compute_in_f32(op: Operation, operands: Names, results: Names) -> None:
    for index, name in enumerate(operands):
        if name:
            op.operands[index] = _call(f"decode_{name}", op.operands[index], "f32", op)
    for value, name in zip(op.results, results, strict=True):
        if name:
            value.set_type(_with_element(value.type, "f32"))
            uses = [(use.owner.operation, use.operand_number) for use in value.uses]
            block = [each.operation for each in op.block.operations]
            code = _call(f"encode_{name}", value, "ui8", block[block.index(op) + 1])
            for user, index in uses:
                user.operands[index] = code


def _call(helper: str, value: Value, element: str, before: Operation) -> Value:
    """The result of a helper function on `value`; the function is added to the module where it is missing."""
    kind = value.type
    shape = "".join("?x" if kind.is_dynamic_dim(axis) else f"{size}x" for axis, size in enumerate(kind.shape))
    target = _with_element(kind, element)
    name = f"{helper}_{shape.replace('?', 'any')}"
    module = before
    while module.name != "builtin.module":
        module = module.parent.operation
    if not any(mlir.symbol(each.operation) == name for each in module.regions[0].blocks[0].operations):
        body = BODIES[helper] if kind.has_static_shape else _of_open_size(BODIES[helper], kind.rank)
        body = body.replace("T<", f"tensor<{shape}")
        text = f"func.func private @{name}(%x: {kind}) -> {target} {{{body}\n  return %y : {target}\n}}"
        made = ir.Module.parse(text, context=module.context)
        for each in _walk(made.operation):
            each.location = before.location
        made.body.operations[0].operation.clone(ir.InsertionPoint(main_function(module)))
    callee = ir.FlatSymbolRefAttr.get(name, module.context)
    return mlir.create("func.call", [value], [target], {"callee": callee}, before=before).result


def _of_open_size(body: str, rank: int) -> str:
    """The body for a tensor of open size: its constants are numbers, broadcast to the size of `%x`."""
    element = re.search(r"%x : (?:\()?T<(\w+)>", body)[1]  # type: ignore[index]
    lines = []
    for axis in range(rank):
        lines += [
            f"%d{axis} = stablehlo.get_dimension_size %x, dim = {axis} : (T<{element}>) -> tensor<i32>",
            f"%l{axis} = stablehlo.reshape %d{axis} : (tensor<i32>) -> tensor<1xi32>",
        ]
    sizes = ", ".join(f"%l{axis}" for axis in range(rank))
    kinds = ", ".join(["tensor<1xi32>"] * rank)
    lines.append(f"%sizes = stablehlo.concatenate {sizes}, dim = 0 : ({kinds}) -> tensor<{rank}xi32>")
    number = (
        r"\1_number = stablehlo.constant \2 : tensor<\3>\n  "
        r"\1 = stablehlo.dynamic_broadcast_in_dim \1_number, %sizes, dims = [] "
        rf": (tensor<\3>, tensor<{rank}xi32>) -> T<\3>"
    )
    constant = r"(%\w+) = stablehlo\.constant (dense<[^>]*>) : T<(\w+)>"
    return "".join(f"\n  {line}" for line in lines) + re.sub(constant, number, body)
