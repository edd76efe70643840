"""Nodes behind a node, of which the sizes are what is interesting: reshapes, joins, cuts, sums, what reads a shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from fuzzing.case import Array
from fuzzing.draw import Drawer, flag, integer, pick

Made = tuple[list[Any], dict[str, Array]]


@dataclass(frozen=True)
class Step:
    """A way to go on: for which values, from which opset on, and with what."""

    fits: Callable[[Array], bool]
    since: int
    made: Callable[[Drawer, Array, str, str], Made]


STEPS: dict[str, Step] = {}


def step(fits: Callable[[Array], bool], since: int = 7) -> Callable[..., Any]:
    def declare(made: Callable[[Drawer, Array, str, str], Made]) -> None:
        STEPS[made.__name__] = Step(fits, since, made)

    return declare


def _has_axes(value: Array) -> bool:
    return value.ndim > 0


def _is_single(value: Array) -> bool:
    return value.dtype == np.float32 and value.ndim > 0


def _axis(draw: Drawer, value: Array) -> int:
    return integer(draw, 0, value.ndim - 1)


def _ints(*values: int) -> Array:
    return np.asarray(values, np.int64)


def _node(operator: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], **attributes)


@step(_has_axes)
def flat(draw: Drawer, value: Array, x: str, y: str) -> Made:
    shape = pick(draw, _ints(-1), _ints(0, -1), _ints(-1, 1), _ints(1, -1))
    return [_node("Reshape", [x, f"{y}_s"], y)], {f"{y}_s": shape}


@step(lambda value: value.ndim > 1)
def joined_axes(draw: Drawer, value: Array, x: str, y: str) -> Made:
    """Its first axes as one, by numbers from its shape."""
    nodes = [
        _node("Shape", [x], f"{y}_s"),
        _node("Gather", [f"{y}_s", f"{y}_last"], f"{y}_n"),
        _node("Concat", [f"{y}_rest", f"{y}_n"], f"{y}_to", axis=0),
        _node("Reshape", [x, f"{y}_to"], y),
    ]
    return nodes, {f"{y}_last": _ints(value.ndim - 1), f"{y}_rest": _ints(-1)}


@step(lambda value: value.ndim > 1)
def turned(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("Transpose", [x], y)], {}


@step(_has_axes)
def twice(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("Concat", [x, x], y, axis=_axis(draw, value))], {}


@step(lambda value: True)
def shape_of(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("Shape", [x], y)], {}


@step(_is_single, since=13)
def softmax(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("Softmax", [x], y, axis=_axis(draw, value))], {}


@step(_is_single, since=18)
def reduced(draw: Drawer, value: Array, x: str, y: str) -> Made:
    operator = pick(draw, "ReduceMean", "ReduceMax", "ReduceL2", "ReduceSum", "ReduceLogSumExp")
    return [_node(operator, [x, f"{y}_a"], y, keepdims=int(flag(draw)))], {f"{y}_a": _ints(_axis(draw, value))}


@step(_has_axes, since=10)
def cut(draw: Drawer, value: Array, x: str, y: str) -> Made:
    start, end, by = pick(draw, (1, 9, 1), (0, -1, 1), (-2, 99, 1), (-1, -99, -1), (0, 99, 2), (-99, 2, 1))
    known = {"from": start, "to": end, "axis": _axis(draw, value), "by": by}
    nodes = [_node("Slice", [x, *(f"{y}_{each}" for each in known)], y)]
    return nodes, {f"{y}_{each}": _ints(number) for each, number in known.items()}


@step(_has_axes)
def picked(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("Gather", [x, f"{y}_i"], y, axis=_axis(draw, value))], {f"{y}_i": np.asarray(0, np.int64)}


@step(_has_axes, since=8)
def spread(draw: Drawer, value: Array, x: str, y: str) -> Made:
    """As many again on a new axis, as many as the first."""
    nodes = [
        _node("Shape", [x], f"{y}_s"),
        _node("Gather", [f"{y}_s", f"{y}_first"], f"{y}_n"),
        _node("Concat", [f"{y}_n", f"{y}_s"], f"{y}_to", axis=0),
        _node("Expand", [x, f"{y}_to"], y),
    ]
    return nodes, {f"{y}_first": _ints(0)}


@step(lambda value: value.dtype == np.float32 and value.ndim > 1)
def product(draw: Drawer, value: Array, x: str, y: str) -> Made:
    order = [*range(value.ndim - 2), value.ndim - 1, value.ndim - 2]
    return [_node("Transpose", [x], f"{y}_t", perm=order), _node("MatMul", [x, f"{y}_t"], y)], {}


@step(_is_single)
def added_row(draw: Drawer, value: Array, x: str, y: str) -> Made:
    row = np.arange(max(value.shape[-1], 1), dtype=np.float32)
    return [_node("Add", [x, f"{y}_row"], y)], {f"{y}_row": row}


@step(_is_single, since=11)
def padded(draw: Drawer, value: Array, x: str, y: str) -> Made:
    pads = _ints(*(integer(draw, 0, 2) for _ in range(2 * value.ndim)))
    return [_node("Pad", [x, f"{y}_p"], y)], {f"{y}_p": pads}


@step(_is_single, since=11)
def running(draw: Drawer, value: Array, x: str, y: str) -> Made:
    attributes = {"reverse": int(flag(draw)), "exclusive": int(flag(draw))}
    nodes = [_node("CumSum", [x, f"{y}_a"], y, **attributes)]
    return nodes, {f"{y}_a": np.asarray(_axis(draw, value), np.int64)}


@step(_is_single)
def largest(draw: Drawer, value: Array, x: str, y: str) -> Made:
    return [_node("ArgMax", [x], y, axis=_axis(draw, value), keepdims=int(flag(draw)))], {}


@step(_has_axes, since=11)
def counted(draw: Drawer, value: Array, x: str, y: str) -> Made:
    """The positions on its first axis."""
    nodes = [
        _node("Shape", [x], f"{y}_s"),
        _node("Gather", [f"{y}_s", f"{y}_0"], f"{y}_n"),
        _node("Range", [f"{y}_0", f"{y}_n", f"{y}_1"], y),
    ]
    return nodes, {f"{y}_0": np.asarray(0, np.int64), f"{y}_1": np.asarray(1, np.int64)}


@step(_has_axes, since=9)
def zeros(draw: Drawer, value: Array, x: str, y: str) -> Made:
    nodes = [
        _node("Shape", [x], f"{y}_s"),
        _node("ConstantOfShape", [f"{y}_s"], y, value=numpy_helper.from_array(np.int64([2]))),
    ]
    return nodes, {}
