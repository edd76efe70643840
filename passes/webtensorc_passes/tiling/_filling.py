"""Putting the code of generated kernels where it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from iree.compiler import ir
from webtensorc_kernels.executable import BODY

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value

__all__ = ["fill", "fill_known"]


def fill(operations: Iterable[Operation]) -> int:
    """Replace the call in every generated kernel among `operations` by its code; the number of kernels."""
    kernels = [op for op in operations if op.name == "func.func" and BODY in op.attributes]
    for kernel in kernels:
        _fill(kernel)
    return len(kernels)


def fill_known(module: Any) -> None:
    """Fill the kernels whose operands are constants: the native compiler runs them, in a program of their own."""
    symbols = ir.SymbolTable(module)
    for op in _known_dispatches(module):
        (entry,) = op.attributes["entry_points"]
        fill(mlir.nested(symbols[ir.SymbolRefAttr(entry).value[0]].operation))


def _known_dispatches(module: Any) -> Iterator[Operation]:
    for function in (op.operation for op in module.regions[0].blocks[0].operations):
        if function.name in ("util.func", "func.func"):
            unknown = set(_arguments(function))
            for op in mlir.nested(function):
                if any(operand in unknown for inner in (op, *mlir.nested(op)) for operand in inner.operands):
                    unknown.update(op.results, _arguments(op))
                elif op.name == "flow.dispatch":
                    yield op


def _arguments(op: Operation) -> list[Value]:
    return [argument for region in op.regions for block in region.blocks for argument in block.arguments]


def _fill(kernel: Operation) -> None:
    (call,) = (op for op in mlir.nested(kernel) if op.name == "func.call")
    mlir.splice(kernel.attributes[BODY].value, list(call.operands), before=call)
    (declaration,) = (
        op.operation
        for op in kernel.parent.regions[0].blocks[0].operations
        if mlir.symbol(op.operation) == call.attributes["callee"].value
    )
    call.erase()
    declaration.erase()
    del kernel.attributes[BODY]
