"""Steps by which a pool grows: a node or two each, of what operators are fused and folded with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx import helper

from fuzzing.draw import axes as drawn_axes
from fuzzing.draw import flag, integer, pick
from fuzzing.pool import INEXACT, INT, LONG, SINGLE, TRUTH, Pool, Tensor, broadcast, is_float, is_number, partner

OPSET = 17


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
    signed = () if x.dtype.kind == "u" else ("Neg",)
    operator = pick(pool.draw, *(("Relu",) if is_float(x) else ()), *signed, "Abs", *smooth)
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
    kind = pick(pool.draw, *({SINGLE, LONG, INT} - {x.dtype}))
    pool.node("Cast", [x.name], x, x.shape, x.bits, kind=kind, to=helper.np_dtype_to_tensor_dtype(kind))


def reduce(pool: Pool) -> None:
    x = pool.choose(lambda each: is_number(each) and each.rank > 0 and each.size > 0)
    if x is None:
        return
    axes = sorted(axis % x.rank for axis in drawn_axes(pool.draw, x.rank, 1))
    keep = flag(pool.draw)
    means = ("ReduceMean",) if is_float(x) else ()
    sums = () if x.dtype.itemsize == 1 else ("ReduceSum",)  # of bytes ONNX has none
    operator = pick(pool.draw, *sums, "ReduceMax", "ReduceMin", *means)
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
    return st.permutations(range(rank))


def reshape(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 0 and each.size > 0)
    if x is None:
        return
    first = pick(pool.draw, *(n for n in range(1, x.size + 1) if x.size % n == 0))
    rest = x.size // first
    shape = pick(pool.draw, (x.size,), (first, rest), (1, *x.shape), (*x.shape, 1), (first, 1, rest))
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
    x = pool.choose(lambda each: is_float(each) and 0 < each.rank < 5 and each.size > 0)
    if x is None:
        return
    before, after = ([integer(pool.draw, 0, 1) for _ in x.shape] for _ in "ab")
    shape = tuple(a + size + b for a, size, b in zip(before, x.shape, after, strict=True))
    mode = pick(pool.draw, "constant", "edge")
    pool.node("Pad", [x.name, pool.known([*before, *after])], x, shape, x.bits, mode=mode)


def gather(pool: Pool) -> None:
    x = pool.choose(lambda each: each.rank > 0 and each.size > 0)
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
    y = pool.choose(lambda each: each.dtype == x.dtype and each.rank == 2 and each.shape[0] == x.shape[-1])
    if y is None or flag(pool.draw):
        y = pool.given(x.dtype, (x.shape[-1], integer(pool.draw, 1, 9)), known=flag(pool.draw))
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
        weights = pool.given(x.dtype, (filters, c, k, k), known=integer(pool.draw, 0, 3) > 0)
        bias = [pool.given(x.dtype, (filters,), known=True).name] if flag(pool.draw) else []
        side = k // 2
        bits = min(x.bits + weights.bits + 7, INEXACT)
        pool.node("Conv", [x.name, weights.name, *bias], x, (n, filters, h, w), bits, pads=[side] * 4)
        return
    operator = pick(pool.draw, "MaxPool", "AveragePool")
    bits = x.bits if operator == "MaxPool" else x.bits + 2
    pool.node(operator, [x.name], x, (n, c, h // 2, w // 2), bits, kernel_shape=[2, 2], strides=[2, 2])


def quantise(pool: Pool) -> None:
    """To bytes and back, once: of two such pairs ONNX Runtime makes one, and other numbers."""
    if any(node.op_type == "QuantizeLinear" for node in pool.nodes):
        return
    x = pool.choose(lambda each: each.dtype == SINGLE and each.is_exact)
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
