"""Blocks of channels: how a kernel divides them, and how the last block takes the rest that is no whole vector.

All blocks have the vectors of the register tile, and the last one as few as there are channels left. A rest of at most
half a vector would still take a whole one for every point. Instead points share one, each with as many lanes as the
rest needs (8 or 4 of 16):

    shared[lane] += numbers[lane // tail] * weights[lane % tail]

`numbers` is spliced together from vectors of which each is one point's number in every lane, and which are there anyway
as the other vectors are multiplied by them. To do so takes no time of the units that multiply (on processors with two
of them among four; where units are shared it takes as long as the whole vectors would). When all is summed, the rest is
put behind the end of the last whole vector, which gives the last vector of the result: it begins earlier, as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code

__all__ = ["Blocks", "Points"]

_FEWEST_LANES = 8
"""Of vectors that points share: others are not longer than what points would share them for."""
_MOST_SHARING = 4
"""Points: with more of them most of the work would be splicing."""
_SPLICED = 7
"""Registers for a point's number, what it is spliced into, and what else the native compiler then needs: measured."""


@dataclass(frozen=True)
class Points:
    """Points of a tile: how many it has, and which of them are multiplied, where others touch padding."""

    count: int
    valid: tuple[int, ...]


@dataclass(frozen=True)
class Blocks:
    """The blocks of `outputs` channels.

    Attributes:
        outputs: channels.
        lanes: of a vector.
        count: blocks.
        vectors: whole vectors of a block.
        last: those of the last one.
        tail: lanes that the rest takes in a vector that points share; 0 if there is none.
    """

    outputs: int
    lanes: int
    count: int
    vectors: int
    last: int
    tail: int = 0

    @classmethod
    def alike(cls, outputs: int, lanes: int, vectors: int) -> Blocks:
        """All of them have the same vectors; the last one begins earlier if it has to."""
        return cls(outputs, lanes, -(-outputs // (vectors * lanes)), vectors, vectors)

    @classmethod
    def narrower(cls, outputs: int, lanes: int, vectors: int, points: int, registers: int) -> Blocks:
        """The last one has as few vectors as it takes; so many points share one for the rest if registers allow it."""
        whole, rest = divmod(outputs, lanes)
        count, last = max(1, -(-whole // vectors)), (whole - 1) % vectors + 1
        shared = cls(outputs, lanes, count, vectors, last, _tail(rest, lanes))
        if whole and shared.tail and shared.registers(points) <= registers:
            return shared
        needed = -(-outputs // lanes)
        count = -(-needed // vectors)
        return cls(outputs, lanes, count, vectors, needed - (count - 1) * vectors)

    @property
    def sharing(self) -> int:
        """Points that share a vector."""
        return self.lanes // self.tail

    def shared(self, points: int) -> int:
        """Vectors that so many points share."""
        return -(-points // self.sharing) if self.tail else 0

    def registers(self, points: int) -> int:
        """That the last block takes, with a shared vector, for so many points."""
        return points * self.last + self.shared(points) + self.last + 1 + _SPLICED

    def sums(self, points: Points, *, is_last: bool) -> list[int]:
        """Which of a tile's sums are added to: whole vectors by point, then those that points share."""
        vectors = self.last if is_last else self.vectors
        used = [i * vectors + j for i in points.valid for j in range(vectors)]
        if is_last and self.tail:
            used += [points.count * vectors + n for n in sorted({i // self.sharing for i in points.valid})]
        return used

    def multiply(
        self,
        code: Code,
        points: Points,
        number: Callable[[int], str],
        weights: tuple[Sequence[str], str | None],
        sums: dict[int, str],
    ) -> None:
        """Add to `sums` each point's `number`, in every lane, times whole vectors of weights and those of the rest."""
        whole, rest = weights
        spliced: str | None = None
        for n, i in enumerate(points.valid):
            # Else numbers would be spliced together in several ways before they are put into every lane.
            value = number(i) if rest is None else code.opaque(number(i))
            for j, each in enumerate(whole):
                place = i * len(whole) + j
                sums[place] = code.multiply_add(value, each, sums[place])
            if rest is None:
                continue
            spliced = self._spliced(code, value, spliced, i, points)
            following = points.valid[n + 1 : n + 2]
            if not following or following[0] // self.sharing != i // self.sharing:
                place = points.count * len(whole) + i // self.sharing
                sums[place], spliced = code.multiply_add(spliced, rest, sums[place]), None

    def rejoined(self, code: Code, sums: Sequence[str], points: int) -> list[str]:
        """The vectors of each point, of the sums of the last block: the last one ends with its shared lanes."""
        rest, found = self.outputs % self.lanes, list[str]()
        for i in range(points):
            each = sums[i * self.last : (i + 1) * self.last]
            shared, first = sums[points * self.last + i // self.sharing], self.lanes + self._lane(i)
            places = [*range(rest, rest + self.lanes - self.tail), *range(first, first + self.tail)]
            found += [*each, code.picked([each[-1], shared], places)]
        return found

    def width(self, *, is_last: bool) -> int:
        """Channels of a block."""
        if not is_last:
            return self.vectors * self.lanes
        return self.last * self.lanes + (self.outputs % self.lanes if self.tail else 0)

    def _spliced(self, code: Code, value: str, others: str | None, point: int, points: Points) -> str:
        """A point's number among those of the points that share a vector with it, which come before it.

        Points of a tile that are not valid have zeros there.
        """
        if others is None:
            first = point // self.sharing * self.sharing
            if all(i in points.valid for i in range(first, min(first + self.sharing, points.count))):
                return value
            others = code.opaque(code.zero())
        return code.spliced(value, others, self._lane(point), self.tail)

    def _lane(self, point: int) -> int:
        """The first lane of a point in the vector that it shares.

        Two points are in different halves: else the native compiler would splice half a vector, by an instruction that
        cannot use all registers.
        """
        place = point % self.sharing
        return self.tail * (place // 2 + place % 2 * self.sharing // 2)


def _tail(rest: int, lanes: int) -> int:
    """Lanes for a rest; 0 if a vector is as good."""
    if lanes < _FEWEST_LANES or not 0 < rest <= lanes // 2:
        return 0
    return max(lanes // _MOST_SHARING, 1 << (rest - 1).bit_length())
