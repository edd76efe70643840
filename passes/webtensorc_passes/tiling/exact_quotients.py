"""Correct the quotients that SPIR-V kernels round to integers.

Vulkan allows a division to be off by 2.5 units in the last place ("Precision and Operation of SPIR-V Instructions"),
and devices use that; sums and products are rounded correctly. A number that is quantised is divided by a scale and
rounded to an integer: where the quotient lies half between two of them, one unit makes another integer of it. Where it
is rounded down, or cut off, six divided by three may become one.

What is left of the dividend, `a - q b`, is a float32, and its quotient by `b` is what `q` is off by. Whether a device
rounds `q b` before it subtracts is its own business, too, so both factors are taken apart into twelve bits and twelve,
whose products are exact (Dekker, "A floating-point technique for extending the available precision", 1971).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels

CORRECTED = """
  %mask = arith.constant -4096 : i32
  %q_bits = arith.bitcast %q : f32 to i32
  %b_bits = arith.bitcast %b : f32 to i32
  %q_upper = arith.andi %q_bits, %mask : i32
  %b_upper = arith.andi %b_bits, %mask : i32
  %qh = arith.bitcast %q_upper : i32 to f32
  %bh = arith.bitcast %b_upper : i32 to f32
  %ql = arith.subf %q, %qh : f32
  %bl = arith.subf %b, %bh : f32
  %p0 = arith.mulf %qh, %bh : f32
  %p1 = arith.mulf %qh, %bl : f32
  %p2 = arith.mulf %ql, %bh : f32
  %p3 = arith.mulf %ql, %bl : f32
  %r0 = arith.subf %a, %p0 : f32
  %r1 = arith.subf %r0, %p1 : f32
  %r2 = arith.subf %r1, %p2 : f32
  %r = arith.subf %r2, %p3 : f32
  %off = arith.divf %r, %b : f32
  %exact = arith.addf %q, %off : f32
  // Where a product may be too small to be exact, or something is not finite, the quotient stays what it is.
  %few = arith.constant 1.0e-06 : f32
  %least = arith.constant 1.0e-25 : f32
  %size = math.absf %p0 : f32
  %rest = math.absf %r : f32
  %most = arith.mulf %size, %few : f32
  %is_few = arith.cmpf olt, %rest, %most : f32
  %is_large = arith.cmpf ogt, %size, %least : f32
  %is_exact = arith.andi %is_few, %is_large : i1
  %y = arith.select %is_exact, %exact, %q : f32
"""
"""From a dividend `%a`, a divisor `%b` and their quotient `%q`, a few units off, the nearest float32 `%y`."""
_ARITHMETIC = tuple(f"arith.{name}f" for name in ("add", "sub", "mul", "div", "neg", "minimum", "maximum"))
_INTEGERS = (
    *(f"math.{name}" for name in ("roundeven", "round", "floor", "ceil", "trunc")),
    "arith.fptosi",
    "arith.fptoui",
)


@dataclass(frozen=True)
class ExactQuotients(Pass):
    """Correct quotients of float32 that are rounded to integers, in SPIR-V kernels."""

    name: ClassVar[str] = "exact-quotients"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of quotients that are corrected."""
        found = [op for kernel in kernels(module) for op in mlir.nested(kernel) if _is_rounded(op)]
        for op in found:
            _correct(op)
        return len(found)


def _is_rounded(op: Operation) -> bool:
    """Whether an integer is made of a quotient, and it is not corrected already."""
    if op.name != "arith.divf" or str(op.results[0].type) != "f32":
        return False
    readers = mlir.users(op.results[0])
    return not any(each.name == "arith.bitcast" for each in readers) and _rounds(readers)


def _rounds(readers: list[Operation]) -> bool:
    """Whether one makes an integer, or something that is computed from their numbers does.

    A correction ends in a choice, which is not followed. Everything is looked at once: in a polynomial there are
    exponentially many ways from a number to the result.
    """
    pending, seen = [*readers], set[Operation]()
    while pending:
        op = pending.pop()
        if op.name in _INTEGERS:
            return True
        if op.name in _ARITHMETIC and op not in seen:
            seen.add(op)
            pending += mlir.users(op.results[0])
    return False


def _correct(op: Operation) -> None:
    a, b = op.operands
    text = f"func.func @f(%a: f32, %b: f32, %q: f32) -> f32 {{{CORRECTED}  return %y : f32\n}}"
    quotient = mlir.create("arith.divf", [a, b], [op.results[0].type], before=op).results[0]
    mlir.replace(op, mlir.splice(text, [a, b, quotient], before=op))
