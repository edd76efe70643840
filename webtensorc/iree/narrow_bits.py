"""Bit casts between integers narrower than a byte, which are kept in bytes (see `narrow_integers`), and others."""

from __future__ import annotations

from functools import reduce

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder
from webtensorc.iree.mlir import Value


def apart(build: Builder, value: Value, width: int, bits: int, element: str) -> Value:
    """Numbers of `width` bits as `width / bits` of as many bits each along a new last dimension, the lowest first."""
    value = _unsigned(build, value)
    shape = mlir.shape_of(value)
    parts = []
    for start in range(0, width, bits):
        part = build.binary("shift_right_logical", value, _all(build, start, value))
        part = build.binary("and", part, _all(build, 2**bits - 1, part))
        parts.append(build.reshape(build.convert(part, element), [*shape, 1]))
    return build.concatenate(parts, len(shape))


def together(build: Builder, value: Value, width: int, bits: int) -> Value:
    """The inverse of `apart`: unsigned integers of a byte or more."""
    *shape, count = mlir.shape_of(value)
    wide = build.convert(_unsigned(build, value), f"ui{max(width, 8)}")
    wide = build.binary("and", wide, _all(build, 2**bits - 1, wide))
    parts = []
    for number in range(count):
        start, end = [0] * len(shape), list(shape)
        part = build.reshape(build.slice(wide, [*start, number], [*end, number + 1]), shape)
        parts.append(build.binary("shift_left", part, _all(build, number * bits, part)))
    return reduce(lambda left, right: build.binary("or", left, right), parts)


def _unsigned(build: Builder, value: Value) -> Value:
    element = value.type.element_type
    return value if str(element).startswith("ui") else build.bitcast(value, f"ui{element.width}")


def _all(build: Builder, number: int, like: Value) -> Value:
    """`number` as many times as `like` has elements."""
    return build.full(mlir.shape_of(like), number, like)
