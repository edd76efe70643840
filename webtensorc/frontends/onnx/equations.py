"""Which sizes that a node is given may be meant to be equal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax import export
from webtensorc_runtime.dims import names

from webtensorc.frontends.onnx import extents
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.values import Value


def candidates(inputs: Sequence[Value]) -> Iterator[tuple[str, str]]:
    """For sizes that may be equal: a name, and what it is equal to then.

    Sizes at the same places from the end on come first, then any two, then any two names in them.
    """
    sizes = [sizes_of(each)[::-1] for each in inputs]
    pairs = [pair for one, other in itertools.combinations(sizes, 2) for pair in zip(one, other, strict=False)]
    every = list(dict.fromkeys(size for each in sizes for size in each if extents.is_open(size)))
    numbers = dict.fromkeys(size for each in sizes for size in each if not extents.is_open(size))
    pairs += [*itertools.combinations(every, 2), *itertools.product(every, numbers)]
    found: dict[tuple[str, str], None] = {}
    for a, b in pairs:
        difference = a - b
        for name in reversed(names_in(difference)):
            variable = export.symbolic_shape(name, scope=difference.scope)[0]
            for expression in (variable - difference, variable + difference):
                if name not in names_in(expression):
                    found[name, str(expression)] = None
    used = list(dict.fromkeys(name for each in every for name in names_in(each)))
    found |= dict.fromkeys((later, earlier) for earlier, later in itertools.combinations(used, 2))
    found |= dict.fromkeys((name, "1") for name in used)
    yield from sorted(found, key=lambda pair: not names([pair[1]]))


def alike(inputs: Sequence[Value]) -> dict[str, str]:
    """What names are equal to if all sizes at the same places from the end on are equal, but for those that are 1."""
    shapes = [sizes_of(each)[::-1] for each in inputs if isinstance(each, jax.Array | np.ndarray)]
    found: dict[str, str] = {}
    for place in itertools.zip_longest(*shapes, fillvalue=1):
        sizes = list(dict.fromkeys(found.get(str(size), str(size)) for size in place if str(size) != "1"))
        kept = next((size for size in sizes if not size.isidentifier()), sizes[0] if sizes else "")
        for name in sizes:
            if name != kept and name.isidentifier() and name not in names([kept]):
                found = {each: kept if to == name else to for each, to in found.items()} | {name: kept}
    return found


def names_in(size: Any) -> list[str]:
    """The variables in a size."""
    return names([str(size)]) if extents.is_open(size) else []


def sizes_of(value: Value) -> list[Any]:
    """The sizes of a value's dimensions, or those that it holds; the largest one where that depends on data."""
    if isinstance(value, Extents):
        return [each.bound if isinstance(each, extents.Count) else each for each in value.elements.ravel()]
    return list(value.shape) if isinstance(value, jax.Array | np.ndarray) else []
