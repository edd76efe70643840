"""What is asked of named dimensions: a size, bounds, or sizes to have variants for.

    dimension = name "=" item { "," item }
    item      = size | size ".." [ size ]

`batch=4` fixes a dimension. `batch=1..64` leaves it open within bounds, both included; `batch=1..` has no upper end. A
list, `batch=1,8,32` or `batch=1,8,1..64`, leaves it open too, and has variants compiled for the sizes in it. In Python
these are `4`, `(1, 64)`, `(1, None)`, `[1, 8, 32]` and `[1, 8, (1, 64)]`.
"""

from __future__ import annotations

import itertools
import operator
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from webtensorc_runtime.dims import Bounds
from webtensorc_runtime.errors import UsageError

__all__ = ["Bounds", "Size", "Sizes", "combinations", "draw", "parse", "read"]

Size: TypeAlias = "int | tuple[int, int | None] | Sequence[int | tuple[int, int | None]]"
"""How a size is written in Python."""

LARGEST = 2**63 - 1
"""Of a dimension: MLIR's sizes are signed 64-bit integers."""

_ITEM = re.compile(r"(\d{1,19})(?:(\.\.)(\d{1,19})?)?", re.ASCII)
_FORM = "write NAME=4, NAME=1..64, NAME=1,8,32 or NAME=1,8,1..64"


@dataclass(frozen=True)
class Sizes:
    """What is asked of one dimension.

    Attributes:
        fixed: its one size, or None where it stays open.
        least, most: where it is open, the sizes it may have; `most` is None without an upper end.
        special: sizes that variants are compiled for.
    """

    fixed: int | None = None
    least: int = 1
    most: int | None = None
    special: tuple[int, ...] = ()

    def bounds(self, name: str) -> Bounds:
        """The bounds, under a name."""
        return Bounds(name, self.least, self.most)

    def __str__(self) -> str:
        if self.fixed is not None:
            return str(self.fixed)
        is_open = not self.special or (self.least, self.most) != (1, None)
        ends = [f"{self.least}..{'' if self.most is None else self.most}"] if is_open else []
        return ",".join([*map(str, self.special), *ends])


def parse(text: str) -> Sizes:
    """Read the part behind `NAME=`.

    Raises:
        UsageError: it does not follow the grammar, or contradicts itself.
    """
    items: list[int | tuple[int, int | None]] = []
    for part in text.split(","):
        found = _ITEM.fullmatch(part.strip())
        if found is None:
            raise UsageError(f"`{text}` is no size of a dimension", hint=_FORM)
        first, dots, last = found.groups()
        items.append((int(first), int(last) if last else None) if dots else int(first))
    return read(items if len(items) > 1 else items[0])


def read(size: Any, name: str = "") -> Sizes:
    """What a size in Python means, for the dimension `name`.

    Raises:
        UsageError: it is none, or contradicts itself.
    """
    try:
        return _read(size)
    except UsageError as error:
        message = f"dimension {name!r}: {error.message}" if name else error.message
        raise UsageError(message, hint=error.hint) from None


def _read(size: Any) -> Sizes:
    if isinstance(size, Sizes):
        return size
    if _is_number(size):
        return Sizes(fixed=_positive(size))
    if isinstance(size, Bounds):
        return Sizes(least=size.least, most=size.most)
    if isinstance(size, tuple):
        return _from_items([size])
    if isinstance(size, Iterable) and not isinstance(size, str | bytes):
        return _from_items(list(size))
    raise UsageError(f"a size is a whole number, not {size!r}", hint="write 4, (1, 64), [1, 8, 32] or [1, 8, (1, 64)]")


def _from_items(items: list[Any]) -> Sizes:
    special = tuple(dict.fromkeys(_positive(item) for item in items if not isinstance(item, tuple)))
    ranges = [item for item in items if isinstance(item, tuple)]
    if not items or len(ranges) > 1 or any(len(ends) != 2 for ends in ranges):
        raise UsageError(f"{items!r} are no sizes of a dimension", hint="give sizes, and one range at most")
    least, most = ranges[0] if ranges else (1, None)
    sizes = Sizes(None, _positive(least), None if most is None else _positive(most), special)
    if most is not None and most < least:
        raise UsageError(f"a dimension cannot be {least}..{most}", hint="the lower end comes first")
    if outside := [size for size in special if size not in sizes.bounds("")]:
        raise UsageError(f"the size {outside[0]} lies outside of {sizes.bounds('').range}")
    return sizes


def _is_number(size: Any) -> bool:
    """Whether this is a whole number of any kind, numpy's too."""
    return hasattr(size, "__index__") and not isinstance(size, bool)


def _positive(size: Any) -> int:
    if not _is_number(size) or not 1 <= operator.index(size) <= LARGEST:
        raise UsageError(f"a dimension cannot be {size}", hint="sizes begin at 1")
    return operator.index(size)


def combinations(sizes: Mapping[str, Sizes]) -> list[dict[str, int]]:
    """Every combination of the sizes that variants are compiled for, by name."""
    special = {name: each.special for name, each in sizes.items() if each.special}
    if not special:
        return []
    return [dict(zip(special, chosen, strict=True)) for chosen in itertools.product(*special.values())]


SPREAD = 16
"""Among how many sizes, from the least on, one is drawn: small enough to run, and different from each other."""


def draw(dims: Iterable[Bounds], seed: int, attempt: int = 0) -> dict[str, int]:
    """Sizes within bounds, by name.

    Args:
        dims: the dimensions.
        seed: any integer >= 0.
        attempt: 0 is random, 1 the least, 2 the largest, more are random again.
    """
    found = {}
    for each in dims:
        top = each.least + SPREAD - 1 if each.most is None else min(each.most, each.least + SPREAD - 1)
        drawn = random.Random(f"{seed} {attempt} {each.name}").randint(each.least, top)
        found[each.name] = {1: each.least, 2: top}.get(attempt, drawn)
    return found
