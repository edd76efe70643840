"""Writing the body of a kernel as MLIR text: all that a kernel does goes through the methods of `Code`.

They are in layers, by what they are about: `listing` (text, indices, loops), `vectors` (numbers), `words` (bytes), and
here what depends on the machine's registers. A subclass that computes instead of writing (the tests have one) runs the
very same kernel and watches its accesses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webtensorc_kernels import tiles
from webtensorc_kernels.listing import Index, Workgroup
from webtensorc_kernels.vectors import View
from webtensorc_kernels.words import Words

__all__ = ["Code", "Index", "View", "Workgroup"]


class Code(Words):
    """The body of a kernel."""

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

    @property
    def second_level(self) -> int:
        """Bytes of the second-level cache of one core."""
        return self._machine.second_level

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

    def opaque(self, vector: str) -> str:
        """The same vector, of which the native compiler does not know where it comes from."""
        letter = self._machine.register
        one = f'llvm.inline_asm "", "={letter},0" {vector} : ({self.vector}) -> {self.vector}'
        return self.value(one) if letter else vector

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

    def multiply_float_tiles(self, c: int, a: int, b: int) -> None:
        """Add the product of tiles `a`, of pairs of bfloat16, and `b`, of words of them, to `c`, of float32."""
        tiles.multiply_floats(self, c, a, b)

    def clear_tile(self, tile: int) -> None:
        """Fill a tile with zeros."""
        tiles.clear(self, tile)
