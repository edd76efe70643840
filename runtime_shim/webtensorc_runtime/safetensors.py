"""The layout of `weights.safetensors`: a JSON header, then the tensors, each at a multiple of 64 bytes.

The file is valid for any reader of the format (https://huggingface.co/docs/safetensors, "Format"). The format allows no
holes, so the gaps that alignment needs are tensors of their own, named `__padding__/<n>`. An element type that the
format lacks is stored as bytes (`U8`, one more dimension) with its name in `__metadata__`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from webtensorc_runtime.dtypes import BY_CODE, DTYPES, numpy_dtype
from webtensorc_runtime.errors import InvalidFileError

if TYPE_CHECKING:
    import numpy as np

MEMBER = "weights.safetensors"
ALIGNMENT = 64
PADDING = "__padding__/"
METADATA = "__metadata__"
MAX_HEADER = 100 << 20
"""Bytes; the format's own limit."""


@dataclass(frozen=True)
class Slot:
    """Where one tensor lies in the member: offset and length in bytes from the member's first byte."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def header(weights: Mapping[str, tuple[str, tuple[int, ...]]]) -> tuple[bytes, dict[str, Slot]]:
    """The header for tensors given as name -> (element type, shape), in that order, and where each will lie."""
    table: dict[str, Any] = {}
    extra: dict[str, str] = {}
    slots: dict[str, Slot] = {}
    offset = 0
    for name, (dtype, shape) in weights.items():
        kind = DTYPES[dtype]
        length = prod(shape) * kind.size
        if kind.code is None:
            extra[name] = dtype
            table[name] = _row("U8", (*shape, kind.size), offset, length)
        else:
            table[name] = _row(kind.code, shape, offset, length)
        slots[name] = Slot(dtype, shape, offset, length)
        offset += length
        if gap := -offset % ALIGNMENT:
            table[f"{PADDING}{len(table)}"] = _row("U8", (gap,), offset, gap)
            offset += gap
    text = json.dumps(
        {METADATA: extra, **table} if extra else table, separators=(",", ":"), ensure_ascii=False
    ).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    start = 8 + len(text)
    moved = {name: Slot(s.dtype, s.shape, s.offset + start, s.length) for name, s in slots.items()}
    return len(text).to_bytes(8, "little") + text, moved


def encode(weights: Mapping[str, np.ndarray]) -> Iterator[memoryview]:
    """The member's bytes, piece by piece; a contiguous tensor is passed on without a copy."""
    head, slots = header({name: (array.dtype.name, array.shape) for name, array in weights.items()})
    yield memoryview(head)
    for name, array in weights.items():
        length = slots[name].length
        if length:
            yield _bytes_of(array)
        if gap := -length % ALIGNMENT:
            yield memoryview(bytes(gap))


def encoded_size(weights: Mapping[str, np.ndarray]) -> int:
    """Size in bytes of what `encode` yields."""
    head, slots = header({name: (array.dtype.name, array.shape) for name, array in weights.items()})
    return len(head) + sum(s.length + -s.length % ALIGNMENT for s in slots.values())


def parse(member: memoryview, file: str) -> dict[str, Slot]:
    """Where each tensor lies, in the file's order, padding left out; `file` is the bundle's name for messages.

    Raises:
        InvalidFileError: a header that is malformed, has holes or overlaps, or does not match the member's size.
    """
    try:
        return _parse(member)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidFileError(
            f"the weights' header is malformed: {type(error).__name__}: {error}",
            file=file,
            place=f"member {MEMBER}",
            doing="reading the weights",
        ) from None


def arrays(member: memoryview, file: str) -> dict[str, np.ndarray]:
    """Read-only numpy views of every tensor; nothing is copied.

    Raises:
        InvalidFileError: as `parse`.
    """
    import numpy as np

    found = {}
    for name, slot in parse(member, file).items():
        found[name] = np.ndarray(slot.shape, numpy_dtype(slot.dtype), member, slot.offset)
        found[name].flags.writeable = False
    return found


def _row(code: str, shape: tuple[int, ...], offset: int, length: int) -> dict[str, Any]:
    return {"dtype": code, "shape": list(shape), "data_offsets": [offset, offset + length]}


def _bytes_of(array: np.ndarray) -> memoryview:
    import numpy as np

    little = array.astype(array.dtype.newbyteorder("<"), copy=False) if array.dtype.byteorder == ">" else array
    return memoryview(np.ascontiguousarray(little).reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def _parse(member: memoryview) -> dict[str, Slot]:
    size = int.from_bytes(member[:8], "little")
    if len(member) < 8 or size > min(MAX_HEADER, len(member) - 8):
        raise ValueError("its length is beyond the member")
    table = json.loads(bytes(member[8 : 8 + size]))
    extra = table.pop(METADATA, {})
    position = 0
    slots = {}
    for name, row in table.items():
        begin, end = row["data_offsets"]
        kind = BY_CODE[row["dtype"]]
        shape = tuple(row["shape"])
        if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
            raise TypeError(f"tensor {name!r} has sizes that are no numbers")
        if begin != position or end - begin != prod(shape) * kind.size:
            raise ValueError(f"tensor {name!r} has offsets that leave holes, overlap or do not match its shape")
        position = end
        if name.startswith(PADDING):
            continue
        if begin % ALIGNMENT:
            raise ValueError(f"tensor {name!r} is not aligned to {ALIGNMENT} bytes")
        if name in extra:
            kind = DTYPES[extra[name]]
            if row["dtype"] != "U8" or shape[-1:] != (kind.size,):
                raise ValueError(f"tensor {name!r} is not stored as the bytes of {kind.name}")
            shape = shape[:-1]
        slots[name] = Slot(kind.name, shape, 8 + size + begin, end - begin)
    if 8 + size + position != len(member):
        raise ValueError("the tensors do not fill the member")
    return slots
