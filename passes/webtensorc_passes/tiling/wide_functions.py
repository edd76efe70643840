"""Write out in SPIR-V kernels what SPIR-V has for numbers of 32 bits alone.

The exponential and the logarithm of float64 (SPIR-V Extended Instructions for GLSL, version 1.00, `Exp` and `Log`) take
the argument apart into a power of two and a number near 1, for which fdlibm (Sun Microsystems, 1993) has polynomials:
errors stay below one unit in the last place. Other functions of float64 are made of these two or of plain arithmetic
before they come here. Bits are counted (`FindUMsb`; `OpBitCount`, by Vulkan's rules) in words of 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels

_EXP = """
  // x = k log 2 + r, |r| <= log 2 / 2; beyond these bounds the result is 0 or infinite. A NaN goes through.
  %most = arith.constant 7.1e+02 : f64
  %least = arith.constant -7.46e+02 : f64
  %is_above = arith.cmpf ogt, %x, %most : f64
  %upper = arith.select %is_above, %most, %x : f64
  %is_below = arith.cmpf olt, %upper, %least : f64
  %a = arith.select %is_below, %least, %upper : f64
  %per_log2 = arith.constant 1.44269504088896338700e+00 : f64
  %half = arith.constant 5.0e-01 : f64
  %k0 = arith.mulf %a, %per_log2 : f64
  %k1 = arith.addf %k0, %half : f64
  %k = math.floor %k1 : f64
  %log2_high = arith.constant 6.93147180369123816490e-01 : f64
  %log2_low = arith.constant 1.90821492927058770002e-10 : f64
  %k_high = arith.mulf %k, %log2_high : f64
  %high = arith.subf %a, %k_high : f64
  %low = arith.mulf %k, %log2_low : f64
  %r = arith.subf %high, %low : f64
  // exp(r) = 1 + 2r / (R - r) with R = 2 + r^2 (P1 + r^2 (P2 + ...)) about r (exp(r) + 1) / (exp(r) - 1).
  %p5 = arith.constant 4.13813679705723846039e-08 : f64
  %p4 = arith.constant -1.65339022054652515390e-06 : f64
  %p3 = arith.constant 6.61375632143793436117e-05 : f64
  %p2 = arith.constant -2.77777777770155933842e-03 : f64
  %p1 = arith.constant 1.66666666666666019037e-01 : f64
  %t = arith.mulf %r, %r : f64
  %s0 = arith.mulf %t, %p5 : f64
  %s1 = arith.addf %s0, %p4 : f64
  %s2 = arith.mulf %t, %s1 : f64
  %s3 = arith.addf %s2, %p3 : f64
  %s4 = arith.mulf %t, %s3 : f64
  %s5 = arith.addf %s4, %p2 : f64
  %s6 = arith.mulf %t, %s5 : f64
  %s7 = arith.addf %s6, %p1 : f64
  %s8 = arith.mulf %t, %s7 : f64
  %c = arith.subf %r, %s8 : f64
  %one = arith.constant 1.0e+00 : f64
  %two = arith.constant 2.0e+00 : f64
  %rc = arith.mulf %r, %c : f64
  %below_two = arith.subf %two, %c : f64
  %q = arith.divf %rc, %below_two : f64
  %e0 = arith.subf %low, %q : f64
  %e1 = arith.subf %e0, %high : f64
  %e = arith.subf %one, %e1 : f64
  // 2^k as two powers, each of them a normal number.
  %k_int = arith.fptosi %k : f64 to i32
  %k_wide = arith.extsi %k_int : i32 to i64
  %first_bit = arith.constant 1 : i64
  %bias = arith.constant 1023 : i64
  %mantissa = arith.constant 52 : i64
  %ka = arith.shrsi %k_wide, %first_bit : i64
  %kb = arith.subi %k_wide, %ka : i64
  %ka_biased = arith.addi %ka, %bias : i64
  %kb_biased = arith.addi %kb, %bias : i64
  %ka_bits = arith.shli %ka_biased, %mantissa : i64
  %kb_bits = arith.shli %kb_biased, %mantissa : i64
  %ka_power = arith.bitcast %ka_bits : i64 to f64
  %kb_power = arith.bitcast %kb_bits : i64 to f64
  %y0 = arith.mulf %e, %ka_power : f64
  %y = arith.mulf %y0, %kb_power : f64
"""

_LOG = """
  // Subnormal numbers are made normal first: times 2^54.
  %zero = arith.constant 0.0e+00 : f64
  %normal = arith.constant 2.2250738585072014e-308 : f64
  %lift = arith.constant 18014398509481984.0 : f64
  %is_small = arith.cmpf olt, %x, %normal : f64
  %lifted = arith.mulf %x, %lift : f64
  %a = arith.select %is_small, %lifted, %x : f64
  %none = arith.constant 0 : i64
  %lift_exponent = arith.constant 54 : i64
  %correction = arith.select %is_small, %lift_exponent, %none : i64
  // x = 2^k m with m from sqrt(1/2) to sqrt(2): what is added makes the exponent change at the square root.
  %bits = arith.bitcast %a : f64 to i64
  %to_one = arith.constant 2638149301829632 : i64
  %root = arith.constant 4604544269498187776 : i64
  %mantissa = arith.constant 52 : i64
  %mantissa_mask = arith.constant 4503599627370495 : i64
  %bias = arith.constant 1023 : i64
  %moved = arith.addi %bits, %to_one : i64
  %exponent = arith.shrsi %moved, %mantissa : i64
  %unbiased = arith.subi %exponent, %bias : i64
  %k_wide = arith.subi %unbiased, %correction : i64
  %k_int = arith.trunci %k_wide : i64 to i32
  %k = arith.sitofp %k_int : i32 to f64
  %fraction = arith.andi %moved, %mantissa_mask : i64
  %m_bits = arith.addi %fraction, %root : i64
  %m = arith.bitcast %m_bits : i64 to f64
  // log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)) with s = f / (2 + f).
  %one = arith.constant 1.0e+00 : f64
  %two = arith.constant 2.0e+00 : f64
  %half = arith.constant 5.0e-01 : f64
  %f = arith.subf %m, %one : f64
  %two_f = arith.addf %two, %f : f64
  %s = arith.divf %f, %two_f : f64
  %z = arith.mulf %s, %s : f64
  %l7 = arith.constant 1.479819860511658591e-01 : f64
  %l6 = arith.constant 1.531383769920937332e-01 : f64
  %l5 = arith.constant 1.818357216161805012e-01 : f64
  %l4 = arith.constant 2.222219843214978396e-01 : f64
  %l3 = arith.constant 2.857142874366239149e-01 : f64
  %l2 = arith.constant 3.999999999940941908e-01 : f64
  %l1 = arith.constant 6.666666666666735130e-01 : f64
  %r0 = arith.mulf %z, %l7 : f64
  %r1 = arith.addf %r0, %l6 : f64
  %r2 = arith.mulf %z, %r1 : f64
  %r3 = arith.addf %r2, %l5 : f64
  %r4 = arith.mulf %z, %r3 : f64
  %r5 = arith.addf %r4, %l4 : f64
  %r6 = arith.mulf %z, %r5 : f64
  %r7 = arith.addf %r6, %l3 : f64
  %r8 = arith.mulf %z, %r7 : f64
  %r9 = arith.addf %r8, %l2 : f64
  %r10 = arith.mulf %z, %r9 : f64
  %r11 = arith.addf %r10, %l1 : f64
  %r = arith.mulf %z, %r11 : f64
  %ff = arith.mulf %f, %f : f64
  %square = arith.mulf %half, %ff : f64
  %sum = arith.addf %square, %r : f64
  %term = arith.mulf %s, %sum : f64
  %log2_high = arith.constant 6.93147180369123816490e-01 : f64
  %log2_low = arith.constant 1.90821492927058770002e-10 : f64
  %k_low = arith.mulf %k, %log2_low : f64
  %k_high = arith.mulf %k, %log2_high : f64
  %v0 = arith.addf %term, %k_low : f64
  %v1 = arith.subf %square, %v0 : f64
  %v2 = arith.subf %f, %v1 : f64
  %v = arith.addf %k_high, %v2 : f64
  // Infinity and NaN stay as they are; 0 gives minus infinity, and what is negative NaN.
  %infinity = arith.constant 0x7FF0000000000000 : f64
  %minus_infinity = arith.constant 0xFFF0000000000000 : f64
  %nan = arith.constant 0x7FF8000000000000 : f64
  %is_finite = arith.cmpf olt, %x, %infinity : f64
  %is_zero = arith.cmpf oeq, %x, %zero : f64
  %is_negative = arith.cmpf olt, %x, %zero : f64
  %y0 = arith.select %is_finite, %v, %x : f64
  %y1 = arith.select %is_zero, %minus_infinity, %y0 : f64
  %y = arith.select %is_negative, %nan, %y1 : f64
"""

_WORDS = """
  %word = arith.constant 32 : i64
  %above = arith.shrui %x, %word : i64
  %high = arith.trunci %above : i64 to i32
  %low = arith.trunci %x : i64 to i32
"""
_COUNT_LEADING_ZEROS = f"""{_WORDS}
  %none = arith.constant 0 : i32
  %bits = arith.constant 32 : i32
  %in_high = math.ctlz %high : i32
  %in_low = math.ctlz %low : i32
  %behind_high = arith.addi %bits, %in_low : i32
  %is_low = arith.cmpi eq, %high, %none : i32
  %count = arith.select %is_low, %behind_high, %in_high : i32
  %y = arith.extui %count : i32 to i64
"""
_COUNT_ONES = f"""{_WORDS}
  %in_high = math.ctpop %high : i32
  %in_low = math.ctpop %low : i32
  %count = arith.addi %in_high, %in_low : i32
  %y = arith.extui %count : i32 to i64
"""


def _in_a_word(function: str, width: int, surplus: int) -> str:
    """A function of a narrow integer by that of the word which begins with `32 - width` zeros; they count `surplus`."""
    return f"""
  %word = arith.extui %x : i{width} to i32
  %count = {function} %word : i32
  %surplus = arith.constant {surplus} : i32
  %less = arith.subi %count, %surplus : i32
  %y = arith.trunci %less : i32 to i{width}
"""


_FUNCTIONS = {
    ("math.exp", "f64"): _EXP,
    ("math.log", "f64"): _LOG,
    ("math.ctlz", "i64"): _COUNT_LEADING_ZEROS,
    ("math.ctpop", "i64"): _COUNT_ONES,
    **{("math.ctlz", f"i{width}"): _in_a_word("math.ctlz", width, 32 - width) for width in (8, 16)},
    **{("math.ctpop", f"i{width}"): _in_a_word("math.ctpop", width, 0) for width in (8, 16)},
}
"""Bodies of functions of `%x` that give `%y`, by operation and type."""


@dataclass(frozen=True)
class WideFunctions(Pass):
    """Replace functions of 64-bit and narrow numbers by others, and by arithmetic, in SPIR-V kernels."""

    name: ClassVar[str] = "wide-functions"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS  # a softmax has become exponentials
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of calls that were written out."""
        calls = [op for kernel in kernels(module) for op in mlir.nested(kernel) if _key(op) in _FUNCTIONS]
        for call in calls:
            _write_out(call, _FUNCTIONS[_key(call)])
        return len(calls)


def _key(op: Operation) -> tuple[str, str]:
    return op.name, str(op.results[0].type) if len(op.results) == 1 else ""


def _write_out(call: Operation, body: str) -> None:
    """Put the body of a function of `%x` that gives `%y` in place of a call."""
    kind = call.results[0].type
    text = f"func.func @f(%x: {kind}) -> {kind} {{{body}  return %y : {kind}\n}}"
    mlir.replace(call, mlir.splice(text, list(call.operands), before=call))
