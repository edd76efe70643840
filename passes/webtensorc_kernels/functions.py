"""Functions of float32 written out as arithmetic on vectors.

The exponential takes its argument apart into k log 2 + r with |r| <= log(2) / 2 (W. J. Cody, W. Waite: Software manual
for the elementary functions, 1980, chapter 6). The polynomial for exp(r), 1 + r + r^2 (c2 + c3 r + ...), has the least
largest relative error, 4e-9; results are within one unit in the last place.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webtensorc_kernels.vectors import Vectors

__all__ = ["exponential", "exponential_below"]

_LEAST, _MOST = -104.0, 89.0
"""Beyond these the exponential is 0 or infinite."""
_NORMAL = -87.0
"""From here on it is a normal number."""
_MAGIC = 12582912.0
"""1.5 * 2^23: what it is added to is rounded to a whole number, which are the last bits of the sum."""
_POLYNOMIAL = (1.0, 1.0, 0.49999988, 0.166665182, 0.0416693017, 0.00836893264, 0.00137642783)


def exponential(code: Vectors, x: str) -> str:
    """exp(x): gradual underflow, infinity above; a NaN stays one."""
    x = _limited(code, "olt", _limited(code, "ogt", x, _MOST), _LEAST)
    power, k = _reduced(code, x)
    count = code.apply("arith.subi", (k, _whole(code, _bits(_MAGIC))), "", ("i32",) * 3)
    first = code.apply("arith.shrsi", (count, _whole(code, 1)), "", ("i32",) * 3)
    second = code.apply("arith.subi", (count, first), "", ("i32",) * 3)
    for part in (first, second):  # two powers of two, both of them normal numbers
        biased = code.apply("arith.addi", (part, _whole(code, 127)), "", ("i32",) * 3)
        bits = code.apply("arith.shli", (biased, _whole(code, 23)), "", ("i32",) * 3)
        factor = code.apply("arith.bitcast", (bits,), "", ("i32", "f32"))
        power = code.product(power, factor)
    return power


def exponential_below(code: Vectors, x: str) -> str:
    """exp(x) for numbers that are not above 0, NaN or minus infinity; 0 where it is less than exp(-87)."""
    power, k = _reduced(code, _limited(code, "olt", x, _NORMAL))
    shifted = code.apply("arith.shli", (k, _whole(code, 23)), "", ("i32",) * 3)
    bits = code.apply("arith.addi", (shifted, _whole(code, _bits(1.0))), "", ("i32",) * 3)
    result = code.product(power, code.apply("arith.bitcast", (bits,), "", ("i32", "f32")))
    is_less = code.compare("olt", x, code.number(f"{_NORMAL} : f32"))
    return code.choose(is_less, code.zero(), result)


def _limited(code: Vectors, predicate: str, x: str, bound: float) -> str:
    """The bound where x is beyond it; a NaN is not. One instruction of most processors."""
    limit = code.number(f"{bound} : f32")
    return code.choose(code.compare(predicate, x, limit), limit, x)


def _reduced(code: Vectors, x: str) -> tuple[str, str]:
    """exp(x - k log 2), and k as the last bits of an int32 that has those of `_MAGIC` besides."""
    magic = code.number(f"{_MAGIC} : f32")
    rounded = code.multiply_add(x, code.number("1.44269504 : f32"), magic)
    k = code.minus(rounded, magic)
    # log 2 as a number of few bits, of which a multiple is exact, and the rest.
    rest = code.multiply_add(k, code.number("-0.693359375 : f32"), x)
    rest = code.multiply_add(k, code.number("2.12194440e-4 : f32"), rest)
    *lower, power = (code.number(f"{each} : f32") for each in _POLYNOMIAL)
    for coefficient in reversed(lower):
        power = code.multiply_add(power, rest, coefficient)
    return power, code.apply("arith.bitcast", (rounded,), "", ("f32", "i32"))


def _whole(code: Vectors, number: int) -> str:
    return code.number(f"{number} : i32")


def _bits(number: float) -> int:
    return int.from_bytes(struct.pack("<f", number), "little")
