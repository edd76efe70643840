"""What is asked of named dimensions: a size, bounds, or sizes to have variants for.

    dimension = name "=" item { "," item }
    item      = size | size ".." [ size ] [ ":" step ]

`batch=4` fixes a dimension. `batch=1..64` leaves it open within bounds, both included; `batch=1..` has no upper end.
`height=32..1280:32` leaves it open for the multiples of 32 in there. A list, `batch=1,8,32` or `batch=1,8,1..64`,
leaves it open too, and has variants compiled for the sizes in it. In Python these are `4`, `(1, 64)`, `(1, None)`,
`(32, 1280, 32)`, `[1, 8, 32]` and `[1, 8, (1, 64)]`.

Nothing is a size, too, as that of a cache before the first call. Open sizes begin at 1: of `past=0..64` those from 1 on
are open, and 0 has a variant.
"""

from __future__ import annotations

import itertools
import operator
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds
from webtensorc_runtime.errors import UsageError

__all__ = ["Bounds", "Size", "Sizes", "combinations", "draw", "parse", "read"]

Range: TypeAlias = "tuple[int, int | None] | tuple[int, int | None, int]"
Size: TypeAlias = "int | Range | Sequence[int | Range]"
"""How a size is written in Python."""

LARGEST = 2**63 - 1
"""Of a dimension: MLIR's sizes are signed 64-bit integers."""

_ITEM = re.compile(r"(\d{1,19})(?:(\.\.)(\d{1,19})?(?::(\d{1,19}))?)?", re.ASCII)
_FORM = "write NAME=4, NAME=1..64, NAME=32..640:32, NAME=1,8,32 or NAME=1,8,1..64"
_PYTHON_FORM = "write 4, (1, 64), (32, 640, 32), [1, 8, 32] or [1, 8, (1, 64)]"


@dataclass(frozen=True)
class Sizes:
    """What is asked of one dimension.

    Attributes:
        fixed: its one size, or None where it stays open.
        least, most: where it is open, the sizes it may have; `most` is None without an upper end.
        step: where it is open, what all its sizes are multiples of.
        special: sizes that variants are compiled for.
    """

    fixed: int | None = None
    least: int = 1
    most: int | None = None
    special: tuple[int, ...] = ()
    step: int = 1

    def bounds(self, name: str) -> Bounds:
        """The bounds, under a name."""
        return Bounds(name, self.least, self.most, self.step)

    @property
    def says_no_bounds(self) -> bool:
        """Whether sizes for variants are all that is asked."""
        return bool(self.special) and self.bounds("") == Bounds("")

    def __str__(self) -> str:
        if self.fixed is not None:
            return str(self.fixed)
        is_list = self.says_no_bounds and len(self.special) > 1  # one alone is read as the only size
        ends = [] if is_list else [self.bounds("").range]
        return ",".join([*map(str, self.special), *ends])


def parse(text: str) -> Sizes:
    """Read the part behind `NAME=`.

    Raises:
        UsageError: it does not follow the grammar, or contradicts itself.
    """
    items: list[int | Range] = []
    for part in text.split(","):
        found = _ITEM.fullmatch(part.strip())
        if found is None:
            raise UsageError(f"`{text}` is no size of a dimension", hint=_FORM)
        first, dots, last, step = found.groups()
        items.append((int(first), int(last) if last else None, int(step or 1)) if dots else int(first))
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
        return Sizes(fixed=_size(size))
    if isinstance(size, Bounds):
        return Sizes(least=size.least, most=size.most, step=size.step)
    if isinstance(size, tuple):
        return _from_items([size])
    if isinstance(size, Iterable) and not isinstance(size, str | bytes):
        return _from_items(list(size))
    raise UsageError(f"a size is a whole number, not {size!r}", hint=_PYTHON_FORM)


def _from_items(items: list[Any]) -> Sizes:
    special = tuple(dict.fromkeys(_size(item) for item in items if not isinstance(item, tuple)))
    ranges = [item for item in items if isinstance(item, tuple)]
    if any(len(ends) > 1 and _is_number(ends[0]) and ends[0] == 0 and ends[1] != 0 for ends in ranges):
        special, ranges = tuple(dict.fromkeys((0, *special))), [(1, *ends[1:]) for ends in ranges]
    if not items or len(ranges) > 1 or any(len(ends) not in (2, 3) for ends in ranges):
        raise UsageError(f"{items!r} are no sizes of a dimension", hint="give sizes, and one range at most")
    bounds = _bounds(*ranges[0]) if ranges else Bounds("")
    if outside := [size for size in special if size and size not in bounds]:
        raise UsageError(f"the size {outside[0]} is none of {bounds.range}")
    return Sizes(None, bounds.least, bounds.most, special, bounds.step)


def _bounds(least: Any, most: Any, step: Any = 1) -> Bounds:
    bounds = Bounds("", _positive(least), None if most is None else _positive(most))
    if most is not None and most < least:
        raise UsageError(f"a dimension cannot be {least}..{most}", hint="the lower end comes first")
    try:
        return bounds.within(step=_positive(step))
    except ValueError as error:
        raise UsageError(str(error)) from None


def _is_number(size: Any) -> bool:
    """Whether this is a whole number of any kind, numpy's too."""
    return hasattr(size, "__index__") and not isinstance(size, bool)


def _size(size: Any) -> int:
    if not _is_number(size) or not 0 <= operator.index(size) <= LARGEST:
        raise UsageError(f"a dimension cannot be {size}", hint=f"sizes are whole numbers from 0 to {LARGEST}")
    return operator.index(size)


def _positive(size: Any) -> int:
    if not _size(size):
        raise UsageError("open sizes begin at 1, with a variant for 0", hint="write NAME=0..64, NAME=0,1..64 or NAME=0")
    return operator.index(size)


def combinations(sizes: Mapping[str, Sizes]) -> list[dict[str, int]]:
    """Every combination of the sizes that variants are compiled for, by name."""
    special = {name: each.special for name, each in sizes.items() if each.special}
    if not special:
        return []
    return [dict(zip(special, chosen, strict=True)) for chosen in itertools.product(*special.values())]


SPREAD = 16
"""Among how many sizes, from the least on, one is drawn: small enough to run, and different from each other."""

_MOST_TRIES = 1000
"""Of drawing sizes that keep constraints."""


def draw(dims: Iterable[Bounds], seed: int, attempt: int = 0, constraints: Sequence[Constraint] = ()) -> dict[str, int]:
    """Sizes within bounds, by name.

    Args:
        dims: the dimensions.
        seed: any integer >= 0.
        attempt: 0 is random, 1 the least, 2 the largest, more are random again.
        constraints: what the sizes keep besides, in names of `dims`; for their sake they may be other than the least or
            the largest.

    Raises:
        UsageError: among many tries no sizes keep the constraints.
    """
    dims = tuple(dims)
    for number in range(_MOST_TRIES if constraints else 1):
        found = {each.name: _drawn(each, seed, attempt, number) for each in dims}
        if all(each.holds(found) for each in constraints):
            return found
    listed = ", ".join(map(str, constraints))
    raise UsageError(f"no sizes were found that keep {listed}", hint="give them with `--dim NAME=SIZE`")


def _drawn(bounds: Bounds, seed: int, attempt: int, number: int) -> int:
    """One size; the first try of an attempt is as `draw` says, the others are random."""
    top = bounds.least + (SPREAD - 1) * bounds.step
    top = top if bounds.most is None else min(bounds.most, top)
    if number == 0 and attempt in (1, 2):
        return bounds.least if attempt == 1 else top
    text = f"{seed} {attempt} {bounds.name}" + (f" {number}" if number else "")
    return random.Random(text).randrange(bounds.least, top + 1, bounds.step)
