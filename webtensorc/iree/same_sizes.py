"""One number for the sizes of inputs that have one name.

The loader has checked that they are equal, but to the native compiler they come from several places. A loop that begins
with a tensor of one of these sizes and goes on with one of the other is then one that changes a size: it carries the
size, which IREE 3.13 mixes up with what else is carried (`gammainc` of two inputs of open length).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webtensorc.iree import mlir

__all__ = ["merge"]


def merge(module: Any, shapes: Sequence[Sequence[int | str]]) -> None:
    """Read each open size from the first input that has it.

    Args:
        module: what has just passed the phase `abi`, where sizes are read from the arguments of `@main`.
        shapes: those of the inputs; a size that is open is text.
    """
    known: dict[str, Any] = {}
    for op in [op for op in mlir.nested(module) if op.name == "hal.buffer_view.dim"]:
        name = shapes[op.operands[0].arg_number][mlir.integer(op, "index", 0)]
        if isinstance(name, str) and name in known:
            mlir.replace(op, [known[name]])
        elif isinstance(name, str):
            known[name] = op.results[0]
