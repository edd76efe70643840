"""Bytes of quantised numbers: vectors of int32 that stand for four bytes in each lane, on top of `vectors`."""

from __future__ import annotations

from collections.abc import Sequence

from webtensorc_kernels import packing
from webtensorc_kernels.listing import Index
from webtensorc_kernels.vectors import Vectors, View

__all__ = ["Words"]

_PERMUTED = 16
"""Adjacent bytes that processors permute in one instruction, if not all of a register."""


class Words(Vectors):
    """A function's body that computes on bytes as well."""

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

    def load_fixed(self, view: View, *at: Index) -> str:
        """Adjacent integers of three bytes as float32, times 256: their bytes go into the upper ones of words.

        Whole registers of bytes are loaded, and permuted: those that an instruction permutes, if not all of them.
        """
        size = 4 * self.lanes
        whole = size if self._machine.permutes_bytes else min(size, _PERMUTED)
        used = whole // 4 * 3
        pieces = [
            self.value(f"vector.load {view.name}[{self.indices(*at[:-1], place)}] : {view.type}, vector<{whole}xi8>")
            for place in (self.add(at[-1], used * i) for i in range(size // whole))
        ]
        while len(pieces) > 1:
            pieces = [self._joined(size // len(pieces), a, b) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
        places = [n for i in range(0, size, whole) for n in _upper(i, whole, size)]
        wide, nothing = f"vector<{size}xi8>", self.constant(f"dense<0> : vector<{size}xi8>")
        spread = self.value(f"vector.shuffle {pieces[0]}, {nothing} [{', '.join(map(str, places))}] : {wide}, {wide}")
        numbers = self.value(f"vector.bitcast {spread} : {wide} to {self._of('i32')}")
        return self.apply("arith.sitofp", (numbers,), "", ("i32", "f32"))

    def _joined(self, size: int, a: str, b: str) -> str:
        """Two vectors of `size` bytes one behind the other."""
        places = ", ".join(map(str, range(2 * size)))
        return self.value(f"vector.shuffle {a}, {b} [{places}] : vector<{size}xi8>, vector<{size}xi8>")

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


def _upper(first: int, count: int, zero: int) -> list[int]:
    """Where `count` bytes from `first` on come from, if every word is nothing, at `zero`, and three bytes after it."""
    return [n for i in range(first, first + count // 4 * 3, 3) for n in (zero, i, i + 1, i + 2)]
