"""Sums over many rows as sums of short ones, where there are registers for many more than the results.

Rounding errors grow with the length of a sum, and an addition has to wait for the one before. So some rows at a time
are summed by themselves, and every some rows among these. (P. Blanchard, N. Higham, T. Mary: A class of fast and
accurate summation algorithms, 2020.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webtensorc_kernels.code import Code, Index

__all__ = ["in_parts"]

_TOGETHER = 256
"""Rows that one sum is over at most."""
_WAYS = 4
"""Sums that go on at the same time, as an addition takes as many cycles."""


def in_parts(
    code: Code,
    low: int,
    high: int,
    step: Callable[[Index, list[str]], list[str]],
    count: int,
    before: Callable[[Index, int], None],
) -> list[str]:
    """`count` sums over rows `low` to `high`, of which `step` adds one to sums so far.

    `before` is called with the first row of a round and how many it has.
    """
    ways = 1 << max(1, min(_WAYS, code.registers // 2 // count)).bit_length() - 1
    zeros = [code.zero()] * count

    def some(k: Index, sums: Sequence[str], rows: int) -> list[str]:
        before(k, rows)
        parts = [list(sums[i * count : (i + 1) * count]) for i in range(ways)]
        for i in range(rows):
            parts[i] = step(code.add(k, i), parts[i])
        return [each for part in parts for each in part]

    def part(first: Index, beyond: Index, totals: Sequence[str], rest: int = 0) -> list[str]:
        sums = code.loop(first, beyond, lambda k, sums: some(k, sums, ways), zeros * ways, step=ways)
        sums = some(beyond, sums, rest) if rest else sums
        for i in range(0, len(sums), count):
            totals = [code.plus(total, each) for total, each in zip(totals, sums[i : i + count], strict=True)]
        return list(totals)

    whole, even = (high - (high - low) % rows for rows in (_TOGETHER, ways))
    sums = code.loop(low, whole, lambda k, sums: part(k, code.add(k, _TOGETHER), sums), zeros, step=_TOGETHER)
    return part(whole, even, sums, high - even) if whole < high else sums
