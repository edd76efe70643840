"""How often an invocation of a SPIR-V kernel runs through its innermost loop, as the binary says."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from math import prod

__all__ = ["instructions", "iterations"]

_CONSTANT, _FUNCTION, _ADD, _PHI, _LOOP_MERGE, _LABEL, _BRANCH_IF = 43, 54, 128, 245, 246, 248, 250
_LESS_THAN = (176, 177)
"""OpULessThan, OpSLessThan."""


def instructions(binary: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Opcodes with their operands: what follows the header of five words (SPIR-V specification, 2.3)."""
    words = struct.unpack(f"<{len(binary) // 4}I", binary)
    at = 5
    while at < len(words):
        length, opcode = words[at] >> 16, words[at] & 0xFFFF
        yield opcode, words[at + 1 : at + length]
        at += length


def iterations(binary: bytes) -> int | None:
    """The largest product of the trips of nested loops; None if a loop's bound is no constant of the kernel.

    A loop that begins at an invocation's place is counted from 0. Blocks lie in the order in which they are nested:
    a loop ends at its merge block (2.11, "Structured Control Flow").
    """
    found = list(instructions(binary))
    values: dict[int, tuple[int, tuple[int, ...]]] = {}
    begun = False
    for opcode, operands in found:
        begun |= opcode == _FUNCTION
        if opcode == _CONSTANT or (begun and len(operands) > 1):
            values.setdefault(operands[1], (opcode, operands))  # what has no result comes after what it uses
    label, enclosing, most = 0, list[tuple[int, int]](), 1
    for at, (opcode, operands) in enumerate(found):
        if opcode == _LABEL:
            label = operands[0]
            enclosing = [each for each in enclosing if each[0] != label]
        elif opcode == _LOOP_MERGE:
            follows, branch = found[at + 1]
            trips = _trips(values, branch[0]) if follows == _BRANCH_IF else None
            if trips is None:
                return None
            enclosing.append((operands[0], trips))
            most = max(most, prod(each for _, each in enclosing))
    return most


def _trips(values: Mapping[int, tuple[int, tuple[int, ...]]], condition: int) -> int | None:
    """Of a loop that counts up while its condition, a comparison with a constant, holds."""
    opcode, compared = values.get(condition, (0, ()))
    if opcode not in _LESS_THAN:
        return None
    (counted, incoming), (bounded, bound) = (values.get(each, (0, ())) for each in compared[2:])
    if counted != _PHI or bounded != _CONSTANT:
        return None
    sources = [values.get(each, (0, ())) for each in incoming[2::2]]
    start = sum(words[2] for op, words in sources if op == _CONSTANT)
    added = [values.get(each, (0, ())) for op, words in sources if op == _ADD for each in words[2:]]
    steps = [words[2] for op, words in added if op == _CONSTANT]
    return -(-(bound[2] - start) // steps[0]) if len(steps) == 1 else None
