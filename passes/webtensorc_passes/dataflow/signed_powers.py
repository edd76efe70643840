"""Raise negative numbers to whole powers.

IREE 3.13 computes `math.powf` as `exp(y log x)`: NaN for every negative base, and for the special cases of C99, annex
F.9.4.4, where an infinity meets a zero; float32 is off by up to 70 units in the last place, and half precision rounds
the exponent, to a few digits of the result. The power is taken of the size of the base, in float32 at least, and these
cases beside it.

Where the exponent is known to be a quarter, a half or three quarters, and whole ones more, as in normalisations of
local responses, the power is a product of roots, in a fifth of the time.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith, math

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.dataflow._powers import positive_power

_SMALLEST = {32: 2.0**-126, 64: 2.0**-1022}
"""Normal numbers, by their width: smaller ones count as zero."""
_QUARTERS = (1, 2, 3, 5, 6, 7)
"""Exponents, four times, whose powers are products of roots."""


@dataclass(frozen=True)
class SignedPowers(Pass):
    """Give `math.powf` of any base the value that C has for it."""

    name: ClassVar[str] = "signed-powers"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of powers that were rewritten."""
        found = [op for op in mlir.nested(module) if op.name == "math.powf"]
        for op in found:
            with module.context, op.location, ir.InsertionPoint(op):
                mlir.replace(op, [_wide_power(*op.operands)])
        return len(found)


def _wide_power(x: Value, y: Value) -> Value:
    quarters = _quarters(y)
    if x.type.width >= 32:
        return _product_of_roots(x, quarters) if quarters else _power(x, y)
    wide = ir.F32Type.get()
    base = arith.extf(wide, x)
    return arith.truncf(x.type, _product_of_roots(base, quarters) if quarters else _power(base, arith.extf(wide, y)))


def _quarters(y: Value) -> int | None:
    """Four times a known exponent, if its powers are to be products of roots."""
    op = mlir.owner(y)
    known = 4 * ir.FloatAttr(op.attributes["value"]).value if op is not None and op.name == "arith.constant" else 0
    return int(known) if known in _QUARTERS else None


def _power(x: Value, y: Value) -> Value:
    def number(value: float) -> Value:
        return arith.constant(x.type, ir.FloatAttr.get(x.type, value))

    def compare(predicate: arith.CmpFPredicate, left: Value, right: Value) -> Value:
        return arith.cmpf(predicate, left, right)

    is_equal, is_less = arith.CmpFPredicate.OEQ, arith.CmpFPredicate.OLT
    infinity = number(float("inf"))
    size = math.absf(x)
    is_whole, is_odd = _parity(math.absf(y))
    has_sign = compare(is_less, math.copysign(number(1), x), number(0))
    power = positive_power(size, y)
    is_zero = compare(is_less, size, number(_SMALLEST[x.type.width]))
    end = arith.select(arith.xori(is_zero, compare(is_less, number(0), y)), infinity, number(0))
    power = arith.select(arith.ori(is_zero, compare(is_equal, size, infinity)), end, power)
    total = arith.addf(size, y)
    power = arith.select(compare(arith.CmpFPredicate.UNO, size, y), total, power)
    is_one = arith.ori(compare(is_equal, x, number(1)), compare(is_equal, y, number(0)))
    is_turn = arith.andi(compare(is_equal, size, number(1)), compare(is_equal, math.absf(y), infinity))
    power = arith.select(arith.ori(is_one, is_turn), number(1), power)
    power = arith.select(arith.andi(has_sign, is_odd), arith.negf(power), power)
    is_finite = compare(is_less, size, infinity)
    is_broken = arith.andi(compare(is_less, x, number(0)), is_finite)
    return arith.select(is_broken, arith.select(is_whole, power, number(float("nan"))), power)


def _product_of_roots(x: Value, quarters: int) -> Value:
    """`x ** (quarters / 4)` to two units in the last place: roots are correctly rounded, or almost."""
    size = math.absf(x)
    half = math.sqrt(size)
    factors = [each for bit, each in ((1, math.sqrt(half)), (2, half), (4, size)) if quarters & bit]
    power = functools.reduce(arith.mulf, factors)  # the smaller first: what is infinite is so as a whole

    def number(value: float) -> Value:
        return arith.constant(x.type, ir.FloatAttr.get(x.type, value))

    is_negative = arith.cmpf(arith.CmpFPredicate.OLT, x, number(0))
    is_finite = arith.cmpf(arith.CmpFPredicate.OLT, size, number(float("inf")))
    return arith.select(arith.andi(is_negative, is_finite), number(float("nan")), power)


def _parity(y: Value) -> tuple[Value, Value]:
    """Whether a number that is not negative is whole, and whether it is an odd one, infinity being an even one.

    By its bits: LLVM turns a comparison with `floor(y)` into one with `trunc(y)`, and processors before SSE4.1 have no
    instruction for that, nor kernels a library.
    """
    width = y.type.width
    fraction = {32: 23, 64: 52}[width]
    whole = ir.IntegerType.get_signless(width)

    def number(value: int) -> Value:
        return arith.constant(whole, value)

    bits, one = arith.bitcast(whole, y), number(1)
    bias = (1 << (width - fraction - 2)) - 1
    below = arith.subi(number(fraction + bias), arith.shrui(bits, number(fraction)))  # bits that count less than 1
    is_below_one = arith.cmpi(arith.CmpIPredicate.sgt, below, number(fraction))
    shift = arith.select(is_below_one, number(width - 1), arith.maxsi(below, number(0)))
    rest = arith.andi(bits, arith.subi(arith.shli(one, shift), one))
    is_odd_or_huge = arith.cmpi(arith.CmpIPredicate.eq, arith.andi(arith.shrui(bits, shift), one), one)
    is_small = arith.cmpi(arith.CmpIPredicate.sge, below, number(0))
    is_whole = arith.cmpi(arith.CmpIPredicate.eq, rest, number(0))
    return is_whole, arith.andi(is_whole, arith.andi(is_small, is_odd_or_huge))
