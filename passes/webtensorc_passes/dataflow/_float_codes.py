"""StableHLO bodies that translate between floats of few bits and their codes.

Each computes `%y` from `%x`; `T<f32>` stands for a tensor of the shape at hand. Source of the formats: OCP Microscaling
Formats (MX) 1.0, sections 5.3.3 (FP4 E2M1) and 5.4.1 (E8M0).
"""

from __future__ import annotations

# Sign, two bits of exponent with bias 1, one bit of mantissa: shifted into place, the exponent's bias corrected by 126.
# Code 1 is the only subnormal number, 0.5, whose bits are those of that correction.
_DECODE_E2M1 = """
  %w = stablehlo.convert %x : (T<ui8>) -> T<ui32>
  %c0 = stablehlo.constant dense<0> : T<ui32>
  %c1 = stablehlo.constant dense<1> : T<ui32>
  %c7 = stablehlo.constant dense<7> : T<ui32>
  %c8 = stablehlo.constant dense<8> : T<ui32>
  %c22 = stablehlo.constant dense<22> : T<ui32>
  %c28 = stablehlo.constant dense<28> : T<ui32>
  %bias = stablehlo.constant dense<0x3F000000> : T<ui32>
  %low = stablehlo.and %w, %c7 : T<ui32>
  %shifted = stablehlo.shift_left %low, %c22 : T<ui32>
  %normal = stablehlo.add %shifted, %bias : T<ui32>
  %is0 = stablehlo.compare EQ, %low, %c0 : (T<ui32>, T<ui32>) -> T<i1>
  %is1 = stablehlo.compare EQ, %low, %c1 : (T<ui32>, T<ui32>) -> T<i1>
  %some = stablehlo.select %is1, %bias, %normal : T<i1>, T<ui32>
  %size = stablehlo.select %is0, %c0, %some : T<i1>, T<ui32>
  %high = stablehlo.and %w, %c8 : T<ui32>
  %sign = stablehlo.shift_left %high, %c28 : T<ui32>
  %bits = stablehlo.or %size, %sign : T<ui32>
  %y = stablehlo.bitcast_convert %bits : (T<ui32>) -> T<f32>"""


def _encode_e2m1() -> str:
    """The code is the number of midpoints below |x|; at a midpoint the even code wins. NaN, which E2M1 lacks, is 0."""
    lines = ["%a = stablehlo.abs %x : T<f32>", "%n0 = stablehlo.constant dense<0> : T<ui8>"]
    midpoints = (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0)
    for index, midpoint in enumerate(midpoints):
        relation = "GE" if index % 2 else "GT"
        lines += [
            f"%m{index} = stablehlo.constant dense<{midpoint:e}> : T<f32>",
            f"%p{index} = stablehlo.compare {relation}, %a, %m{index} : (T<f32>, T<f32>) -> T<i1>",
            f"%i{index} = stablehlo.convert %p{index} : (T<i1>) -> T<ui8>",
            f"%n{index + 1} = stablehlo.add %n{index}, %i{index} : T<ui8>",
        ]
    lines += [
        "%bits = stablehlo.bitcast_convert %x : (T<f32>) -> T<ui32>",
        "%c28 = stablehlo.constant dense<28> : T<ui32>",
        "%c8 = stablehlo.constant dense<8> : T<ui32>",
        "%high = stablehlo.shift_right_logical %bits, %c28 : T<ui32>",
        "%sign = stablehlo.and %high, %c8 : T<ui32>",
        "%s = stablehlo.convert %sign : (T<ui32>) -> T<ui8>",
        f"%y = stablehlo.or %n{len(midpoints)}, %s : T<ui8>",
    ]
    return "".join(f"\n  {line}" for line in lines)


# The code is float32's exponent; 2^-127 is subnormal there, 255 is NaN.
_DECODE_E8M0 = """
  %w = stablehlo.convert %x : (T<ui8>) -> T<ui32>
  %c0 = stablehlo.constant dense<0> : T<ui32>
  %c23 = stablehlo.constant dense<23> : T<ui32>
  %c255 = stablehlo.constant dense<255> : T<ui32>
  %least = stablehlo.constant dense<0x00400000> : T<ui32>
  %nan = stablehlo.constant dense<0x7FC00000> : T<ui32>
  %normal = stablehlo.shift_left %w, %c23 : T<ui32>
  %is0 = stablehlo.compare EQ, %w, %c0 : (T<ui32>, T<ui32>) -> T<i1>
  %is255 = stablehlo.compare EQ, %w, %c255 : (T<ui32>, T<ui32>) -> T<i1>
  %some = stablehlo.select %is0, %least, %normal : T<i1>, T<ui32>
  %bits = stablehlo.select %is255, %nan, %some : T<i1>, T<ui32>
  %y = stablehlo.bitcast_convert %bits : (T<ui32>) -> T<f32>"""

# Adding just under half of the mantissa's range, and the exponent's lowest bit, rounds to the nearest exponent, ties to
# even. Numbers below zero, infinity and NaN are NaN.
_ENCODE_E8M0 = """
  %bits = stablehlo.bitcast_convert %x : (T<f32>) -> T<ui32>
  %c1 = stablehlo.constant dense<1> : T<ui32>
  %c23 = stablehlo.constant dense<23> : T<ui32>
  %c255 = stablehlo.constant dense<255> : T<ui32>
  %under = stablehlo.constant dense<0x003FFFFF> : T<ui32>
  %exponent = stablehlo.shift_right_logical %bits, %c23 : T<ui32>
  %odd = stablehlo.and %exponent, %c1 : T<ui32>
  %up = stablehlo.add %under, %odd : T<ui32>
  %sum = stablehlo.add %bits, %up : T<ui32>
  %rounded = stablehlo.shift_right_logical %sum, %c23 : T<ui32>
  %code = stablehlo.minimum %rounded, %c255 : T<ui32>
  %y = stablehlo.convert %code : (T<ui32>) -> T<ui8>"""

BODIES = {
    "decode_f4E2M1FN": _DECODE_E2M1,
    "encode_f4E2M1FN": _encode_e2m1(),
    "decode_f8E8M0FNU": _DECODE_E8M0,
    "encode_f8E8M0FNU": _ENCODE_E8M0,
}
