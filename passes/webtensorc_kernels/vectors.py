"""Memory and arithmetic of vectors of numbers, as MLIR text, on top of `listing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtensorc_kernels import functions, parts, tiles
from webtensorc_kernels.listing import Index, Listing
from webtensorc_kernels.machine import Machine

__all__ = ["Vectors", "View"]


@dataclass(frozen=True)
class View:
    """A buffer that a kernel reads or writes, row-major, in the shape that suits the kernel.

    `element` is the element type as MLIR names it: `f32`, `i64`, `i32` or `i8`. Of a matrix, `columns` are the first
    and the one past the last that the kernel stores to, where these are not all.
    """

    name: str
    shape: tuple[int, ...]
    element: str = "f32"
    columns: tuple[int, int] | None = None

    @property
    def type(self) -> str:
        """The `memref` type."""
        return f"memref<{'x'.join(map(str, (*self.shape, self.element)))}>"

    @property
    def bytes(self) -> int:
        """Of an element."""
        return {"f32": 4, "i64": 8, "i32": 4, "f16": 2, "bf16": 2, "i8": 1}[self.element]


class Vectors(Listing):
    """A function's body that computes on vectors of `lanes` elements, of float32 where nothing else is said."""

    def __init__(self, lanes: int, machine: Machine) -> None:
        """For vectors of `lanes` float32, at most as many as the machine has."""
        super().__init__(lanes)
        self._machine = machine

    def zero(self) -> str:
        """A vector of zeros."""
        return self.constant(f"dense<0.0> : {self.vector}")

    def scratch(self, *shape: int) -> View:
        """Room for float32 on the stack of a workgroup: the same one each time that this shape is asked for."""
        properties = "<{alignment = 64 : i64, operandSegmentSizes = array<i32: 0, 0>}>"
        made = f'"memref.alloca"() {properties} : () -> {View("", shape).type}'
        return View(self._constants.setdefault(made, f"%k{len(self._constants)}"), shape)

    def load(self, view: View, *at: Index) -> str:
        """A vector of adjacent elements; of rows that are shorter all of one, and zeros."""
        if view.shape[-1] < self.lanes:
            where = f"{view.name}[{self.indices(*at)}], {self._first_lanes(view.shape[-1])}, {self.zero()}"
            return self.value(
                f"vector.maskedload {where} : {view.type}, {self._of('i1')}, {self.vector} into {self.vector}"
            )
        return self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {self._of(view.element)}")

    def load_repeated(self, count: int, view: View, *at: Index) -> str:
        """`count` adjacent elements, again and again."""
        short, places = f"vector<{count}xf32>", [i % count for i in range(self.lanes)]
        loaded = self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {short}")
        return self.value(f"vector.shuffle {loaded}, {loaded} [{', '.join(map(str, places))}] : {short}, {short}")

    def load_every(self, stride: int, view: View, *at: Index) -> str:
        """A vector of every `stride`-th element; those between and behind are loaded with them."""
        if stride == 1:
            return self.load(view, *at)
        wide = f"vector<{stride * self.lanes}xf32>"
        loaded = self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {wide}")
        picked = ", ".join(str(i * stride) for i in range(self.lanes))
        return self.value(f"vector.shuffle {loaded}, {loaded} [{picked}] : {wide}, {wide}")

    def store(self, vector: str, view: View, *at: Index) -> None:
        """Store a vector to adjacent elements; its first lanes where a row is shorter."""
        if view.shape[-1] < self.lanes:
            where = f"{view.name}[{self.indices(*at)}], {self._first_lanes(view.shape[-1])}, {vector}"
            self.line(f"vector.maskedstore {where} : {view.type}, {self._of('i1')}, {self.vector}")
            return
        self.line(f"vector.store {vector}, {view.name}[{self.indices(*at)}] : {view.type}, {self._of(view.element)}")

    def _first_lanes(self, count: int) -> str:
        flags = ", ".join(["true"] * count + ["false"] * (self.lanes - count))
        return self.constant(f"dense<[{flags}]> : {self._of('i1')}")

    def stored_index(self, view: View, *at: Index) -> Index:
        """An index that is an integer in memory."""
        element = self.value(f"memref.load {view.name}[{self.indices(*at)}] : {view.type}")
        return self.value(f"arith.index_cast {element} : {view.element} to index")

    def places(self, extent: int, view: View, *at: Index) -> str:
        """A vector of adjacent integers in memory, clamped to places in `extent` elements, as int32."""
        found = self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {self._of(view.element)}")
        kinds = (view.element,) * 3
        found = self.apply("arith.maxsi", (found, self.number(f"0 : {view.element}")), "", kinds)
        found = self.apply("arith.minsi", (found, self.number(f"{extent - 1} : {view.element}")), "", kinds)
        return found if view.element == "i32" else self.apply("arith.trunci", (found,), "", (view.element, "i32"))

    def gather(self, places: str, view: View, *row: Index) -> str:
        """The elements of a row, which has one index less than the view, at the `places`."""
        pointers, mask = f"vector<{self.lanes}x!llvm.ptr>", self.constant(f"dense<true> : {self._of('i1')}")
        first = tiles.pointer(self, view, (*row, 0))
        each = self.value(
            f"llvm.getelementptr {first}[{places}] : (!llvm.ptr, {self._of('i32')}) -> {pointers}, {view.element}"
        )
        return self.value(
            f'"llvm.intr.masked.gather"({each}, {mask}, {self.zero()}) <{{alignment = 4 : i64}}> '
            f": ({pointers}, {self._of('i1')}, {self.vector}) -> {self.vector}"
        )

    def store_first(self, vector: str, view: View, *at: Index) -> None:
        """Store the first lane of a vector."""
        first = self.value(f"vector.extract {vector}[0] : {view.element} from {self._of(view.element)}")
        self.line(f"memref.store {first}, {view.name}[{self.indices(*at)}] : {view.type}")

    def prefetch(self, view: View, *at: Index, level: int = 1) -> None:
        """Have an element's line brought into the cache of that level, to be read soon."""
        where = f"{view.name}[{self.indices(*at)}]"
        self.line(f"memref.prefetch {where}, read, locality<{4 - level}>, data : {view.type}")

    def broadcast(self, view: View, *at: Index) -> str:
        """One element in every lane."""
        element = self.value(f"memref.load {view.name}[{self.indices(*at)}] : {view.type}")
        return self.value(f"vector.broadcast {element} : {view.element} to {self._of(view.element)}")

    def zero_unless(self, condition: str, vector: str) -> str:
        """The vector, or zeros where a scalar condition does not hold."""
        return self.chosen(condition, vector, self.zero())

    def chosen(self, condition: str, a: str, b: str, element: str = "f32") -> str:
        """The vector `a` where a scalar condition holds, else `b`."""
        return self.value(f"arith.select {condition}, {a}, {b} : {self._of(element)}")

    def number(self, text: str) -> str:
        """A vector whose lanes are all the typed number `text` (`1.0 : f32`)."""
        number, _, kind = text.rpartition(" : ")
        return self.constant(f"dense<{number}> : {self._of(kind)}")

    def apply(self, name: str, arguments: Sequence[str], attributes: str, types: Sequence[str]) -> str:
        """An elementwise operation on vectors; `types` are element types, of the arguments and then of the result."""
        vectors = [self._of(kind) for kind in types]
        if name == "nearest":
            return self._nearest(arguments[0], types[-1])
        if name == "math.fma":
            return self.multiply_add(*arguments)
        if name == "math.exp" and types[-1] == "f32":
            return functions.exponential(self, arguments[0])
        if name == "math.roundeven" and self._machine.rounds:
            name = f"llvm.roundeven.v{self.lanes}f32"
            return self.value(f'llvm.call_intrinsic "{name}"({arguments[0]}) : ({vectors[0]}) -> {vectors[1]}')
        properties = f" <{{{attributes}}}>" if attributes else ""
        return self.value(
            f'"{name}"({", ".join(arguments)}){properties} : ({", ".join(vectors[:-1])}) -> {vectors[-1]}'
        )

    def _nearest(self, vector: str, integer: str) -> str:
        """Numbers rounded to integers, in one instruction if the machine has it."""
        if not self._machine.rounds:
            whole = self.apply("math.roundeven", (vector,), "", ("f32",) * 2)
            return self.apply("arith.fptosi", (whole,), "", ("f32", integer))
        name = f"llvm.lrint.v{self.lanes}{integer}.v{self.lanes}f32"
        return self.value(f'llvm.call_intrinsic "{name}"({vector}) : ({self.vector}) -> {self._of(integer)}')

    def across(self, kind: str, vector: str, element: str = "f32") -> str:
        """The fold of all lanes by `add`, `maximumf`, `minimumf` or `minsi`, in every lane."""
        flags = " fastmath<reassoc>" if element == "f32" else ""
        one = self.value(f"vector.reduction <{kind}>, {vector}{flags} : {self._of(element)} into {element}")
        return self.value(f"vector.broadcast {one} : {element} to {self._of(element)}")

    def positions(self, start: Index, step: int) -> str:
        """A vector of int32 that counts from an index on, by 0 or 1 a lane."""
        lanes = self.constant(f"dense<[{', '.join(str(step * i) for i in range(self.lanes))}]> : {self._of('i32')}")
        first = self.value(f"arith.index_cast {self.index(start)} : index to i32")
        every = self.value(f"vector.broadcast {first} : i32 to {self._of('i32')}")
        return self.apply("arith.addi", (every, lanes), "", ("i32",) * 3)

    def last_lanes(self, vector: str, count: int) -> str:
        """A vector with zeros in place of all but the last `count` elements."""
        flags = ", ".join(["false"] * (self.lanes - count) + ["true"] * count)
        return self.choose(self.constant(f"dense<[{flags}]> : {self._of('i1')}"), vector, self.zero())

    def transposed(self, rows: Sequence[str]) -> list[str]:
        """Of as many vectors as each has lanes, the first lanes of all, the second lanes, and so on.

        In each of log2(lanes) steps every vector is interleaved with the one half of all vectors further on.
        """
        rows, half = list(rows), len(rows) // 2
        for _ in range(half.bit_length()):
            pairs = [self._interleaved(a, b) for a, b in zip(rows[:half], rows[half:], strict=True)]
            rows = [each for pair in pairs for each in pair]
        return rows

    def _interleaved(self, a: str, b: str) -> tuple[str, str]:
        """Lanes of both in turns: those of the first halves, and those of the second halves."""
        half = self.lanes // 2
        places = [[n for i in range(half) for n in (at + i, self.lanes + at + i)] for at in (0, half)]
        low, high = (
            self.value(f"vector.shuffle {a}, {b} [{', '.join(map(str, each))}] : {self.vector}, {self.vector}")
            for each in places
        )
        return low, high

    def picked(self, vectors: Sequence[str], places: Sequence[int]) -> str:
        """The elements at `places` of several vectors one behind the other."""
        found = vectors[0]
        for number, vector in enumerate(vectors[1:], 1):
            kept = range(self.lanes) if number > 1 else [place % self.lanes for place in places]
            lanes = [
                self.lanes + place % self.lanes if place // self.lanes == number else lane
                for place, lane in zip(places, kept, strict=True)
            ]
            picks = ", ".join(map(str, lanes))
            found = self.value(f"vector.shuffle {found}, {vector} [{picks}] : {self.vector}, {self.vector}")
        return found

    def spliced(self, a: str, b: str, first: int, count: int) -> str:
        """`count` lanes of `a`, from the lane `first` on, between those of `b`."""
        flags = ["true" if first <= lane < first + count else "false" for lane in range(self.lanes)]
        return self.choose(self.constant(f"dense<[{', '.join(flags)}]> : {self._of('i1')}"), a, b)

    def plus(self, a: str, b: str) -> str:
        """`a + b` of two vectors."""
        return self.apply("arith.addf", (a, b), "", ("f32",) * 3)

    def minus(self, a: str, b: str) -> str:
        """`a - b` of two vectors."""
        return self.apply("arith.subf", (a, b), "", ("f32",) * 3)

    def product(self, a: str, b: str) -> str:
        """`a * b` of two vectors."""
        return self.apply("arith.mulf", (a, b), "", ("f32",) * 3)

    def compare(self, predicate: str, a: str, b: str) -> str:
        """A mask: where `arith.cmpf PREDICATE` of two vectors holds."""
        return self.value(f"arith.cmpf {predicate}, {a}, {b} : {self.vector}")

    def both(self, a: str, b: str) -> str:
        """A mask: where two masks hold."""
        return self.value(f"arith.andi {a}, {b} : {self._of('i1')}")

    def either(self, a: str, b: str) -> str:
        """A mask: where one of two masks holds."""
        return self.value(f"arith.ori {a}, {b} : {self._of('i1')}")

    def choose(self, mask: str, a: str, b: str, element: str = "f32") -> str:
        """Lanes of `a` where the mask has them, of `b` elsewhere."""
        return self.value(f"arith.select {mask}, {a}, {b} : {self._of('i1')}, {self._of(element)}")

    def greater(self, a: str, b: str) -> str:
        """The greater one of two vectors' lanes; `b` where either is not a number, which is one instruction."""
        return self.choose(self.compare("ogt", a, b), a, b)

    def take_apart(self, first: str, second: str, *, woven: bool) -> list[str]:
        """The numbers of two vectors as words of bfloat16; see `parts`."""
        return parts.take_apart(self, first, second, woven=woven)

    def once_if(self, mask: str) -> Index:
        """1 where the first lane of a mask holds, else 0: rounds of a loop."""
        first = self.value(f"vector.extract {mask}[0] : i1 from {self._of('i1')}")
        return self.value(f"arith.index_castui {first} : i1 to index")

    def exponential_below(self, x: str) -> str:
        """exp(x) for what is not above 0; see `functions`."""
        return functions.exponential_below(self, x)

    def times(self, a: str, factor: float) -> str:
        """A vector times a number."""
        return self.product(a, self.number(f"{factor} : f32"))

    def multiply_add(self, a: str, b: str, c: str) -> str:
        """`a * b + c`, with one rounding where the machine has an instruction for it."""
        if self._machine.fused:
            return self.value(f"vector.fma {a}, {b}, {c} : {self.vector}")
        return self.value(f"arith.addf {self.value(f'arith.mulf {a}, {b} : {self.vector}')}, {c} : {self.vector}")
