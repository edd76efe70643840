"""Cases with open sizes: which dimensions are named, what goes on behind the node, what other sizes there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fuzzing.case import Array, Case, model
from fuzzing.draw import Declared, Drawer, integer, pick
from fuzzing.steps import STEPS

SIZES = (1, 2, 3, 4, 5, 7)

Places = Mapping[tuple[str, int], str]


@dataclass(frozen=True)
class Opened:
    """A case and the dimensions of its inputs that are open.

    Attributes:
        case: with inputs of the sizes that it was drawn with.
        names: of the dimensions that are open, by input and axis.
        others: sizes to run at, by name; the first are those that it was drawn with.
    """

    case: Case
    names: Places
    others: tuple[Mapping[str, int], ...]

    def at(self, sizes: Mapping[str, int]) -> Case:
        """The case with inputs of other sizes, whose elements are repeated or left out."""
        inputs = {name: self._resized(name, array, sizes) for name, array in self.case.inputs.items()}
        return replace(self.case, inputs=inputs)

    def _resized(self, name: str, array: Array, sizes: Mapping[str, int]) -> Array:
        for axis, old in enumerate(array.shape):
            size = sizes[self.names[name, axis]] if (name, axis) in self.names else old
            if size != old:
                array = np.take(array, np.arange(size) % max(old, 1), axis) if old else _zeros(array, axis, size)
        return array

    def __repr__(self) -> str:
        return f"{self.case!r}\n  open: {dict(self.names)}"


def _zeros(array: Array, axis: int, size: int) -> Array:
    return np.zeros((*array.shape[:axis], size, *array.shape[axis + 1 :]), array.dtype)


def opened_model(opened: Sequence[Opened]) -> Any:
    """A model of all the cases; the dimension `n` of the first is `c0_n`."""
    proto = model([each.case for each in opened])
    for value in proto.graph.input:
        index, _, name = value.name.partition("/")
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            called = opened[int(index)].names.get((name, axis))
            if called:
                dim.dim_param = f"c{index}_{called}"
    return proto


def opened_cases(family: Declared, count: int) -> Any:
    """Some cases of a family with open sizes; those of which nothing can be open are left out."""

    @st.composite
    def some(draw: Drawer) -> list[Opened]:
        found = [_opened(draw, case) for case in draw(family.cases(count))]
        return [each for each in found if each]

    return some()


def _opened(draw: Drawer, case: Case) -> Opened | None:
    if case.sequences or case.wanted:
        return None
    for _ in range(integer(draw, 0, 2)):
        case = _continued(draw, case)
    apart = integer(draw, 0, 3) == 3
    names: dict[tuple[str, int], str] = {}
    for name, array in case.inputs.items():
        for axis, size in enumerate(array.shape):
            if size > 0 and integer(draw, 0, 2):
                names[name, axis] = f"{name}_{axis}" if apart else f"n{size}"
    if not names:
        return None
    drawn = {called: case.inputs[name].shape[axis] for (name, axis), called in names.items()}
    others = [{called: pick(draw, size, *SIZES) for called, size in drawn.items()} for _ in range(6)]
    return Opened(case, names, (drawn, *others))


def _continued(draw: Drawer, case: Case) -> Case:
    """The case with one more node, which takes the first result."""
    last = case.outputs[0]
    found = _value(case, last)
    if found is None:
        return case
    step = pick(draw, *(name for name, each in STEPS.items() if each.fits(found) and case.opset >= each.since))
    nodes, constants = STEPS[step].made(draw, found, last, f"{last}_{step}")
    return replace(case, nodes=(*case.nodes, *nodes), constants={**case.constants, **constants})


def _value(case: Case, name: str) -> Array | None:
    from fuzzing.oracle import expected

    try:
        found = expected(case)
    except Exception:  # the oracle refuses the case, which the comparison meets again
        return None
    return found[0] if isinstance(found[0], np.ndarray) else None
