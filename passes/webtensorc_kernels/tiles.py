"""Instructions on tiles: registers of 16 rows of 64 bytes, and what adds the product of two to a third.

    c[m, n] += sum over k of a[m, k] * b[k / 4, 4 * n + k % 4]          a unsigned bytes, b signed ones, c int32
    c[m, n] += sum over k of a[m, k] * b[k / 2, 2 * n + k % 2]          a and b bfloat16, c float32

Source: Intel Architecture Instruction Set Extensions Programming Reference, chapter 3, "Intel AMX instructions".
Registers are named by number, as LLVM's intrinsics for hand-written code have it; so a kernel says which is where.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webtensorc_kernels.listing import Index
    from webtensorc_kernels.vectors import Vectors, View

__all__ = ["BYTES", "COUNT", "ROWS", "clear", "configuration", "load", "multiply", "multiply_floats"]
__all__ += ["pointer", "release", "store", "use"]

COUNT = 8
"""Registers."""
ROWS = 16
"""Of a register, at most."""
BYTES = 64
"""Of a row, at most."""


def configuration(shapes: Sequence[tuple[int, int]]) -> bytes:
    """What LDTILECFG reads, for registers of so many rows and bytes a row."""
    rows, widths = zip(*shapes, strict=True)
    return struct.pack("<BB14x8H16x8B8x", 1, 0, *widths, *rows)


def use(code: Vectors, shapes: Sequence[tuple[int, int]], view: View, at: Sequence[Index]) -> None:
    """Set the registers' shapes, by way of 64 bytes of scratch memory. A thread ends with `release`."""
    numbers = ", ".join(str(byte) for byte in configuration(shapes))
    vector = code.constant(f"dense<[{numbers}]> : vector<{BYTES}xi8>")
    code.line(f"vector.store {vector}, {view.name}[{code.indices(*at)}] : {view.type}, vector<{BYTES}xi8>")
    _call(code, "ldtilecfg", (pointer(code, view, at),), ("!llvm.ptr",))


def release(code: Vectors) -> None:
    """Have all registers empty, so that nobody needs to save them."""
    _call(code, "tilerelease", (), ())


def load(code: Vectors, tile: int, view: View, at: Sequence[Index], stride: Index) -> None:
    """Fill a register; from row to row it is `stride` bytes, 0 for the same one again and again."""
    _call(code, "tileloadd64", (_number(code, tile), *_rows(code, view, at, stride)), ("i8", "!llvm.ptr", "i64"))


def store(code: Vectors, tile: int, view: View, at: Sequence[Index], stride: Index) -> None:
    """Store a register; from row to row it is `stride` bytes."""
    _call(code, "tilestored64", (_number(code, tile), *_rows(code, view, at, stride)), ("i8", "!llvm.ptr", "i64"))


def multiply(code: Vectors, c: int, a: int, b: int) -> None:
    """`c += a * b`."""
    _call(code, "tdpbusd", [_number(code, tile) for tile in (c, a, b)], ("i8",) * 3)


def multiply_floats(code: Vectors, c: int, a: int, b: int) -> None:
    """`c += a * b` of pairs of bfloat16; what is below the smallest normal number is zero."""
    _call(code, "tdpbf16ps", [_number(code, tile) for tile in (c, a, b)], ("i8",) * 3)


def clear(code: Vectors, tile: int) -> None:
    """Fill a register with zeros."""
    _call(code, "tilezero", (_number(code, tile),), ("i8",))


def _call(code: Vectors, name: str, arguments: Sequence[str], types: Sequence[str]) -> None:
    code.line(f'llvm.call_intrinsic "llvm.x86.{name}"({", ".join(arguments)}) : ({", ".join(types)}) -> ()')


def _number(code: Vectors, tile: int) -> str:
    return code.constant(f"{tile} : i8")


def _rows(code: Vectors, view: View, at: Sequence[Index], stride: Index) -> tuple[str, str]:
    return pointer(code, view, at), code.value(f"arith.index_cast {code.index(stride)} : index to i64")


def pointer(code: Vectors, view: View, at: Sequence[Index]) -> str:
    """The address of an element."""
    place: Index = 0
    for index, extent in zip(at, view.shape, strict=True):
        place = code.add(code.multiply(place, extent), index)
    first = code.value(f"memref.extract_aligned_pointer_as_index {view.name} : {view.type} -> index")
    address = code.add(first, code.multiply(place, view.bytes))
    number = code.value(f"arith.index_cast {code.index(address)} : index to i64")
    return code.value(f"llvm.inttoptr {number} : i64 to !llvm.ptr")
