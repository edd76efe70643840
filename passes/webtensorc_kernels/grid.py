"""How a kernel's work is divided into workgroups.

Measured with two workers: equal shares of even number, 4 to 14 of them, keep both busy (8 is best); from 16 on they are
handed out in batches of 8, so that only multiples of 16 are fair. A workgroup below some 2 microseconds of work costs
more than it brings; but a worker that has nothing to do for 10 microseconds falls asleep, and takes 15 to wake up, so
that even small kernels are worth dividing.
"""

from __future__ import annotations

from webtensorc_kernels.code import Code, Index

__all__ = ["WANTED", "share", "split"]

WANTED = 8
"""Workgroups of a kernel that has enough to do."""
_SMALLEST = 200_000
"""Arithmetic operations below which a workgroup is not worth its start."""


def split(*, first: int, second: int, flops: int) -> tuple[int, int]:
    """Workgroups along two extents of a kernel's outer loops; the first is rather divided.

    Shares differ by at most one.
    """
    wanted = max(1, min(WANTED, flops // _SMALLEST))
    return min(
        ((a, b) for a in _counts(first) for b in _counts(second)),
        key=lambda grid: _cost(grid, first, second, wanted),
    )


def share(code: Code, number: Index, total: int, groups: int) -> tuple[Index, Index]:
    """The part of `range(total)` that belongs to workgroup `number` of `groups`: parts differ by at most one.

    The first is the largest, as workgroups are begun in order: what is begun last should be over soon.
    """
    if groups == 1:
        return 0, total
    low = code.quotient(code.add(code.multiply(number, total), groups - 1), groups)
    return low, code.quotient(code.add(code.multiply(number, total), total + groups - 1), groups)


def _counts(extent: int) -> list[int]:
    return list(range(1, min(extent, 16) + 1))


def _cost(grid: tuple[int, int], first: int, second: int, wanted: int) -> tuple[float, int]:
    groups = grid[0] * grid[1]
    longest = -(-first // grid[0]) * -(-second // grid[1])
    idle = longest * groups / (first * second) - 1
    odd = 0.5 if groups > 1 and groups % 2 else 0.0
    many = 0.5 if groups > 16 or groups == 15 else 0.0
    return abs(groups - wanted) / wanted + 2 * idle + odd + many + grid[1] / 100, groups
