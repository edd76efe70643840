"""Writing the body of a kernel as MLIR text: memory and arithmetic of vectors, on top of `listing`.

All that a kernel does goes through the methods of `Code`: a subclass that computes instead of writing (the tests have
one) runs the very same kernel and watches its accesses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels import functions, packing, tiles
from webtensorc_kernels.listing import Index, Listing, Workgroup
from webtensorc_kernels.machine import Machine

__all__ = ["Code", "Index", "View", "Workgroup"]


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
        return {"f32": 4, "i64": 8, "i32": 4, "i8": 1}[self.element]


class Code(Listing):
    """A function's body that computes on vectors of `lanes` elements, of float32 where nothing else is said."""

    def __init__(self, lanes: int, machine: Machine) -> None:
        """For vectors of `lanes` float32, at most as many as the machine has."""
        super().__init__(lanes)
        self._machine = machine

    @property
    def registers(self) -> int:
        """Vector registers of the machine."""
        return self._machine.registers

    def turn(self, vectors: int) -> int:
        """Rows of weights to multiply by in a round of a loop, for blocks of so many vectors."""
        return self._machine.turn(vectors, self.lanes)

    @property
    def first_level(self) -> int:
        """Bytes of the machine's first-level cache."""
        return self._machine.first_level

    def loop_over_rows(
        self,
        turn: int,
        low: Index,
        high: Index,
        body: Callable[[Index, list[str]], Sequence[str]],
        carried: Sequence[str],
        before: Callable[[Index, int], None] = lambda first, count: None,
    ) -> list[str]:
        """`loop` with `turn` indices a round, each of which reads nothing until the sums of the one before are there.

        Bounds that are not known must be a multiple of `turn` apart. `before` is called with the first index of a round
        and how many it has.
        """

        def some(first: Index, count: int, sums: list[str]) -> list[str]:
            before(first, count)
            for i in range(count):
                sums = list(body(self.add(first, i), self.settled(sums) if i else sums))
            return sums

        known = isinstance(low, int) and isinstance(high, int)
        even = low + (high - low) // turn * turn if known else high  # type: ignore[operator]
        found = self.loop(low, even, lambda first, sums: some(first, turn, sums), carried, step=turn)
        return some(even, high - even, found) if even != high else found  # type: ignore[operator]

    def settled(self, vectors: Sequence[str]) -> list[str]:
        """The same vectors, each in a register, before anything that follows is read; no instruction of its own.

        Without it the native compiler reads the operands of two steps at once, for which there are no registers: it
        would store sums and load them again.
        """
        letter, count = self._machine.register, len(vectors)
        kinds = ", ".join([self.vector] * count)
        names = ",".join([f"={letter}"] * count + [str(i) for i in range(count)] + ["~{memory}"])
        one = f'llvm.inline_asm has_side_effects "", "{names}" {", ".join(vectors)} : ({kinds}) -> '
        if count == 1:
            return [self.value(one + self.vector)]
        all_ = self.value(f"{one}!llvm.struct<({kinds})>")
        return [self.value(f"llvm.extractvalue {all_}[{i}] : !llvm.struct<({kinds})>") for i in range(count)]

    def zero(self) -> str:
        """A vector of zeros."""
        return self.constant(f"dense<0.0> : {self.vector}")

    def load(self, view: View, *at: Index) -> str:
        """A vector of adjacent elements; of rows that are shorter all of one, and zeros."""
        if view.shape[-1] < self.lanes:
            where = f"{view.name}[{self.indices(*at)}], {self._first_lanes(view.shape[-1])}, {self.zero()}"
            return self.value(
                f"vector.maskedload {where} : {view.type}, {self._of('i1')}, {self.vector} into {self.vector}"
            )
        return self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, {self._of(view.element)}")

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

    # Bytes: vectors of int32 that stand for four bytes in each lane.

    def word(self, view: View, *at: Index, count: int = 4) -> str:
        """`count` adjacent bytes and zeros, in every lane."""
        where = f"{view.name}[{self.indices(*at)}] : {view.type}"
        if count == 4:
            loaded = self.value(f"vector.load {where}, vector<4xi8>")
            whole = self.value(f"vector.bitcast {loaded} : vector<4xi8> to vector<1xi32>")
            word = self.value(f"vector.extract {whole}[0] : i32 from vector<1xi32>")
        else:
            word = self._byte(view, *at)
            for i in range(1, count):
                byte = self._byte(view, *at[:-1], self.add(at[-1], i))
                shifted = self.value(f"arith.shli {byte}, {self.constant(f'{8 * i} : i32')} : i32")
                word = self.value(f"arith.ori {word}, {shifted} : i32")
        return self.value(f"vector.broadcast {word} : i32 to {self._of('i32')}")

    def lanes_of_words(self, view: View, *at: Index) -> list[str]:
        """Four adjacent words of bytes, each in every lane, where there are four lanes."""
        loaded = self.value(f"vector.load {view.name}[{self.indices(*at)}] : {view.type}, vector<16xi8>")
        whole = self.value(f"vector.bitcast {loaded} : vector<16xi8> to vector<4xi32>")
        return [
            self.value(f"vector.shuffle {whole}, {whole} [{i}, {i}, {i}, {i}] : vector<4xi32>, vector<4xi32>")
            for i in range(4)
        ]

    def _byte(self, view: View, *at: Index) -> str:
        byte = self.value(f"memref.load {view.name}[{self.indices(*at)}] : {view.type}")
        return self.value(f"arith.extui {byte} : i8 to i32")

    def ones(self) -> str:
        """Words whose bytes are all 1."""
        return self.number(f"{0x01010101} : i32")

    def words(self, rows: Sequence[str]) -> str:
        """Of up to four vectors of bytes, the first byte of each in lane 0, the second in lane 1, and so on."""
        filled = [*rows, *([self.constant(f"dense<0> : {self._of('i8')}")] * (4 - len(rows)))]
        even = self._interleave(filled[0], filled[2], self.lanes)
        odd = self._interleave(filled[1], filled[3], self.lanes)
        return self._words(self._interleave(even, odd, 2 * self.lanes))

    def _interleave(self, a: str, b: str, count: int) -> str:
        return self.value(f"vector.interleave {a}, {b} : vector<{count}xi8> -> vector<{2 * count}xi8>")

    def _words(self, vector: str) -> str:
        return self.value(f"vector.bitcast {vector} : vector<{4 * self.lanes}xi8> to {self._of('i32')}")

    def dot(self, sums: str, image: str, weights: str) -> str:
        """To each lane of int32 the products of its four bytes of image and weights are added."""
        dot = self._machine.dot
        assert dot is not None
        name, whole = dict(dot.intrinsics)[self.lanes], self._of("i32")
        if not dot.widened:
            wide = f"vector<{4 * self.lanes}xi8>"
            factors = (image, weights) if dot.lanes == 1 else (weights, image)  # a lane can be the second alone
            bytes_ = [self.value(f"vector.bitcast {each} : {whole} to {wide}") for each in factors]
            types = f"({whole}, {wide}, {wide}) -> {whole}"
            return self.value(f'llvm.call_intrinsic "{name}"({sums}, {", ".join(bytes_)}) : {types}')
        short = f"vector<{2 * self.lanes}xi16>"
        for pair in zip(self._halves(image, short, "u"), self._halves(weights, short, "s"), strict=True):
            types = f"({short}, {short}) -> {whole}"
            products = self.value(f'llvm.call_intrinsic "{name}"({", ".join(pair)}) : {types}')
            sums = self.apply("arith.addi", (sums, products), "", ("i32",) * 3)
        return sums

    def _halves(self, words: str, short: str, sign: str) -> tuple[str, str]:
        """The bytes at even and those at odd places, widened to int16; equal ones are made once by LLVM."""
        both = self.value(f"vector.bitcast {words} : {self._of('i32')} to {short}")
        eight = self.constant(f"dense<8> : {short}")
        high = self.value(f"arith.shli {both}, {eight} : {short}")
        even, odd = (self.value(f"arith.shr{sign}i {each}, {eight} : {short}") for each in (high, both))
        return even, odd

    def shifted(self, words: str, by: int, around: str) -> str:
        """Lane `i + by` of a vector of words in lane `i`, that of `around` where there is none."""
        if by == 0:
            return words
        places = [i + by if 0 <= i + by < self.lanes else self.lanes + i for i in range(self.lanes)]
        return self._shuffled(words, around, places)

    def woven(self, rows: Sequence[str], run: int) -> list[str]:
        """The words of one or two vectors in turns, `run` adjacent ones of each."""
        if len(rows) == 1:
            return list(rows)
        first, second = rows
        lanes = [each + i for at in range(0, self.lanes, run) for each in (at, self.lanes + at) for i in range(run)]
        return [self._shuffled(first, second, half) for half in (lanes[: self.lanes], lanes[self.lanes :])]

    def _shuffled(self, a: str, b: str, lanes: Sequence[int]) -> str:
        kind = self._of("i32")
        return self.value(f"vector.shuffle {a}, {b} [{', '.join(map(str, lanes))}] : {kind}, {kind}")

    def store_words(self, words: str, view: View, *at: Index) -> None:
        """Store a vector of words as adjacent bytes."""
        kind = f"vector<{4 * self.lanes}xi8>"
        found = self.value(f"vector.bitcast {words} : {self._of('i32')} to {kind}")
        self.line(f"vector.store {found}, {view.name}[{self.indices(*at)}] : {view.type}, {kind}")

    def pack(self, vectors: Sequence[str], zero: int, *, signed: bool) -> str:
        """Four vectors of 16 int32 as 64 bytes, `zero` added to each; see `packing`."""
        return packing.pack(self, vectors, zero, signed=signed)

    def store_half(self, packed: str, half: int, view: View, *at: Index) -> None:
        """Store the first or the second 32 of 64 bytes."""
        packing.store_half(self, packed, half, view, at)

    def copy(
        self, count: int, source: View, at: Sequence[Index], to: View, there: Sequence[Index], skip: int = 0
    ) -> None:
        """Copy `count` adjacent bytes, the first `skip` of them as zeros."""
        kind = f"vector<{count}xi8>"
        found = self.value(f"vector.load {source.name}[{self.indices(*at)}] : {source.type}, {kind}")
        if skip:
            kept = ", ".join(["false"] * skip + ["true"] * (count - skip))
            mask = self.constant(f"dense<[{kept}]> : vector<{count}xi1>")
            zeros = self.constant(f"dense<0> : {kind}")
            found = self.value(f"arith.select {mask}, {found}, {zeros} : vector<{count}xi1>, {kind}")
        self.line(f"vector.store {found}, {to.name}[{self.indices(*there)}] : {to.type}, {kind}")

    def clear(self, count: int, view: View, *at: Index) -> None:
        """Set `count` adjacent bytes to zero."""
        kind = f"vector<{count}xi8>"
        zeros = self.constant(f"dense<0> : {kind}")
        self.line(f"vector.store {zeros}, {view.name}[{self.indices(*at)}] : {view.type}, {kind}")

    # Tiles: see `tiles`.

    def use_tiles(self, shapes: Sequence[tuple[int, int]], view: View, *at: Index) -> None:
        """Give the tile registers so many rows and bytes a row, by way of 64 bytes of scratch memory."""
        tiles.use(self, shapes, view, at)

    def release_tiles(self) -> None:
        """Have the tile registers empty, as whatever runs next expects them."""
        tiles.release(self)

    def load_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        """Fill a tile with rows that lie `stride` bytes apart; 0 for the same row again and again."""
        tiles.load(self, tile, view, at, stride)

    def store_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        """Store a tile to rows that lie `stride` bytes apart."""
        tiles.store(self, tile, view, at, stride)

    def multiply_tiles(self, c: int, a: int, b: int) -> None:
        """Add the product of tiles `a`, of unsigned bytes, and `b`, of words of signed ones, to `c`, of int32."""
        tiles.multiply(self, c, a, b)
