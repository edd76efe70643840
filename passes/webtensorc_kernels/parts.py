"""Numbers of float32 taken apart into three of bfloat16, whose sum they are.

    x = a + b + c,      a the first 8 bits of x, b the next 8, c the last 8

Each part is cut off and not rounded, so that all of it is exact and a part is never more than what it is a part of.
(G. Henry, P. T. P. Tang, A. Heinecke: Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
Computations, 2019.) What is exact has two ends: parts below 1e-38 are zeros to the instructions that multiply them, and
of an infinity the second part is not a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webtensorc_kernels.vectors import Vectors

__all__ = ["COUNT", "take_apart"]

COUNT = 3
"""Parts of a number."""
_FIRST_BITS = -(1 << 16)
"""The half of a number that is one of bfloat16."""


def take_apart(code: Vectors, first: str, second: str, *, woven: bool) -> list[str]:
    """The parts of two vectors' numbers, each as a vector of words of two: the largest part first.

    Words have adjacent numbers, those of the first vector before those of the second; `woven`, each has one of both.
    """
    lanes = code.lanes
    order = [2 * i + 1 for i in range(2 * lanes)]  # the halves of a number lie with the last bits first
    if woven:
        order = [each for pair in zip(order[:lanes], order[lanes:], strict=True) for each in pair]
    rest, found = [first, second], []
    for part in range(COUNT):
        if part:
            rest = [_without_first(code, each) for each in rest]
        found.append(_first_halves(code, rest, order))
    return found


def _without_first(code: Vectors, vector: str) -> str:
    """What is left of numbers without their first part."""
    words, whole = f"vector<{code.lanes}xi32>", code.vector
    bits = code.value(f"vector.bitcast {vector} : {whole} to {words}")
    kept = code.value(f"arith.andi {bits}, {code.number(f'{_FIRST_BITS} : i32')} : {words}")
    return code.minus(vector, code.value(f"vector.bitcast {kept} : {words} to {whole}"))


def _first_halves(code: Vectors, vectors: list[str], order: list[int]) -> str:
    short = f"vector<{2 * code.lanes}xi16>"
    halves = [code.value(f"vector.bitcast {each} : {code.vector} to {short}") for each in vectors]
    picked = ", ".join(map(str, order))
    found = code.value(f"vector.shuffle {', '.join(halves)} [{picked}] : {short}, {short}")
    return code.value(f"vector.bitcast {found} : {short} to vector<{code.lanes}xi32>")
