"""Conversions between element types."""

from __future__ import annotations

from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.tensors import dtype_of
from webtensorc.frontends.onnx.values import Bounded, NotSupportedError, Value, is_known, xp

Round = Literal["up", "down", "nearest"]


@op("Cast", bounded=True, truths=True)
def cast(x: Value, *, to: int, saturate: int = 1, round_mode: Round = "up") -> Value:
    """Convert to the element type `to`; `saturate` (opset 19) and `round_mode` (opset 24) concern narrow floats."""
    return convert(x, dtype_of(to), saturate=bool(saturate), round_mode=round_mode)


@op("CastLike", since=15)
def cast_like(x: Value, like: Value, *, saturate: int = 1, round_mode: Round = "up") -> Value:
    """Convert to the element type of another tensor."""
    return convert(x, like.dtype, saturate=bool(saturate), round_mode=round_mode)


def convert(x: Value, dtype: np.dtype[Any], *, saturate: bool = True, round_mode: str = "up") -> Value:
    """The elements as `dtype`; out-of-range values saturate for floats of 8 bits and fewer when asked.

    What is beyond an integer type becomes its nearest one, and NaN 0, as in compiled code; ONNX leaves that open.

    Raises:
        NotSupportedError: strings.
    """
    if isinstance(x, Bounded):
        return Bounded(convert(x.array, dtype, saturate=saturate, round_mode=round_mode), x.axis, x.count)
    if object in (x.dtype, dtype):
        raise NotSupportedError("conversions from and to strings are not supported")
    if x.dtype == dtype:
        return x
    if dtype == np.dtype(bool):
        return x != np.zeros((), x.dtype)
    if dtype.name == "float8_e8m0fnu":
        return _to_e8m0(x, saturate, round_mode)
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize == 1:
        return _to_narrow_float(x, dtype, saturate)
    if dtype.name in ("int4", "uint4", "int2", "uint2"):
        return _to_narrow_int(x, dtype)
    if jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize == 1:
        x = x.astype(np.float32)
    if is_known(x) and jnp.issubdtype(x.dtype, jnp.floating) and jnp.issubdtype(dtype, jnp.integer):
        return _to_integer(x, dtype)
    return x.astype(dtype)


def _to_integer(x: Value, dtype: np.dtype[Any]) -> Value:
    """As compiled code has it; numpy has what the processor does."""
    info, wide = np.iinfo(dtype), np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):
        found = wide.astype(dtype)
    beyond = [np.isnan(wide), wide <= float(info.min), wide >= float(info.max) + 1]
    return np.select(beyond, [np.zeros((), dtype), *(np.asarray(each, dtype) for each in (info.min, info.max))], found)


def _to_narrow_float(x: Value, dtype: np.dtype[Any], saturate: bool) -> Value:
    np_ = xp(x)
    wide = x.astype(np.float32)
    if not saturate and dtype.name != "float4_e2m1fn":
        return wide.astype(dtype)
    largest = np.float32(jnp.finfo(dtype).max)
    return np_.clip(wide, -largest, largest).astype(dtype)


def _to_narrow_int(x: Value, dtype: np.dtype[Any]) -> Value:
    """The low bits of the integer part, as two's complement."""
    bits = int(jnp.iinfo(dtype).bits)
    whole = convert(x, np.dtype(np.int32))
    low = whole & ((1 << bits) - 1)
    if dtype.name.startswith("int"):
        low = xp(low).where(low >= 1 << (bits - 1), low - (1 << bits), low)
    return low.astype(dtype)


def _to_e8m0(x: Value, saturate: bool, round_mode: str) -> Value:
    """The biased exponent of |x| as a byte: `round_mode` is `up`, `down` or `nearest` on the way to a power of two."""
    wide = x.astype(np.float32)
    bits = wide.view(np.uint32)
    exponent, mantissa = (bits >> 23) & 0xFF, bits & 0x7FFFFF
    np_ = xp(x)
    if round_mode == "up":
        carry = (mantissa > 0) & ((exponent > 0) | (mantissa > 0x400000))
    elif round_mode == "nearest":
        carry = (mantissa > 0x400000) | ((mantissa == 0x400000) & (exponent > 0))
    else:
        carry = mantissa < 0
    is_number = exponent != 0xFF
    up = exponent + carry.astype(np.uint32)
    rounded = np_.minimum(up, 0xFE) if saturate else np_.minimum(up, 0xFF)
    code = np_.where(is_number, rounded, 0xFF).astype(np.uint8)
    return code.view(dtype_of(24)) if is_known(x) else code.view(jnp.float8_e8m0fnu)
