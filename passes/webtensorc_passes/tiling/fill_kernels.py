"""Put the code of generated kernels where it is called.

`generate-kernels` leaves it as an attribute, which costs the native compiler's phases for whole programs nothing; from
here on executables are lowered, and need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from webtensorc_kernels.executable import BODY

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FillKernels(Pass):
    """Replace the call in every generated kernel by the code."""

    name: ClassVar[str] = "fill-kernels"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels."""
        kernels = [op for op in mlir.nested(module) if op.name == "func.func" and BODY in op.attributes]
        for kernel in kernels:
            _fill(kernel)
        return len(kernels)


def _fill(kernel: Operation) -> None:
    parsed = ir.Module.parse(kernel.attributes[BODY].value, kernel.context)
    (code,) = (op.operation for op in parsed.body.operations)
    (call,) = (op for op in mlir.nested(kernel) if op.name == "func.call")
    (block,) = code.regions[0].blocks
    for argument, operand in zip(block.arguments, call.operands, strict=True):
        argument.replace_all_uses_with(operand)
    *body, _ = block.operations
    for op in body:
        op.operation.move_before(call)
    call.erase()
    (declaration,) = (
        op.operation
        for op in kernel.parent.regions[0].blocks[0].operations
        if op.operation.attributes["sym_name"] == code.attributes["sym_name"]
    )
    declaration.erase()
    del kernel.attributes[BODY]
