"""Functions of two elements by which reductions, scans and scatters make one of many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Array, Block, Operation, Value

__all__ = ["Combination"]

_NEUTRAL = {"stablehlo.add": 0, "stablehlo.multiply": 1}
_CHOOSES = ("stablehlo.maximum", "stablehlo.minimum", "stablehlo.and", "stablehlo.or")


@dataclass(frozen=True)
class Combination:
    """Such a function, for one tensor or for several side by side, such as numbers and their positions.

    Attributes:
        body: its block; the arguments are an element of each tensor, then another of each.
    """

    body: Block

    @classmethod
    def of(cls, op: Operation) -> Combination:
        """That of an operation with one region."""
        return cls(op.regions[0].blocks[0])

    @cached_property
    def count(self) -> int:
        """Of tensors."""
        return len(self.body.arguments) // 2

    @cached_property
    def returned(self) -> list[Value]:
        """What it returns."""
        return list(mlir.terminator(self.body).operands)

    @cached_property
    def only(self) -> Operation | None:
        """The operation that the function is, of both its arguments."""
        op = mlir.owner(self.returned[0])
        is_all = self.count == 1 and len(self.body.operations) == 2 and op is not None
        return op if is_all and op is not None and set(op.operands) == set(self.body.arguments) else None

    @property
    def commutes(self) -> bool:
        """Whether elements may be taken in any order and in any groups."""
        return self.only is not None and self.only.name in (*_NEUTRAL, *_CHOOSES)

    @property
    def chooses(self) -> bool:
        """Whether each value is one of its two arguments: combined with itself an element stays what it is."""
        return all(self._chooses(value, at) for at, value in enumerate(self.returned))

    @property
    def neutral(self) -> int | None:
        """The number that changes nothing, if the function is known for one."""
        return _NEUTRAL.get(self.only.name) if self.only is not None else None

    def identity(self, dtype: np.dtype[Any]) -> Array | None:
        """What changes no element of a type, a scalar; None if the function or the type is not known for one."""
        if self.only is None or dtype.kind not in "biuf":
            return None
        least, largest = _bounds(dtype)
        ones = np.invert(np.zeros((), dtype)) if dtype.kind != "f" else None
        known = {"add": 0, "multiply": 1, "maximum": least, "minimum": largest, "or": 0, "and": ones}
        found = known.get(self.only.name.removeprefix("stablehlo."))
        return None if found is None else np.array(found, dtype)

    def allows_again(self, initial: Value) -> bool:
        """Whether it does not matter how often an initial value is among the elements."""
        first = mlir.owner(initial)
        while first is not None and first.name == "stablehlo.broadcast_in_dim":  # of a scalar: a window's comes so
            first = mlir.owner(first.operands[0])
        if self.chooses:
            return True
        if self.neutral is None or first is None or first.name != "stablehlo.constant":
            return False
        number = mlir.elements(first.attributes["value"])
        return number is not None and number.item() == self.neutral

    def _chooses(self, value: Value, at: int) -> bool:
        """Whether a value of the function is one of its two arguments for a tensor."""
        if isinstance(value, ir.BlockArgument):
            return value in (self.body.arguments[at], self.body.arguments[self.count + at])
        op = mlir.owner(value)
        if op is None or op.name not in ("stablehlo.select", *_CHOOSES):
            return False
        return all(self._chooses(each, at) for each in list(op.operands)[-2:])


def _bounds(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The least and the largest number of a type."""
    if dtype.kind == "f":
        return -np.inf, np.inf
    return (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
