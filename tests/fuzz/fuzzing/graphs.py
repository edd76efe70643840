"""Graphs of several nodes that share values: a pool of values that grows by one node at a time.

Nodes whose result jumps (comparisons, rounding, `ArgMax`, casts to integers) are only given values that every
evaluator must agree on to the last bit: `bits` counts what a value needs to be exact, in units of its inputs' quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper

from fuzzing.case import Array, Case
from fuzzing.draw import Drawer, array, flag, integer, pick
from fuzzing.draw import axes as drawn_axes
from webtensorc.frontends.onnx.structure import free_names

SINGLE, LONG, TRUTH = (np.dtype(kind) for kind in (np.float32, np.int64, np.bool_))
EXACT = 20
"""Bits that float32 sums of a few such values still hold."""
INEXACT = 99
OPSET = 17


@dataclass(frozen=True)
class Tensor:
    """A value of the graph."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    bits: int

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_exact(self) -> bool:
        return self.bits <= EXACT


@dataclass
class Pool:
    """What a graph under construction has."""

    draw: Drawer
    prefix: str = ""
    values: list[Tensor] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    inputs: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    made: int = 0

    def name(self) -> str:
        self.made += 1
        return f"{self.prefix}v{self.made}"

    def given(self, kind: np.dtype[Any], shape: tuple[int, ...], *, known: bool = False) -> Tensor:
        """A new input, or initialiser."""
        found = Tensor(self.name(), kind, shape, 6)
        (self.constants if known else self.inputs)[found.name] = array(self.draw, kind, shape)
        self.values.append(found)
        return found

    def known(self, value: Any, kind: Any = np.int64) -> str:
        """An initialiser that shapes depend on."""
        name = self.name()
        self.constants[name] = np.asarray(value, kind)
        return name

    def node(
        self, operator: str, names: list[str], like: Tensor, shape: tuple[int, ...], bits: int, **how: Any
    ) -> Tensor:
        kind = how.pop("kind", like.dtype)
        found = Tensor(self.name(), np.dtype(kind), tuple(shape), bits)
        self.nodes.append(helper.make_node(operator, names, [found.name], **how))
        self.values.append(found)
        return found

    def choose(self, fits: Callable[[Tensor], bool]) -> Tensor | None:
        """A value, more often one of the last."""
        found = [each for each in self.values if fits(each)]
        return pick(self.draw, *found[::-1][:4], *found) if found else None


def is_float(x: Tensor) -> bool:
    return x.dtype == SINGLE


def is_number(x: Tensor) -> bool:
    return x.dtype != TRUTH


def broadcast(a: Tensor, b: Tensor) -> tuple[int, ...] | None:
    try:
        return tuple(np.broadcast_shapes(a.shape, b.shape))
    except ValueError:
        return None


def partner(pool: Pool, x: Tensor) -> Tensor:
    """Something to meet x: a value of the graph that fits it, or a new one that is broadcast to it."""
    found = pool.choose(lambda y: y.dtype == x.dtype and broadcast(x, y) is not None)
    if found is not None and (found is not x or flag(pool.draw)) and integer(pool.draw, 0, 3):
        return found
    kept = x.shape[integer(pool.draw, 0, x.rank) :]
    shape = tuple(1 if integer(pool.draw, 0, 3) == 3 else size for size in kept)
    return pool.given(x.dtype, shape, known=flag(pool.draw))


def binary(pool: Pool) -> None:
    x = pool.choose(is_number)
    if x is None:
        return
    y = partner(pool, x)
    shape = broadcast(x, y)
    assert shape is not None
    operator = pick(pool.draw, "Add", "Sub", "Mul", "Max", "Min")
    bits = x.bits + y.bits if operator == "Mul" else max(x.bits, y.bits) + 1
    names = [x.name, y.name] if flag(pool.draw) else [y.name, x.name]
    pool.node(operator, names, x, shape, INEXACT if max(x.bits, y.bits) >= INEXACT else bits)


def unary(pool: Pool) -> None:
    x = pool.choose(is_number)
    if x is None:
        return
    smooth = ("Sigmoid", "Tanh", "Erf", "Softplus", "Elu") if is_float(x) else ()
    operator = pick(pool.draw, "Relu", "Neg", "Abs", *smooth) if is_float(x) else pick(pool.draw, "Neg", "Abs")
    pool.node(operator, [x.name], x, x.shape, INEXACT if operator in smooth else x.bits)


def compare_and_choose(pool: Pool) -> None:
    x = pool.choose(lambda each: is_number(each) and each.is_exact)
    if x is None:
        return
    y = partner(pool, x)
    if not y.is_exact:
        return
    shape = broadcast(x, y)
    assert shape is not None
    flags = pool.node(pick(pool.draw, "Less", "Greater", "Equal"), [x.name, y.name], x, shape, 1, kind=TRUTH)
    a = pool.choose(lambda each: is_number(each) and broadcast(flags, each) is not None)
    if a is None:
        return
    wide = Tensor("", a.dtype, broadcast(flags, a) or (), 0)
    b = pool.choose(lambda each: each.dtype == a.dtype and broadcast(wide, each) is not None) or a
    pool.node("Where", [flags.name, a.name, b.name], a, broadcast(wide, b) or (), max(a.bits, b.bits))


def cast(pool: Pool) -> None:
    x = pool.choose(lambda each: each.is_exact)
    if x is None:
        return
    kind = pick(pool.draw, *({SINGLE, LONG, np.dtype(np.int32)} - {x.dtype}))
    pool.node("Cast", [x.name], x, x.shape, x.bits, kind=kind, to=helper.np_dtype_to_tensor_dtype(kind))


def reduce(pool: Pool) -> None:
    x = pool.choose(lambda each: is_number(each) and each.rank > 0)
    if x is None:
        return
    axes = sorted(axis % x.rank for axis in drawn_axes(pool.draw, x.rank, 1))
    keep = flag(pool.draw)
    operator = pick(pool.draw, "ReduceSum", "ReduceMax", "ReduceMin", *(("ReduceMean",) if is_float(x) else ()))
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes)
    bits = {"ReduceSum": x.bits + 4, "ReduceMean": INEXACT}.get(operator, x.bits)
    if operator == "ReduceSum":
        pool.node(operator, [x.name, pool.known(axes)], x, shape, bits, keepdims=int(keep))
    else:
        pool.node(operator, [x.name], x, shape, bits, axes=axes, keepdims=int(keep))


def transpose(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 1)
    if x is None:
        return
    order = pool.draw(permutations(x.rank))
    pool.node("Transpose", [x.name], x, tuple(x.shape[axis] for axis in order), x.bits, perm=order)


def permutations(rank: int) -> Any:
    from hypothesis import strategies as st

    return st.permutations(range(rank))


def reshape(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 0)
    if x is None:
        return
    size = int(np.prod(x.shape))
    first = pick(pool.draw, *(n for n in range(1, size + 1) if size % n == 0))
    shape = pick(pool.draw, (size,), (first, size // first), (1, *x.shape), (*x.shape, 1), (first, 1, size // first))
    pool.node("Reshape", [x.name, pool.known(shape)], x, shape, x.bits)


def cut(pool: Pool) -> None:
    x = pool.choose(lambda each: any(size > 1 for size in each.shape))
    if x is None:
        return
    axis = pick(pool.draw, *(axis for axis, size in enumerate(x.shape) if size > 1))
    step = pick(pool.draw, 1, 1, 2, -1)
    start, end = (integer(pool.draw, 0, x.shape[axis] - 1), x.shape[axis]) if step > 0 else (-1, -1000)
    size = len(range(x.shape[axis])[slice(start, end if step > 0 else None, step)])
    shape = tuple(size if index == axis else each for index, each in enumerate(x.shape))
    names = [x.name, pool.known([start]), pool.known([end]), pool.known([axis]), pool.known([step])]
    pool.node("Slice", names, x, shape, x.bits)


def concat(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 0)
    if x is None:
        return
    axis = integer(pool.draw, 0, x.rank - 1)

    def rest(each: Tensor) -> tuple[int, ...]:
        return each.shape[:axis] + each.shape[axis + 1 :]

    others = [pool.choose(lambda y: y.dtype == x.dtype and y.rank == x.rank and rest(y) == rest(x)) for _ in "ab"]
    parts = [x, *(each for each in others[: integer(pool.draw, 1, 2)] if each is not None)]
    if sum(each.shape[axis] for each in parts) > 40:
        return
    shape = (*x.shape[:axis], sum(each.shape[axis] for each in parts), *x.shape[axis + 1 :])
    pool.node("Concat", [each.name for each in parts], x, shape, max(each.bits for each in parts), axis=axis)


def pad(pool: Pool) -> None:
    x = pool.choose(lambda each: is_float(each) and 0 < each.rank < 5)
    if x is None:
        return
    before, after = ([integer(pool.draw, 0, 1) for _ in x.shape] for _ in "ab")
    shape = tuple(a + size + b for a, size, b in zip(before, x.shape, after, strict=True))
    mode = pick(pool.draw, "constant", "edge")
    pool.node("Pad", [x.name, pool.known([*before, *after])], x, shape, x.bits, mode=mode)


def gather(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 0)
    if x is None:
        return
    axis = integer(pool.draw, 0, x.rank - 1)
    rng = np.random.default_rng(integer(pool.draw, 0, 99))
    size = x.shape[axis]
    at = rng.integers(-size, size, pick(pool.draw, (), (1,), (3,), (2, 2)))
    shape = (*x.shape[:axis], *at.shape, *x.shape[axis + 1 :])
    if len(shape) < 6:
        pool.node("Gather", [x.name, pool.known(at)], x, shape, x.bits, axis=axis)


def product(pool: Pool) -> None:
    x = pool.choose(lambda each: is_float(each) and each.rank > 1)
    if x is None:
        return
    y = pool.choose(lambda each: is_float(each) and each.rank == 2 and each.shape[0] == x.shape[-1])
    if y is None or flag(pool.draw):
        y = pool.given(SINGLE, (x.shape[-1], integer(pool.draw, 1, 9)), known=flag(pool.draw))
    bits = x.bits + y.bits + 4
    pool.node("MatMul", [x.name, y.name], x, (*x.shape[:-1], y.shape[1]), min(bits, INEXACT))


def normalise(pool: Pool) -> None:
    x = pool.choose(lambda each: is_float(each) and each.rank > 0)
    if x is None:
        return
    operator = pick(pool.draw, "Softmax", "LogSoftmax")
    pool.node(operator, [x.name], x, x.shape, INEXACT, axis=integer(pool.draw, 0, x.rank - 1))


def images(pool: Pool) -> None:
    """A convolution or a pool; images are made of what there is where none are."""
    x = pool.choose(lambda each: is_float(each) and each.rank == 4 and min(each.shape) > 0)
    if x is None:
        x = pool.given(SINGLE, (1, integer(pool.draw, 1, 4), integer(pool.draw, 3, 6), integer(pool.draw, 3, 6)))
    n, c, h, w = x.shape
    if pick(pool.draw, True, False) or min(h, w) < 2:
        k, filters = pick(pool.draw, 1, 3), integer(pool.draw, 1, 8)
        weights = pool.given(SINGLE, (filters, c, k, k), known=integer(pool.draw, 0, 3) > 0)
        bias = [pool.given(SINGLE, (filters,), known=True).name] if flag(pool.draw) else []
        side = k // 2
        bits = min(x.bits + weights.bits + 7, INEXACT)
        pool.node("Conv", [x.name, weights.name, *bias], x, (n, filters, h, w), bits, pads=[side] * 4)
        return
    operator = pick(pool.draw, "MaxPool", "AveragePool")
    bits = x.bits if operator == "MaxPool" else x.bits + 2
    pool.node(operator, [x.name], x, (n, c, h // 2, w // 2), bits, kernel_shape=[2, 2], strides=[2, 2])


def quantise(pool: Pool) -> None:
    """To bytes and back."""
    x = pool.choose(lambda each: is_float(each) and each.is_exact)
    if x is None:
        return
    scale = pool.known(pick(pool.draw, 0.25, 0.5, 1.0), np.float32)
    zero = pool.known(integer(pool.draw, 0, 9), pick(pool.draw, np.uint8, np.int8))
    kind = pool.constants[zero].dtype
    codes = pool.node("QuantizeLinear", [x.name, scale, zero], x, x.shape, 8, kind=kind)
    pool.values.remove(codes)
    pool.node("DequantizeLinear", [codes.name, scale, zero], x, x.shape, 9)


STEPS = (
    *(binary, binary, unary, compare_and_choose, cast, reduce, transpose, reshape, cut),
    *(concat, pad, gather, product, normalise, images, quantise),
)
EVALUATED = tuple(step for step in STEPS if step is not quantise)
"""Those of OPSET that ONNX's evaluator has."""


def grow(pool: Pool, count: int, steps: tuple[Callable[[Pool], None], ...] = STEPS) -> None:
    """Add about so many nodes."""
    for _ in range(count):
        pick(pool.draw, *steps)(pool)


def start(draw: Drawer) -> Pool:
    """A pool of an input or two."""
    pool = Pool(draw)
    rank = integer(draw, 1, 4)
    shape = tuple(integer(draw, 1, 6) for _ in range(rank))
    pool.given(SINGLE, shape)
    if flag(draw):
        pool.given(pick(draw, SINGLE, LONG, np.dtype(np.int32)), shape)
    return pool


def case_of(pool: Pool, opset: int) -> Case:
    """What nobody reads is an output, and now and then what somebody reads is one as well."""
    read = {name for node in pool.nodes for name in free_names(node)}
    made = [name for node in pool.nodes for name in node.output]
    wanted = tuple(name for name in made if name not in read or integer(pool.draw, 0, 5) == 5)
    used = read | set(wanted)
    return Case(
        opset,
        tuple(pool.nodes),
        {name: each for name, each in pool.inputs.items() if name in used},
        {name: each for name, each in pool.constants.items() if name in used},
        oracle="onnxruntime",
        rtol=1e-4,
        wanted=wanted,
    )
