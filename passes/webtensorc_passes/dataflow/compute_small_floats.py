"""Compute with floats of 8 bits in float32, and convert them ourselves.

The native compiler (IREE 3.13) moves such numbers on every target, but on NVIDIA's and AMD's GPUs it cannot translate
what converts them or computes with them, and on processors it converts them wrongly: the negative NaN of E4M3FN became
-480, and what is rounded up to the smallest normal number became 0. They are taken apart as the integers that they are
stored as, and rounded to nearest, ties to even, when they are put together again. Formats: OCP 8-bit Floating Point
Specification 1.0 (E4M3, E5M2); Noune et al., "8-bit Numerical Formats for Deep Neural Networks", 2022 (the `UZ` ones,
whose only special value is NaN, where others have the negative zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_MOVES = ("arith.bitcast", "arith.constant", "arith.select")
_FRACTION, _BIAS = 23, 127
"""Of float32."""
_INFINITY, _NAN = 0x7F800000, 0x7FC00000


@dataclass(frozen=True)
class _Format:
    """A float of 8 bits.

    Attributes:
        fraction: bits of the fraction.
        bias: of the exponent.
        infinity: the code of infinity; None if there is none.
        nan: the code of NaN.
        largest: the code of the largest number.
    """

    fraction: int
    bias: int
    infinity: int | None
    nan: int
    largest: int

    @property
    def overflow(self) -> int:
        """What becomes of numbers that are too large."""
        return self.nan if self.infinity is None else self.infinity

    @property
    def has_negative_zero(self) -> bool:
        """Whether the sign means something for zero and NaN."""
        return self.nan != 0x80


_FORMATS = {
    "f8E5M2": _Format(2, 15, infinity=0x7C, nan=0x7E, largest=0x7B),
    "f8E4M3": _Format(3, 7, infinity=0x78, nan=0x7C, largest=0x77),
    "f8E3M4": _Format(4, 3, infinity=0x70, nan=0x78, largest=0x6F),
    "f8E4M3FN": _Format(3, 7, infinity=None, nan=0x7F, largest=0x7E),
    "f8E5M2FNUZ": _Format(2, 16, infinity=None, nan=0x80, largest=0x7F),
    "f8E4M3FNUZ": _Format(3, 8, infinity=None, nan=0x80, largest=0x7F),
    "f8E4M3B11FNUZ": _Format(3, 11, infinity=None, nan=0x80, largest=0x7F),
}


@dataclass(frozen=True)
class ComputeSmallFloats(Pass):
    """Let float32 stand in for floats of 8 bits wherever these are not only moved."""

    name: ClassVar[str] = "compute-small-floats"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.INPUT
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 60  # behind what computes powers in a wider type

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that are computed in float32 now."""
        found = [op for op in mlir.nested(module) if _computes(op)]
        for op in {op.parent: None for op in found}:
            if op.name.startswith("linalg.") and op.name != "linalg.generic":
                _generalise(op)
        for op in found:
            with module.context, op.location, ir.InsertionPoint(op):
                _widen(op)
        return len(found)


def _computes(op: Operation) -> bool:
    """Whether an operation on scalars needs the value of a small float."""
    is_scalar = op.name.startswith(("arith.", "math.")) and op.name not in _MOVES
    return is_scalar and any(str(value.type) in _FORMATS for value in (*op.operands, *op.results))


def _generalise(op: Operation) -> None:
    """Make a product that has a name one that has none: what has one converts its factors in no other way."""
    maps = ir.ArrayAttr(linalg.get_indexing_maps(op))
    *_, result = (each.value for each in map(ir.AffineMapAttr, maps))
    kept = {ir.AffineDimExpr(each).position for each in result.results}
    kinds = ("parallel" if place in kept else "reduction" for place in range(result.n_dims))
    with op.context, op.location, ir.InsertionPoint(op):
        attributes = {
            "indexing_maps": maps,
            "iterator_types": ir.ArrayAttr.get(
                [ir.Attribute.parse(f"#linalg.iterator_type<{each}>") for each in kinds]
            ),
            "operandSegmentSizes": op.attributes["operandSegmentSizes"],
        }
        types = [each.type for each in op.results]
        made = ir.Operation.create("linalg.generic", types, list(op.operands), attributes, regions=1)
    op.regions[0].blocks[0].append_to(made.regions[0])
    mlir.replace(op, list(made.results))


def _widen(op: Operation) -> None:
    """Replace an operation by the same one of float32."""
    wide = ir.F32Type.get()
    operands = [_decoded(value) for value in op.operands]
    types = [wide if str(result.type) in _FORMATS else result.type for result in op.results]
    if op.name in ("arith.extf", "arith.truncf"):
        values = [_converted(operands[0], types[0])]
    else:
        attributes = {name: op.attributes[name] for name in mlir.attribute_names(op)}
        values = list(mlir.create(op.name, operands, types, attributes, before=op).results)
    mlir.replace(op, [_encoded(value, old.type) for value, old in zip(values, op.results, strict=True)])


def _converted(x: Value, kind: Any) -> Value:
    """A float of at least 16 bits as one of another such type."""
    if x.type == kind:
        return x
    return arith.extf(kind, x) if kind.width > x.type.width else arith.truncf(kind, x)


def _integer(value: int) -> Value:
    return arith.constant(ir.IntegerType.get_signless(32), value)


def _number(value: float) -> Value:
    return arith.constant(ir.F32Type.get(), ir.FloatAttr.get(ir.F32Type.get(), value))


def _above(x: Value, limit: int) -> Value:
    return arith.cmpi(arith.CmpIPredicate.ugt, x, _integer(limit))


def _decoded(x: Value) -> Value:
    """A small float as float32; other values as they are."""
    form = _FORMATS.get(str(x.type))
    if form is None:
        return x
    word, wide = ir.IntegerType.get_signless(32), ir.F32Type.get()
    code = arith.extui(word, arith.bitcast(ir.IntegerType.get_signless(8), x))
    size = arith.andi(code, _integer(0x7F))
    sign = arith.shli(arith.andi(code, _integer(0x80)), _integer(24))
    shifted = arith.shli(size, _integer(_FRACTION - form.fraction))
    normal = arith.addi(shifted, _integer((_BIAS - form.bias) << _FRACTION))
    unit = _number(2.0 ** (1 - form.bias - form.fraction))
    subnormal = arith.bitcast(word, arith.mulf(arith.uitofp(wide, size), unit))
    bits = arith.select(_above(size, (1 << form.fraction) - 1), normal, subnormal)
    if form.infinity is not None:
        bits = arith.select(_above(size, form.largest), _integer(_INFINITY), bits)
        bits = arith.select(_above(size, form.infinity), _integer(_NAN), bits)
    elif form.has_negative_zero:
        bits = arith.select(_above(size, form.largest), _integer(_NAN), bits)
    else:
        is_nan = arith.cmpi(arith.CmpIPredicate.eq, code, _integer(form.nan))
        bits = arith.select(is_nan, _integer(_NAN), bits)
    return arith.bitcast(wide, arith.ori(bits, sign))


def _encoded(x: Value, kind: Any) -> Value:
    """A float32 as a value of the small type `kind`, if that is one."""
    form = _FORMATS.get(str(kind))
    if form is None:
        return x
    word = ir.IntegerType.get_signless(32)
    bits = arith.bitcast(word, x)
    size = arith.andi(bits, _integer(0x7FFFFFFF))
    code = arith.select(
        _above(size, ((_BIAS - form.bias + 1) << _FRACTION) - 1), _normal(size, form), _subnormal(size, form)
    )
    code = arith.select(_above(code, form.largest), _integer(form.overflow), code)
    code = arith.select(_above(size, _INFINITY), _integer(form.nan), code)
    sign = arith.andi(arith.shrui(bits, _integer(24)), _integer(0x80))
    if not form.has_negative_zero:
        sign = arith.select(_above(code, 0), sign, _integer(0))
    byte = arith.trunci(ir.IntegerType.get_signless(8), arith.ori(code, sign))
    return arith.bitcast(kind, byte)


def _normal(size: Value, form: _Format) -> Value:
    """The code of a number that has an exponent: just under half of the last place is added, and its lowest bit."""
    dropped = _FRACTION - form.fraction
    odd = arith.andi(arith.shrui(size, _integer(dropped)), _integer(1))
    up = arith.addi(arith.addi(size, _integer((1 << (dropped - 1)) - 1)), odd)
    return arith.subi(arith.shrui(up, _integer(dropped)), _integer((_BIAS - form.bias) << form.fraction))


def _subnormal(size: Value, form: _Format) -> Value:
    """The code of a smaller one, a count of the smallest: float32 has none but whole numbers from 2^23 on."""
    count = arith.mulf(arith.bitcast(ir.F32Type.get(), size), _number(2.0 ** (form.bias - 1 + form.fraction)))
    rounded = arith.addf(count, _number(2.0**_FRACTION))
    return arith.subi(arith.bitcast(size.type, rounded), _integer((_BIAS + _FRACTION) << _FRACTION))
