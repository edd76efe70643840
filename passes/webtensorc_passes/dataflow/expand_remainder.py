"""Compute remainders of float64 by subtraction: the native compiler's runtime has no `fmod` to link with.

x mod y is what is left of |x| when y * 2^k, the largest such number that fits, is subtracted as long as one fits; every
subtraction is exact. It takes one round per bit of the quotient at most, for all elements at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.graph import main_function
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class ExpandRemainder(Pass):
    """Replace `stablehlo.remainder` of float64 by a loop of subtractions."""

    name: ClassVar[str] = "expand-remainder"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 5

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of remainders that are gone."""
        found: list[Operation] = []

        def visit(op: Any) -> Any:
            if op.operation.name == "stablehlo.remainder" and str(op.operation.results[0].type.element_type) == "f64":
                found.append(op.operation)
            return ir.WalkResult.ADVANCE

        module.walk(visit)
        for op in found:
            callee = _function(module, op)
            attributes = {"callee": ir.FlatSymbolRefAttr.get(callee, module.context)}
            call = mlir.create("func.call", op.operands, [op.results[0].type], attributes, before=op)
            mlir.replace(op, call.results)
        return len(found)


def _function(module: Operation, like: Operation) -> str:
    """The name of the function for tensors of this shape, which is added to the module where it is missing."""
    extents = list(like.results[0].type.shape)
    shape = "".join(f"{size}x" for size in extents)
    name = f"remainder_{shape}f64"
    functions = module.regions[0].blocks[0].operations
    if not any(each.operation.attributes["sym_name"].value == name for each in functions):
        text = _TEXT.replace("@remainder", f"@{name}").replace("T<", f"tensor<{shape}")
        text = text.replace("DIMS", ", ".join(map(str, range(len(extents)))))
        made = ir.Module.parse(text, context=module.context)
        made.body.operations[0].operation.clone(ir.InsertionPoint(main_function(module)))
    return name


# `%r` is what is left. `exponent` is floor(log2 v), biased; subnormal numbers are scaled by 2^54 first. 2^k is made of four
# factors, since k may be up to 2097. Where the processor flushes subnormal numbers to zero, there may be nothing to
# subtract: what is left is then as good as zero.
_EXPONENT = """
    %{v}small = stablehlo.compare LT, %{v}, %least : (T<f64>, T<f64>) -> T<i1>
    %{v}up = stablehlo.multiply %{v}, %scale : T<f64>
    %{v}normal = stablehlo.select %{v}small, %{v}up, %{v} : T<i1>, T<f64>
    %{v}bits = stablehlo.bitcast_convert %{v}normal : (T<f64>) -> T<i64>
    %{v}biased = stablehlo.shift_right_logical %{v}bits, %c52 : T<i64>
    %{v}less = stablehlo.subtract %{v}biased, %c54 : T<i64>
    %{v}exponent = stablehlo.select %{v}small, %{v}less, %{v}biased : T<i1>, T<i64>"""

_TEXT = (
    """
func.func private @remainder(%a: T<f64>, %b: T<f64>) -> T<f64> {
  %zero = stablehlo.constant dense<0.0> : T<f64>
  %half = stablehlo.constant dense<0.5> : T<f64>
  %infinity = stablehlo.constant dense<0x7FF0000000000000> : T<f64>
  %nan = stablehlo.constant dense<0x7FF8000000000000> : T<f64>
  %least = stablehlo.constant dense<0x0010000000000000> : T<f64>
  %scale = stablehlo.constant dense<0x4350000000000000> : T<f64>
  %c2 = stablehlo.constant dense<2> : T<i64>
  %c3 = stablehlo.constant dense<3> : T<i64>
  %c52 = stablehlo.constant dense<52> : T<i64>
  %c54 = stablehlo.constant dense<54> : T<i64>
  %c1023 = stablehlo.constant dense<1023> : T<i64>
  %false = stablehlo.constant dense<false> : tensor<i1>
  %x = stablehlo.abs %a : T<f64>
  %y = stablehlo.abs %b : T<f64>
  %fx = stablehlo.compare LT, %x, %infinity : (T<f64>, T<f64>) -> T<i1>
  %fy = stablehlo.compare LT, %y, %infinity : (T<f64>, T<f64>) -> T<i1>
  %py = stablehlo.compare GT, %y, %zero : (T<f64>, T<f64>) -> T<i1>
  %f = stablehlo.and %fx, %fy : T<i1>
  %finite = stablehlo.and %f, %py : T<i1>
  %left = stablehlo.while(%r = %x) : T<f64>
  cond {
    %fits = stablehlo.compare GE, %r, %y : (T<f64>, T<f64>) -> T<i1>
    %some = stablehlo.compare GT, %r, %zero : (T<f64>, T<f64>) -> T<i1>
    %may = stablehlo.and %some, %finite : T<i1>
    %goes = stablehlo.and %fits, %may : T<i1>
    %any = stablehlo.reduce(%goes init: %false) applies stablehlo.or across dimensions = [DIMS]
      : (T<i1>, tensor<i1>) -> tensor<i1>
    stablehlo.return %any : tensor<i1>
  } do {"""
    + _EXPONENT.replace("{v}", "r")
    + _EXPONENT.replace("{v}", "y")
    + """
    %k = stablehlo.subtract %rexponent, %yexponent : T<i64>
    %k1 = stablehlo.shift_right_arithmetic %k, %c2 : T<i64>
    %k3 = stablehlo.multiply %k1, %c3 : T<i64>
    %k2 = stablehlo.subtract %k, %k3 : T<i64>
    %e1 = stablehlo.add %k1, %c1023 : T<i64>
    %e2 = stablehlo.add %k2, %c1023 : T<i64>
    %b1 = stablehlo.shift_left %e1, %c52 : T<i64>
    %b2 = stablehlo.shift_left %e2, %c52 : T<i64>
    %p1 = stablehlo.bitcast_convert %b1 : (T<i64>) -> T<f64>
    %p2 = stablehlo.bitcast_convert %b2 : (T<i64>) -> T<f64>
    %t1 = stablehlo.multiply %y, %p1 : T<f64>
    %t11 = stablehlo.multiply %t1, %p1 : T<f64>
    %t111 = stablehlo.multiply %t11, %p1 : T<f64>
    %t2 = stablehlo.multiply %t111, %p2 : T<f64>
    %over = stablehlo.compare GT, %t2, %r : (T<f64>, T<f64>) -> T<i1>
    %t3 = stablehlo.multiply %t2, %half : T<f64>
    %t = stablehlo.select %over, %t3, %t2 : T<i1>, T<f64>
    %fits = stablehlo.compare GE, %r, %y : (T<f64>, T<f64>) -> T<i1>
    %some = stablehlo.compare GT, %r, %zero : (T<f64>, T<f64>) -> T<i1>
    %may = stablehlo.and %some, %finite : T<i1>
    %goes = stablehlo.and %fits, %may : T<i1>
    %less = stablehlo.subtract %r, %t : T<f64>
    %stuck = stablehlo.compare EQ, %less, %r : (T<f64>, T<f64>) -> T<i1>
    %taken = stablehlo.select %stuck, %zero, %less : T<i1>, T<f64>
    %next = stablehlo.select %goes, %taken, %r : T<i1>, T<f64>
    stablehlo.return %next : T<f64>
  }
  %negative = stablehlo.negate %left : T<f64>
  %abits = stablehlo.bitcast_convert %a : (T<f64>) -> T<i64>
  %izero = stablehlo.constant dense<0> : T<i64>
  %signed = stablehlo.compare LT, %abits, %izero, SIGNED : (T<i64>, T<i64>) -> T<i1>
  %result = stablehlo.select %signed, %negative, %left : T<i1>, T<f64>
  %whole = stablehlo.compare EQ, %y, %infinity : (T<f64>, T<f64>) -> T<i1>
  %keeps = stablehlo.and %whole, %fx : T<i1>
  %valid = stablehlo.or %finite, %keeps : T<i1>
  %answer = stablehlo.select %valid, %result, %nan : T<i1>, T<f64>
  return %answer : T<f64>
}"""
)
