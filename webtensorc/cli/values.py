"""The grammar of tensors on the command line.

    binding  = [ name "=" ] value
    value    = "@" path                                a .npy file
             | { size "x" } dtype [ "=" elements ]     2x3xf32=0.5   4xi32=[1 2 3 4]   f32=1   8xf32 (zeros)
    elements = number | "true" | "false" | list        one number fills the tensor
    list     = "[" { element-or-list [","] } "]"       flat, or nested like the shape

Dtypes are spelt as in MLIR (`f32 bf16 i8 i64 i4 i1 c64`; unsigned ones `u8`) or as in numpy (`float32`).
`format_value` writes what `parse_value` reads, and every finite, infinite or NaN element survives the trip.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.errors import InvalidFileError, UsageError

DTYPES = {
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
    "f8E4M3FN": "float8_e4m3fn",
    "f8E5M2": "float8_e5m2",
    "i1": "bool",
    "i2": "int2",
    "i4": "int4",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u2": "uint2",
    "u4": "uint4",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "c64": "complex64",
    "c128": "complex128",
}
"""MLIR's short spelling to numpy's."""

_NARROW = ("int2", "int4", "uint2", "uint4")
_SHORT = {long: short for short, long in DTYPES.items()}
_TYPE = rf"(?:\d+x)*(?:{'|'.join([*DTYPES, *DTYPES.values()])})"
_VALUE = re.compile(rf"(?:@.+|{_TYPE}(?:=.*)?)", re.DOTALL)
_BINDING = re.compile(rf"(?P<name>.*?)=(?P<value>{_VALUE.pattern})", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:(?P<mark>[\[\]])|,|(?P<word>[^\s\[\],]+))")
_FORM = "write NAME=@file.npy, NAME=2x3xf32=0.5 or NAME=4xi32=[1 2 3 4]"


@dataclass(frozen=True)
class FileValue:
    """A tensor in a .npy file, read when it is needed."""

    path: Path

    def read(self) -> np.ndarray:
        """The array, never unpickled.

        Raises:
            InvalidFileError: there is no such file, or it is not a .npy file of numbers.
        """
        try:
            array = np.load(self.path, allow_pickle=False)
        except MemoryError:
            raise
        except Exception as error:  # numpy parses the header as Python and lets out whatever its tokenizer meets
            reason = (
                error.strerror
                if isinstance(error, OSError) and error.strerror
                else "this is not a .npy file of numbers"
            )
            raise InvalidFileError(reason.lower(), file=str(self.path), doing="reading a tensor") from None
        if not isinstance(array, np.ndarray):
            raise InvalidFileError("this is an .npz archive, not a .npy file", file=str(self.path))
        return array


def parse_binding(text: str) -> tuple[str, np.ndarray | FileValue]:
    """Read `NAME=VALUE`; the name is empty where only a value is given.

    Raises:
        UsageError: the text does not follow the grammar.
    """
    named = _BINDING.fullmatch(text)
    if named:
        return named["name"], parse_value(named["value"])
    if _VALUE.fullmatch(text):
        return "", parse_value(text)
    raise UsageError(f"cannot read `{text}`", hint=_FORM)


def parse_value(text: str) -> np.ndarray | FileValue:
    """Read one value.

    Raises:
        UsageError: the text does not follow the grammar, or its elements do not fit its shape or dtype.
    """
    if text.startswith("@"):
        return FileValue(Path(text[1:]))
    kind, equals, elements = text.partition("=")
    *sizes, short = kind.split("x")
    dtype = numpy_dtype(DTYPES.get(short, short))
    shape = tuple(map(int, sizes))
    if math.prod(shape) > 2**31:
        raise UsageError(f"`{text[:40]}` has too many elements", hint="give it as a .npy file: NAME=@file.npy")
    return _fill(_parse_elements(elements, text), shape, dtype, text) if equals else np.zeros(shape, dtype)


def format_value(array: np.ndarray, limit: int | None = None) -> str:
    """Write `array` as a value; with more than `limit` elements only the first few are written, then `...`."""
    kind = "x".join([*map(str, array.shape), _SHORT.get(array.dtype.name, array.dtype.name)])
    if limit is not None and array.size > limit:
        return f"{kind}=[{' '.join(_format_element(x) for x in array.reshape(-1)[:limit])} ...]"
    return f"{kind}={_format_nested(array)}"


def _parse_elements(text: str, whole: str) -> Any:
    """Nested lists of words, or one word."""
    stack: list[list[Any]] = [[]]
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        assert token is not None  # every character is a mark, a comma, a space or part of a word
        at = token.end()
        if token["mark"] == "[":
            stack.append([])
        elif token["mark"] == "]":
            if len(stack) < 2:
                raise UsageError(f"cannot read `{whole}`: `]` without `[`", hint=_FORM)
            finished = stack.pop()
            stack[-1].append(finished)
        elif token["word"]:
            stack[-1].append(token["word"])
    if len(stack) != 1 or len(stack[0]) != 1:
        problem = "`]` is missing" if len(stack) > 1 else "one number or one list is expected"
        raise UsageError(f"cannot read `{whole}`: {problem}", hint=_FORM)
    return stack[0][0]


def _fill(elements: Any, shape: tuple[int, ...], dtype: np.dtype[Any], whole: str) -> np.ndarray:
    if not isinstance(elements, list):
        return np.full(shape, _convert([elements], dtype, whole)[0], dtype)
    flat = list(_flatten(elements))
    nested = _shape(elements)
    fits = nested in (shape, (len(flat),)) or not flat  # zero elements have no telling structure
    if len(flat) != math.prod(shape) or not fits:
        has = f"shape {'x'.join(map(str, nested))}" if nested else "rows of different lengths"
        wanted = f"shape {'x'.join(map(str, shape))}" if shape else "a single number"
        raise UsageError(f"cannot read `{whole}`: the elements have {has}, not {wanted}")
    return _convert(flat, dtype, whole).reshape(shape)


def _flatten(elements: list[Any]) -> Iterable[str]:
    for item in elements:
        if isinstance(item, list):
            yield from _flatten(item)
        else:
            yield item


def _shape(elements: Any) -> tuple[int, ...] | None:
    """Shape of nested lists; None when they are ragged."""
    if not isinstance(elements, list):
        return ()
    inner = {_shape(item) for item in elements}
    if len(inner) > 1 or None in inner:
        return None
    return (len(elements), *(inner.pop() if inner else ()))  # type: ignore[misc]


def _convert(words: list[str], dtype: np.dtype[Any], whole: str) -> np.ndarray:
    try:
        if dtype == np.bool_:
            return np.array([{"true": True, "1": True, "false": False, "0": False}[w] for w in words], dtype)
        if dtype.kind in "iu":
            return np.array([int(w) for w in words], dtype)
        if dtype.name in _NARROW:
            return _narrow([int(w) for w in words], dtype)
        if dtype.kind == "c":
            return np.array([complex(w) for w in words], dtype)
        if dtype == np.float64:
            return np.array([float(w) for w in words], dtype)
        with np.errstate(over="ignore"):  # 1e39 is infinite in float32
            return np.array([float(w) for w in words], np.float64).astype(dtype)
    except (KeyError, ValueError, OverflowError):
        raise UsageError(f"cannot read `{whole}`: an element is not a {dtype.name}", hint=_FORM) from None


def _narrow(numbers: list[int], dtype: np.dtype[Any]) -> np.ndarray:
    bits, lowest = int(dtype.name[-1]), 0
    if dtype.name.startswith("int"):
        lowest = -(2 ** (bits - 1))
    if any(not lowest <= number < lowest + 2**bits for number in numbers):
        raise OverflowError  # numpy would wrap
    return np.array(numbers, np.int8).astype(dtype)


def _format_nested(array: np.ndarray) -> str:
    if array.ndim == 0:
        return _format_element(array[()])
    return "[" + " ".join(map(_format_nested, array)) + "]"


def _format_element(element: Any) -> str:
    """The shortest text that reads back as the same element."""
    kind = np.asarray(element).dtype.kind
    if kind == "b":
        return "true" if element else "false"
    if kind == "c":
        real, imaginary = (np.format_float_positional(x, trim="-") for x in (element.real, element.imag))
        return f"{real}{imaginary if imaginary[0] == '-' else '+' + imaginary}j"
    return str(element)
