"""Widen signed bytes in SPIR-V kernels by their unsigned value, (x + 128) - 128 with the sum in a byte.

Kernels in vectors load eight bytes and more as words, and the native compiler (IREE 3.13) takes each byte out of its
word with a mask and a shift, also where its sign is to be kept: -1 becomes 255. So it is with integers of 16 bits. The
unsigned value of x with its highest bit flipped is x + 128, of which 128 is taken in wide integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import VECTORS, translated
from webtensorc_passes.tiling._vulkan import kernels

_NARROW = ("i8", "i16")


@dataclass(frozen=True)
class SignedBytes(Pass):
    """Keep the signs of bytes and of 16-bit integers that SPIR-V kernels load in words."""

    name: ClassVar[str] = "signed-bytes"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 20  # behind what takes kernels out of vectors

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of conversions that go by the unsigned value."""
        changes = 0
        for function in (each for kernel in kernels(module) for each in translated(kernel, VECTORS)):
            for generic in [op for op in mlir.nested(function) if op.name == "linalg.generic"]:
                for op in [op for op in mlir.nested(generic) if op.name in ("arith.extsi", "arith.sitofp")]:
                    if str(op.operands[0].type) in _NARROW:
                        _widen(op)
                        changes += 1
        return changes


def _widen(op: Operation) -> None:
    """Replace a conversion of a signed narrow integer by the way over its unsigned value."""
    narrow, wide = str(op.operands[0].type), str(op.results[0].type)
    half = 1 << (int(narrow[1:]) - 1)
    through = wide if op.name == "arith.extsi" else "i32"
    last = "" if op.name == "arith.extsi" else f"%float = arith.sitofp %signed : i32 to {wide}"
    text = f"""
      func.func @widen(%x: {narrow}) -> {wide} {{
        %half = arith.constant {-half} : {narrow}
        %flipped = arith.xori %x, %half : {narrow}
        %unsigned = arith.extui %flipped : {narrow} to {through}
        %taken = arith.constant {half} : {through}
        %signed = arith.subi %unsigned, %taken : {through}
        {last}
        return {"%float" if last else "%signed"} : {wide}
      }}"""
    mlir.replace(op, mlir.splice(text, [op.operands[0]], before=op))
