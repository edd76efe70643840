"""Text of a kernel's body in MLIR: values, constants, index arithmetic, loops.

An index is a Python integer where it is known, else the name of an SSA value; arithmetic on integers is done here, so
that a kernel's author writes one expression for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Index", "Listing", "Workgroup"]

Index = int | str


@dataclass(frozen=True)
class Workgroup:
    """The position of the running workgroup in the grid."""

    x: Index
    y: Index
    z: Index

    names: ClassVar[tuple[str, str, str]] = ("%group_x", "%group_y", "%group_z")
    """The SSA values of the coordinates, in a kernel's code."""


class Listing:
    """Text of a function's body, growing. Vectors have `lanes` elements, of float32 where nothing else is said."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self._lines: list[str] = []
        self._constants: dict[str, str] = {}
        self._depth = 0
        self._names = 0

    @property
    def vector(self) -> str:
        """The vector type."""
        return f"vector<{self.lanes}xf32>"

    def _of(self, element: str) -> str:
        return f"vector<{self.lanes}x{element}>"

    def text(self, indent: str) -> str:
        """The body, constants first."""
        constants = [f"{name} = {value}" for value, name in self._constants.items()]
        return "\n".join(indent + line for line in (*constants, *self._lines))

    def value(self, expression: str) -> str:
        """A new SSA value."""
        self._names += 1
        name = f"%v{self._names}"
        self.line(f"{name} = {expression}")
        return name

    def line(self, text: str) -> None:
        """A line of its own."""
        self._lines.append("  " * self._depth + text)

    def constant(self, text: str) -> str:
        """The value of `arith.constant TEXT`, defined once at the top."""
        return self._constants.setdefault(f"arith.constant {text}", f"%k{len(self._constants)}")

    def workgroups(self, grid: tuple[int, int, int], body: Callable[[Workgroup], None]) -> None:
        """The whole body: what one workgroup does."""
        body(Workgroup(*(name if count > 1 else 0 for name, count in zip(Workgroup.names, grid, strict=True))))

    # Indices.

    def index(self, index: Index) -> str:
        """The SSA value of an index."""
        return self.constant(f"{index} : index") if isinstance(index, int) else index

    def indices(self, *indices: Index) -> str:
        """Indices as a comma-separated list."""
        return ", ".join(map(self.index, indices))

    def add(self, a: Index, b: Index) -> Index:
        """`a + b`."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if 0 in (a, b):
            return b if a == 0 else a
        return self.arithmetic("addi", a, b)

    def multiply(self, a: Index, b: Index) -> Index:
        """`a * b`."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if 0 in (a, b):
            return 0
        if 1 in (a, b):
            return b if a == 1 else a
        return self.arithmetic("muli", a, b)

    def subtract(self, a: Index, b: Index) -> Index:
        """`a - b`."""
        if isinstance(b, int):
            return self.add(a, -b)
        return self.arithmetic("subi", a, b)

    def smaller(self, a: Index, b: Index) -> Index:
        """`min(a, b)`."""
        return min(a, b) if isinstance(a, int) and isinstance(b, int) else self.arithmetic("minsi", a, b)

    def larger(self, a: Index, b: Index) -> Index:
        """`max(a, b)`."""
        return max(a, b) if isinstance(a, int) and isinstance(b, int) else self.arithmetic("maxsi", a, b)

    def quotient(self, a: Index, b: int) -> Index:
        """`a / b` rounded down; `a` is not negative."""
        return a // b if isinstance(a, int) else a if b == 1 else self.arithmetic("divui", a, b)

    def remainder(self, a: Index, b: int) -> Index:
        """`a % b`; `a` is not negative."""
        return a % b if isinstance(a, int) else 0 if b == 1 else self.arithmetic("remui", a, b)

    def arithmetic(self, operation: str, a: Index, b: Index) -> Index:
        """An operation of `arith` on two indices, which must not overflow (signed)."""
        flags = " overflow<nsw>" if operation in ("addi", "muli", "subi") else ""
        return self.value(f"arith.{operation} {self.indices(a, b)}{flags} : index")

    # Control.

    def loop(
        self,
        low: Index,
        high: Index,
        body: Callable[[Index, list[str]], Sequence[str]],
        carried: Sequence[str] = (),
        step: int = 1,
        element: str | Sequence[str] = "f32",
    ) -> list[str]:
        """`for i in range(low, high, step): carried = body(i, carried)`; a loop of one round is no loop.

        Returns:
            What is carried out of the last round: vectors of `element`, or of an element type each.
        """
        if isinstance(low, int) and isinstance(high, int) and high <= low + step:
            return list(body(low, list(carried))) if low < high else list(carried)
        self._names += 1
        number = self._names
        index, inside = f"%i{number}", [f"%a{number}_{i}" for i in range(len(carried))]
        head = f"scf.for {index} = {self.index(low)} to {self.index(high)} step {self.index(step)}"
        kinds = [element] * len(carried) if isinstance(element, str) else element
        types = ", ".join(map(self._of, kinds))
        if carried:
            pairs = ", ".join(f"{a} = {b}" for a, b in zip(inside, carried, strict=True))
            head = f"%r{number}:{len(carried)} = {head} iter_args({pairs}) -> ({types})"
        with self._block(head):
            out = body(index, inside)
            if carried:
                self.line(f"scf.yield {', '.join(out)} : {types}")
        return [f"%r{number}#{i}" for i in range(len(carried))]

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self.line(head + " {")
        self._depth += 1
        yield
        self._depth -= 1
        self.line("}")

    def is_below(self, index: Index, extent: int) -> str:
        """Whether `0 <= index < extent`."""
        return self.value(f"arith.cmpi ult, {self.indices(index, extent)} : index")
