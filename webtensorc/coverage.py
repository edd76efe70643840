"""Partial writes that together define a whole buffer, as the slabs of a concatenation do.

A kernel that stores a part of a tensor leaves the other bytes as they were. Taken alone that is an update: it keeps
alive whatever lay there before. But if several such stores follow each other, nobody reads in between, and their boxes
fill the tensor, then what lay there is never seen, and the first of them begins a new buffer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from webtensorc.schedule import Access, Step

__all__ = ["Box", "Stores", "begin_buffers", "covers"]

Box = tuple[tuple[int, int], ...]
"""First and one past the last index, per dimension."""


@dataclass(frozen=True)
class Stores:
    """What a kernel stores into one binding that it never loads: a tensor of `shape` and `size` bytes, in `boxes`."""

    shape: tuple[int, ...]
    size: int
    boxes: tuple[Box, ...]

    def as_rows(self) -> Stores:
        """The same of the tensor as a matrix, where all boxes leave the same one dimension incomplete.

        Kernels that see one tensor in different shapes can so be told to store parts of the same thing.
        """
        partial = {
            dimension
            for box in self.boxes
            for dimension, (stored, extent) in enumerate(zip(box, self.shape, strict=True))
            if stored != (0, extent)
        }
        if len(partial) != 1:
            return self
        (dimension,) = partial
        rows, inner = math.prod(self.shape[:dimension]), math.prod(self.shape[dimension + 1 :])
        boxes = tuple(((0, rows), (box[dimension][0] * inner, box[dimension][1] * inner)) for box in self.boxes)
        return Stores((rows, self.shape[dimension] * inner), self.size, boxes)


def covers(shape: Sequence[int], boxes: Sequence[Box]) -> bool:
    """Whether boxes that do not overlap fill a tensor; False also where they do overlap, unless one is the whole."""
    whole = tuple((0, extent) for extent in shape)
    distinct = list(dict.fromkeys(boxes))
    if whole in distinct:
        return True
    apart = all(not _overlap(a, b) for i, a in enumerate(distinct) for b in distinct[:i])
    volume = sum(math.prod(stop - start for start, stop in box) for box in distinct)
    return bool(distinct) and apart and volume == math.prod(shape)


def _overlap(a: Box, b: Box) -> bool:
    return all(start < end and begin < stop for (start, stop), (begin, end) in zip(a, b, strict=True))


def begin_buffers(steps: Sequence[Step], partial: Mapping[tuple[int, int], Stores]) -> list[Step]:
    """The steps with the first access of every complete chain of partial writes made a `write`.

    Arguments:
        steps: in program order.
        partial: the stores behind an access that is a pure partial write, by (number of step, number of access).
    """
    chains: dict[Access, tuple[tuple[int, int], Stores]] = {}
    begins: set[tuple[int, int]] = set()
    for number, step in enumerate(steps):
        # A step reads before it writes.
        for i, access in sorted(enumerate(step.accesses), key=lambda each: (number, each[0]) in partial):
            given = partial.get((number, i))
            stores = given.as_rows() if given else None
            if access in chains and stores is not None and stores.shape == chains[access][1].shape:
                first, before = chains[access]
                chains[access] = first, replace(before, boxes=before.boxes + stores.boxes)
            else:
                chains = {other: chain for other, chain in chains.items() if not _touch(other, access)}
                if stores is None:
                    continue
                chains[access] = (number, i), stores
            first, chain = chains[access]
            if covers(chain.shape, chain.boxes):
                begins.add(first)
                del chains[access]
    return [
        replace(
            step,
            accesses=tuple(
                replace(access, mode="write") if (number, i) in begins else access
                for i, access in enumerate(step.accesses)
            ),
        )
        for number, step in enumerate(steps)
    ]


def _touch(a: Access, b: Access) -> bool:
    if a.resource != b.resource or None in (a.offset, a.length, b.offset, b.length):
        return a.resource == b.resource
    assert a.offset is not None and a.length is not None and b.offset is not None and b.length is not None
    return a.offset < b.offset + b.length and b.offset < a.offset + a.length
