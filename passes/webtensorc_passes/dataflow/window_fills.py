"""Begin windows with a fill, where the native compiler has written a loop that copies one number.

    generic(number) outs(init)  ->  fill(number) outs(init)

Windows over padded images come so from StableHLO. On GPUs the loop is fused with the window, and what it has then made
of the result's memory is copied into a buffer that nothing allocates: "failed to bufferize".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._structured import forwards, scalar_constant

__all__ = ["WindowFills"]


@dataclass(frozen=True)
class WindowFills(Pass):
    """Replace loops that copy a constant number to where a reduction begins by `linalg.fill`."""

    name: ClassVar[str] = "window-fills"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of loops that became fills."""
        found = [op for op in mlir.nested(module) if _begins_a_reduction(op)]
        for op in found:
            target = op.operands[1]
            text = f"""
                func.func @fill(%target: {target.type}) -> {target.type} {{
                  %number = arith.constant {_number(op)}
                  %filled = linalg.fill ins(%number : {target.type.element_type})
                    outs(%target : {target.type}) -> {target.type}
                  return %filled : {target.type}
                }}"""
            mlir.replace(op, mlir.splice(text, [target], before=op))
        return len(found)


def _number(op: Any) -> str | None:
    """The number that is copied, as `arith.constant` takes it; None if it is none, or complex."""
    number = scalar_constant(op.operands[0])
    return None if number is None or "complex" in number else number.removesuffix(" : i1")


def _begins_a_reduction(op: Any) -> bool:
    if op.name != "linalg.generic" or len(op.operands) != 2 or not mlir.is_static_tensor(op.results[0]):
        return False
    if not forwards(op) or _number(op) is None:
        return False
    users = mlir.users(op.results[0])
    return bool(users) and all(
        user.name == "linalg.generic" and list(user.operands)[-1] == op.results[0] for user in users
    )
