"""The dimension numbers of `stablehlo.scatter` and `stablehlo.gather`, and whether indices are known to be valid.

Source: the StableHLO specification, "gather" and "scatter".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webtensorc.iree.builder import IN_BOUNDS
from webtensorc.iree.evaluate import Evaluator, expand
from webtensorc.iree.mlir import Array, Operation, Value

__all__ = ["IN_BOUNDS", "GatherLayout", "ScatterLayout", "in_bounds"]


@dataclass(frozen=True)
class ScatterLayout:
    """`#stablehlo.scatter<...>`."""

    window: tuple[int, ...]
    inserted: tuple[int, ...]
    batching: tuple[int, ...]
    indices_batching: tuple[int, ...]
    targets: tuple[int, ...]
    vector: int

    @classmethod
    def of(cls, op: Operation) -> ScatterLayout:
        """The layout of a `stablehlo.scatter`."""
        text = str(op.attributes["scatter_dimension_numbers"])
        return cls(
            numbers(text, "update_window_dims"),
            numbers(text, "inserted_window_dims"),
            numbers(text, "input_batching_dims"),
            numbers(text, "scatter_indices_batching_dims"),
            numbers(text, "scatter_dims_to_operand_dims"),
            number(text, "index_vector_dim"),
        )


@dataclass(frozen=True)
class GatherLayout:
    """What of `#stablehlo.gather<...>` says where slices start."""

    targets: tuple[int, ...]
    vector: int

    @classmethod
    def of(cls, op: Operation) -> GatherLayout:
        """The layout of a `stablehlo.gather`."""
        text = str(op.attributes["dimension_numbers"])
        return cls(numbers(text, "start_index_map"), number(text, "index_vector_dim"))


def numbers(text: str, name: str) -> tuple[int, ...]:
    """The list `name = [...]` of a printed attribute; empty if it is left out."""
    found = re.search(rf"\b{name} = \[([\d, ]*)\]", text)
    return tuple(int(each) for each in found[1].split(",")) if found and found[1].strip() else ()


def number(text: str, name: str) -> int:
    """The number `name = ...` of a printed attribute; 0 if it is left out."""
    found = re.search(rf"\b{name} = (\d+)", text)
    return int(found[1]) if found else 0


def in_bounds(evaluator: Evaluator, indices: Value, vector: int, limits: Sequence[int]) -> bool:
    """Whether all indices are known at compile time and component `i` is between 0 and `limits[i]`.

    Args:
        evaluator: knows values.
        indices: the indices operand.
        vector: its dimension that runs over the components, or its rank if there is but one.
        limits: the largest valid value of each component.
    """
    known = evaluator.known(indices)
    if known is None:
        return False
    array: Array = expand(known, indices).astype(np.int64)
    array = np.moveaxis(array, vector, -1) if vector < array.ndim else array[..., None]
    return bool(np.all(array >= 0) and np.all(array <= np.array(limits, np.int64)))
