"""Small things that strategies draw: opsets, element types, shapes, arrays, and the node that they meet in.

A family makes cases: `@family(since=9) def one_hot(draw, opset): ... return case(draw, opset, "OneHot", ...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import ml_dtypes
import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper

from fuzzing.case import Array, Case, Known

NEWEST = onnx.defs.onnx_opset_version()
OLDEST = 7

T = TypeVar("T")
Drawer = Callable[[Any], Any]
Family = Callable[[Drawer, int], Case]


@dataclass(frozen=True)
class Declared:
    """A family and the opsets that it is drawn for."""

    name: str
    function: Family
    opsets: tuple[int, int]
    slow: int

    def cases(self, count: int) -> Any:
        """So many cases of one opset, fewer of what compiles slowly."""
        function, count = self.function, max(count // self.slow, 1)

        @st.composite
        def one(draw: Drawer, opset: int) -> Case:
            return function(draw, opset)

        return st.integers(*self.opsets).flatmap(lambda opset: st.lists(one(opset), min_size=count, max_size=count))


def family(since: int = OLDEST, until: int = NEWEST, slow: int = 1) -> Callable[[Family], Declared]:
    """Declare a family for a range of opsets."""

    def declare(function: Family) -> Declared:
        return Declared(function.__name__, function, (since, until), slow)  # type: ignore[attr-defined]

    return declare


def pick(draw: Drawer, *options: T) -> T:
    """One of the options; the first is the simplest."""
    return draw(st.sampled_from(options))  # type: ignore[no-any-return]


def integer(draw: Drawer, low: int, high: int) -> int:
    """Low and high are included."""
    return draw(st.integers(low, high))  # type: ignore[no-any-return]


def flag(draw: Drawer) -> bool:
    """False is the simpler one."""
    return draw(st.booleans())  # type: ignore[no-any-return]


def shape(draw: Drawer, least: int = 0, most: int = 4, *, smallest: int = 0, largest: int = 5) -> tuple[int, ...]:
    """A shape of `least` to `most` dimensions; a size of 0 is rare, as it leaves little to compare."""
    rank = integer(draw, least, most)
    sizes = [integer(draw, max(smallest, 1), largest) for _ in range(rank)]
    if smallest == 0 and rank and integer(draw, 0, 9) == 9:
        sizes[integer(draw, 0, rank - 1)] = 0
    return tuple(sizes)


def axis(draw: Drawer, rank: int) -> int:
    """An axis, counted from either end."""
    return integer(draw, -rank, rank - 1)


def axes(draw: Drawer, rank: int, least: int = 0) -> tuple[int, ...]:
    """Different axes in any order, counted from either end."""
    chosen = draw(st.lists(st.integers(0, rank - 1), unique=True, min_size=least)) if rank else []
    return tuple(each - rank if flag(draw) else each for each in chosen)


def broadcastable(draw: Drawer, whole: Sequence[int]) -> tuple[int, ...]:
    """A shape that broadcasts to `whole`: leading dimensions left out, others 1."""
    kept = whole[integer(draw, 0, len(whole)) :] if flag(draw) else whole
    return tuple(1 if integer(draw, 0, 3) == 3 else size for size in kept)


def dtypes(operator: str, opset: int, *, constraint: str | None = None, domain: str = "") -> list[np.dtype[Any]]:
    """The element types that an operator takes as its first input (or that a constraint allows), without strings."""
    schema = onnx.defs.get_schema(operator, opset, domain)
    wanted = constraint or schema.inputs[0].type_str
    names = next((each.allowed_type_strs for each in schema.type_constraints if each.type_param_str == wanted), ())
    found = [_dtype(name) for name in names if name.startswith("tensor(")]
    return [each for each in found if each is not None]


def _dtype(name: str) -> np.dtype[Any] | None:
    inner = name.removeprefix("tensor(").removesuffix(")")
    if inner == "string" or inner.startswith("complex"):
        return None
    return np.dtype(helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(inner.upper())))


def dtype(draw: Drawer, operator: str, opset: int, **where: Any) -> np.dtype[Any]:
    """One of `dtypes`, float32 half of the time where it is among them."""
    found = dtypes(operator, opset, **where)
    plain = np.dtype(np.float32)
    if plain in found and not flag(draw):
        return plain
    return pick(draw, *found)


def is_float(kind: Any) -> bool:
    """Any floating-point type, narrow ones included."""
    return bool(np.issubdtype(kind, np.floating)) or np.dtype(kind).name.startswith(("bfloat", "float"))


SPECIAL = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-30, -1e30, 0.5, -0.5, 1.5, -2.5)


def array(draw: Drawer, kind: Any, sizes: Sequence[int], *, special: bool = False, wild: bool = False) -> Array:
    """Values that are multiples of a quarter near zero, so that sums are exact and equal elements common.

    `special` mixes in infinities, NaN, signed zeros, halves and numbers at the end of the range; `wild` gives integers
    of the whole range.
    """
    rng = np.random.default_rng(integer(draw, 0, 2**20))
    kind = np.dtype(kind)
    if kind == np.bool_:
        return rng.integers(0, 2, sizes).astype(bool)
    if not is_float(kind):
        info = ml_dtypes.iinfo(kind)
        low, high = (int(info.min), int(info.max)) if wild else (max(int(info.min), -8), min(int(info.max), 8))
        found = rng.integers(low, high, sizes, np.int64 if info.max < 2**63 else np.uint64, endpoint=True)
        if special and found.size:
            ends = np.asarray([low, high, int(info.min), int(info.max), 0, 1], found.dtype)
            found = np.where(rng.random(sizes) < 0.3, rng.choice(ends, sizes), found)
        return found.astype(kind)
    found = np.round(rng.standard_normal(sizes) * 6) / 4
    if special:
        found = np.where(rng.random(sizes) < 0.4, rng.choice(SPECIAL, sizes), found)
    with np.errstate(all="ignore"):
        return np.asarray(found).astype(kind)


def case(
    draw: Drawer,
    opset: int,
    operator: str,
    inputs: Sequence[Array | Known | None],
    *,
    outputs: int | Sequence[bool] = 1,
    domain: str = "",
    how: dict[str, Any] | None = None,
    **attributes: Any,
) -> Case:
    """A node over these inputs: absent (None), initialisers (`Known`), or given when the model runs.

    Now and then any input is an initialiser, as weights are. Absent attributes are None; `outputs` says which are
    wanted; `how` has further fields of the case.
    """
    wanted = [True] * outputs if isinstance(outputs, int) else outputs
    names = [None if each is None else f"x{index}" for index, each in enumerate(inputs)]
    while names and names[-1] is None:
        names.pop()
    fixed = integer(draw, 0, 15)
    given, constants = {}, {}
    for index, each in enumerate(inputs):
        if isinstance(each, Known):
            constants[f"x{index}"] = each.array
        elif each is not None:
            (constants if fixed == 15 or fixed == index + 8 else given)[f"x{index}"] = np.asarray(each)
    results = [f"y{index}" if each else "" for index, each in enumerate(wanted)]
    attributes = {name: each for name, each in attributes.items() if each is not None}
    node = helper.make_node(operator, [name or "" for name in names], results, domain=domain, **attributes)
    return replace(Case(opset, (node,), given, constants), **(how or {}))
