"""Writing the body of a kernel as MLIR text: index arithmetic, loops, conditions, vectors.

An index is a Python integer where it is known, else the name of an SSA value; arithmetic on integers is done here, so
that a kernel's author writes one expression for both. All that a kernel does goes through the methods of `Code`: a
subclass that computes instead of writing (the tests have one) runs the very same kernel and watches its accesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Code", "Index", "View", "Workgroup"]

Index = int | str


@dataclass(frozen=True)
class Workgroup:
    """The position of the running workgroup in the grid."""

    x: Index
    y: Index
    z: Index


@dataclass(frozen=True)
class View:
    """A buffer of float32 that a kernel reads or writes, row-major, in the shape that suits the kernel."""

    name: str
    shape: tuple[int, ...]

    @property
    def type(self) -> str:
        """The `memref` type."""
        return f"memref<{'x'.join(map(str, (*self.shape, 'f32')))}>"


class Code:
    """Text of a function's body, growing. Vectors are of float32; `lanes` says how many."""

    def __init__(self, lanes: int, fused: bool) -> None:
        self.lanes = lanes
        self._fused = fused
        self._lines: list[str] = []
        self._constants: dict[str, str] = {}
        self._depth = 0
        self._names = 0

    @property
    def vector(self) -> str:
        """The vector type."""
        return f"vector<{self.lanes}xf32>"

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

    def zero(self) -> str:
        """A vector of zeros."""
        return self.constant(f"dense<0.0> : {self.vector}")

    def workgroups(self, grid: tuple[int, int, int], body: Callable[[Workgroup], None]) -> None:
        """The whole body: what one workgroup does."""
        body(
            Workgroup(
                *(self.value(f"stream.dispatch.workgroup.id[{d}] : index") if grid[d] > 1 else 0 for d in range(3))
            )
        )

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
    ) -> list[str]:
        """`for i in range(low, high, step): carried = body(i, carried)`; a loop of one round is no loop.

        Returns:
            What is carried out of the last round, all of the vector type.
        """
        if isinstance(low, int) and isinstance(high, int) and high <= low + step:
            return list(body(low, list(carried))) if low < high else list(carried)
        self._names += 1
        number = self._names
        index, inside = f"%i{number}", [f"%a{number}_{i}" for i in range(len(carried))]
        head = f"scf.for {index} = {self.index(low)} to {self.index(high)} step {self.index(step)}"
        types = ", ".join([self.vector] * len(carried))
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

    # Memory and arithmetic.

    def load(self, view: View, *at: Index) -> str:
        """A vector of adjacent elements."""
        return self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {self.vector}")

    def store(self, vector: str, view: View, *at: Index) -> None:
        """Store a vector to adjacent elements."""
        self.line(f"vector.store {vector}, {view.name}[{self.indices(*at)}] : {view.type}, {self.vector}")

    def prefetch(self, view: View, *at: Index) -> None:
        """Have an element's cache line brought near, to be read soon."""
        self.line(f"memref.prefetch {view.name}[{self.indices(*at)}], read, locality<3>, data : {view.type}")

    def broadcast(self, view: View, *at: Index) -> str:
        """One element in every lane."""
        element = self.value(f"memref.load {view.name}[{self.indices(*at)}] : {view.type}")
        return self.value(f"vector.broadcast {element} : f32 to {self.vector}")

    def zero_unless(self, condition: str, vector: str) -> str:
        """The vector, or zeros where a scalar condition does not hold."""
        return self.value(f"arith.select {condition}, {vector}, {self.zero()} : {self.vector}")

    def number(self, text: str) -> str:
        """A vector whose lanes are all the typed number `text` (`1.0 : f32`)."""
        number, _, kind = text.rpartition(" : ")
        return self.constant(f"dense<{number}> : vector<{self.lanes}x{kind}>")

    def apply(self, name: str, arguments: Sequence[str], attributes: str, types: Sequence[str]) -> str:
        """An elementwise operation on vectors; `types` are element types, of the arguments and then of the result."""
        vectors = [f"vector<{self.lanes}x{kind}>" for kind in types]
        properties = f" <{{{attributes}}}>" if attributes else ""
        return self.value(
            f'"{name}"({", ".join(arguments)}){properties} : ({", ".join(vectors[:-1])}) -> {vectors[-1]}'
        )

    def across(self, kind: str, vector: str) -> str:
        """The fold of all lanes by `add` or `maximumf`, in every lane."""
        element = self.value(f"vector.reduction <{kind}>, {vector} fastmath<reassoc> : {self.vector} into f32")
        return self.value(f"vector.broadcast {element} : f32 to {self.vector}")

    def plus(self, a: str, b: str) -> str:
        """`a + b` of two vectors."""
        return self.apply("arith.addf", (a, b), "", ("f32",) * 3)

    def minus(self, a: str, b: str) -> str:
        """`a - b` of two vectors."""
        return self.apply("arith.subf", (a, b), "", ("f32",) * 3)

    def times(self, a: str, factor: float) -> str:
        """A vector times a number."""
        return self.apply("arith.mulf", (a, self.number(f"{factor} : f32")), "", ("f32",) * 3)

    def multiply_add(self, a: str, b: str, c: str) -> str:
        """`a * b + c`, with one rounding where the machine has an instruction for it."""
        if self._fused:
            return self.value(f"vector.fma {a}, {b}, {c} : {self.vector}")
        return self.value(f"arith.addf {self.value(f'arith.mulf {a}, {b} : {self.vector}')}, {c} : {self.vector}")
