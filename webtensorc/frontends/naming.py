"""Names for open dimensions: identifiers, made from what the file calls them.

ONNX allows any text as a dimension's name, exporters write expressions there (`past_sequence_length + 1`), and some
dimensions have no name at all. In a manifest and on the command line a name is an identifier:

    batch          batch
    batch size     batch_size
    unnamed        x_0, for dimension 0 of input x
    past + 1       the expression, if `past` is the name of another dimension
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webtensorc_runtime import dims
from webtensorc_runtime.dims import Dim

_RESERVED = {"floordiv", "mod", "max", "min", dims.UNKNOWN}


@dataclass(frozen=True)
class Names:
    """The dimension that every name, or unnamed place `(input, axis)`, of a signature stands for."""

    found: dict[str | tuple[str, int], Dim]

    @classmethod
    def of(cls, shapes: Iterable[tuple[str, Sequence[int | str | None]]]) -> Names:
        """Name all dimensions of some inputs; None is a dimension without size and name."""
        every = [(name, axis, dim) for name, shape in shapes for axis, dim in enumerate(shape)]
        given = {dim for _, _, dim in every if isinstance(dim, str)}
        found: dict[str | tuple[str, int], Dim] = {}
        taken: set[str] = set()
        for name in sorted(given, key=lambda name: (not _is_plain(name), [dim for _, _, dim in every].index(name))):
            expression = _expression(name, given)
            found[name] = expression or _unique(_identifier(name), taken)
        for name, axis, dim in every:
            if dim is None:
                found[name, axis] = _unique(_identifier(f"{name}_{axis}"), taken)
        return cls(found)

    def symbols(self) -> list[str]:
        """Every name, ours."""
        return dims.names(self.found.values())

    def ours(self, name: str) -> str:
        """Our name for one of the file's, or for one of ours."""
        dim = self.found.get(name, name)
        return dim if isinstance(dim, str) and dim.isidentifier() else name

    def shape(self, name: str, shape: Sequence[int | str | None]) -> tuple[Dim, ...]:
        """An input's shape in our names."""
        return tuple(
            dim if isinstance(dim, int) else self.found[dim if dim is not None else (name, axis)]
            for axis, dim in enumerate(shape)
        )


def _is_plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and name not in _RESERVED


def _identifier(name: str) -> str:
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "dim"
    text = f"d{text}" if text[0].isdigit() else text
    return text if _is_plain(text) else f"{text}_"


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    taken.add(unique)
    return unique


def _expression(name: str, given: set[str]) -> str | None:
    """`name` if it is an expression of other given names."""
    if _is_plain(name):
        return None
    try:
        used = dims.names([name])
    except ValueError:
        return None
    return name if used and all(_is_plain(each) and each in given for each in used) else None
