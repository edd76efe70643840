"""Comparison, boolean and bitwise operators."""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Value, is_known, xp


@op("Equal")
def equal(a: Value, b: Value) -> Value:
    """a == b."""
    return xp(a, b).equal(a, b)


@op("Less")
def less(a: Value, b: Value) -> Value:
    """a < b."""
    return xp(a, b).less(a, b)


@op("LessOrEqual")
def less_or_equal(a: Value, b: Value) -> Value:
    """a <= b."""
    return xp(a, b).less_equal(a, b)


@op("Greater")
def greater(a: Value, b: Value) -> Value:
    """a > b."""
    return xp(a, b).greater(a, b)


@op("GreaterOrEqual")
def greater_or_equal(a: Value, b: Value) -> Value:
    """a >= b."""
    return xp(a, b).greater_equal(a, b)


@op("And", truths=True)
def and_(a: Value, b: Value) -> Value:
    """Logical and."""
    return xp(a, b).logical_and(a, b)


@op("Or", truths=True)
def or_(a: Value, b: Value) -> Value:
    """Logical or."""
    return xp(a, b).logical_or(a, b)


@op("Xor", truths=True)
def xor(a: Value, b: Value) -> Value:
    """Logical exclusive or."""
    return xp(a, b).logical_xor(a, b)


@op("Not", truths=True)
def not_(x: Value) -> Value:
    """Logical not."""
    return xp(x).logical_not(x)


@op("BitwiseAnd", since=18)
def bitwise_and(a: Value, b: Value) -> Value:
    """Bitwise and."""
    return xp(a, b).bitwise_and(a, b)


@op("BitwiseOr", since=18)
def bitwise_or(a: Value, b: Value) -> Value:
    """Bitwise or."""
    return xp(a, b).bitwise_or(a, b)


@op("BitwiseXor", since=18)
def bitwise_xor(a: Value, b: Value) -> Value:
    """Bitwise exclusive or."""
    return xp(a, b).bitwise_xor(a, b)


@op("BitwiseNot", since=18)
def bitwise_not(x: Value) -> Value:
    """Bitwise not."""
    return xp(x).bitwise_not(x)


@op("BitShift", since=11)
def bit_shift(a: Value, b: Value, *, direction: Literal["LEFT", "RIGHT"]) -> Value:
    """Shift bits LEFT or RIGHT, by the width or more out altogether; signed integers (opset 28) keep their sign."""
    a, b = jnp.broadcast_arrays(a, b)
    if direction == "LEFT":
        return lax.shift_left(a, b)
    is_signed = jnp.issubdtype(a.dtype, jnp.signedinteger)
    return lax.shift_right_arithmetic(a, b) if is_signed else lax.shift_right_logical(a, b)


@op("Where", since=9, truths=True)
def where(condition: Value, x: Value, y: Value) -> Value:
    """x where the condition holds, else y."""
    return xp(condition, x, y).where(condition, x, y)


@op("BitCast", since=26)
def bit_cast(x: Value, *, to: int) -> Value:
    """The same bits as another type of the same width."""
    if is_known(x):
        return np.ascontiguousarray(x).view(dtype_of(to))
    bits = x.astype(np.uint8) if x.dtype == bool else x
    wanted = dtype_of(to)
    return bits != 0 if wanted == np.dtype(bool) else lax.bitcast_convert_type(bits, wanted)
