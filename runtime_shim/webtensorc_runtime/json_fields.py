"""Values of a manifest's JSON that are of the kind they must be: else TypeError or ValueError."""

from __future__ import annotations

from typing import Any


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def texts(values: Any) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple(map(text, values))


def count(value: object) -> int:
    """A number that is no less than 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is not a size")
    return value


def report(data: Any) -> dict[str, Any]:
    """A report of the facts that the loader acts on, and others."""
    if not isinstance(data, dict):
        raise TypeError(f"{data!r} is not a report")
    for index in data.get("overwritten", ()):  # this and the next are the facts that the loader acts on
        count(index)
    if not count(data.get("alignment", 1)):
        raise ValueError("an alignment is 0")
    return data


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
