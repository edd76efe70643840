"""Instructions that pack integers into bytes, where what is beyond a byte becomes the nearest one.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: VPACKSSDW, VPACKSSWB, VPACKUSWB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webtensorc_kernels.listing import Index
    from webtensorc_kernels.vectors import Vectors, View

__all__ = ["TOGETHER", "pack", "store_half"]

TOGETHER = 4
"""Vectors that are packed into one."""


def pack(code: Vectors, vectors: Sequence[str], zero: int, *, signed: bool) -> str:
    """Four vectors of 16 int32 as 64 bytes in their order, `zero` added to each, saturated."""
    four, narrow, packed = "vector<16xi32>", "vector<32xi16>", "vector<64xi8>"
    pairs = zip(vectors[::2], vectors[1::2], strict=True)
    words = [_intrinsic(code, "x86.avx512.packssdw.512", pair, four, narrow) for pair in pairs]
    if zero:
        number = code.constant(f"dense<{zero}> : {narrow}")
        words = [_intrinsic(code, "sadd.sat.v32i16", (each, number), narrow, narrow) for each in words]
    name = f"x86.avx512.pack{'s' if signed else 'u'}swb.512"
    mixed = code.value(f"vector.bitcast {_intrinsic(code, name, words, narrow, packed)} : {packed} to {four}")
    order = ", ".join(str(4 * lane + each) for each in range(TOGETHER) for lane in range(4))
    return code.value(f"vector.shuffle {mixed}, {mixed} [{order}] : {four}, {four}")


def _intrinsic(code: Vectors, name: str, pair: Sequence[str], given: str, made: str) -> str:
    return code.value(f'llvm.call_intrinsic "llvm.{name}"({", ".join(pair)}) : ({given}, {given}) -> {made}')


def store_half(code: Vectors, packed: str, half: int, view: View, at: Sequence[Index]) -> None:
    """Store the first or the second 32 of the 64 bytes that `pack` made."""
    places = ", ".join(map(str, range(8 * half, 8 * half + 8)))
    words = code.value(f"vector.shuffle {packed}, {packed} [{places}] : vector<16xi32>, vector<16xi32>")
    found = code.value(f"vector.bitcast {words} : vector<8xi32> to vector<32xi8>")
    code.line(f"vector.store {found}, {view.name}[{code.indices(*at)}] : {view.type}, vector<32xi8>")
