"""Where everything lies in a bundle: a canonical ZIP, computed from member names, sizes and checksums alone.

Members are stored, never compressed, at aligned offsets, so that a reader maps them where they are. The layout is a
function of the entries: writer and reader compute the same header bytes, and a reader that compares them sees every
damaged, moved or overlapping header. Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 (records),
4.5.3 (ZIP64 sizes).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

END_SIGNATURE = b"PK\x05\x06"
DIRECTORY_SIGNATURE = b"PK\x01\x02"
LIMIT32 = 0xFFFFFFFF
"""In a 32-bit field: the value is in a ZIP64 record."""

ZIP64_FROM = LIMIT32
"""Sizes and offsets from here on are written in ZIP64 records."""

ZIP64_EXTRA = 0x0001
PADDING_EXTRA = 0xD935
"""Extra field that only pads, as Android's zipalign writes it; readers skip unknown fields."""

STORED_DATE = 0x0021
"""1980-01-01, the epoch of ZIP, at 00:00."""

UTF8_NAME = 0x0800
UNIX_VERSION = 3 << 8
REGULAR_FILE_0644 = 0o100644 << 16

PAGE = 4096
LINE = 64


@dataclass(frozen=True)
class Entry:
    """One member: name, size in bytes, CRC-32."""

    name: str
    size: int
    crc: int

    @property
    def alignment(self) -> int:
        """Alignment of the member's first byte in the file, in bytes: weights are mapped, so they start a page."""
        return PAGE if self.name.endswith(".safetensors") else LINE


@dataclass(frozen=True)
class Placed:
    """An entry with its local header and the offset of its data in the file."""

    entry: Entry
    header_offset: int
    header: bytes

    @property
    def data_offset(self) -> int:
        """Offset of the member's first byte in the file."""
        return self.header_offset + len(self.header)


@dataclass(frozen=True)
class Layout:
    """The whole file but for the members' bytes."""

    members: tuple[Placed, ...]
    tail: bytes
    tail_offset: int

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return self.tail_offset + len(self.tail)


def plan_layout(entries: Sequence[Entry], comment: bytes) -> Layout:
    """Place `entries` one after the other and build every header; `comment` is the archive comment."""
    offset = 0
    placed = []
    for entry in entries:
        header = _local_header(entry, offset)
        placed.append(Placed(entry, offset, header))
        offset += len(header) + entry.size
    directory = b"".join(_directory_entry(each) for each in placed)
    return Layout(tuple(placed), directory + _end(len(placed), offset, len(directory), comment), offset)


def _version(zip64: bool) -> int:
    return 45 if zip64 else 20


def _local_header(entry: Entry, offset: int) -> bytes:
    name = entry.name.encode()
    zip64 = entry.size >= ZIP64_FROM
    extra = struct.pack("<HHQQ", ZIP64_EXTRA, 16, entry.size, entry.size) if zip64 else b""
    padding = -(offset + 30 + len(name) + len(extra) + 4) % entry.alignment
    extra += struct.pack("<HH", PADDING_EXTRA, padding) + bytes(padding)
    size = LIMIT32 if zip64 else entry.size
    fixed = struct.pack(
        "<4sHHHHHIIIHH",
        b"PK\x03\x04",
        _version(zip64),
        UTF8_NAME,
        0,
        0,
        STORED_DATE,
        entry.crc,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _directory_entry(placed: Placed) -> bytes:
    entry, name = placed.entry, placed.entry.name.encode()
    big, far = entry.size >= ZIP64_FROM, placed.header_offset >= ZIP64_FROM
    wide = ([entry.size, entry.size] if big else []) + ([placed.header_offset] if far else [])
    extra = struct.pack(f"<HH{len(wide)}Q", ZIP64_EXTRA, 8 * len(wide), *wide) if wide else b""
    fixed = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        DIRECTORY_SIGNATURE,
        UNIX_VERSION | _version(bool(wide)),
        _version(bool(wide)),
        UTF8_NAME,
        0,
        0,
        STORED_DATE,
        entry.crc,
        LIMIT32 if big else entry.size,
        LIMIT32 if big else entry.size,
        len(name),
        len(extra),
        0,
        0,
        0,
        REGULAR_FILE_0644,
        LIMIT32 if far else placed.header_offset,
    )
    return fixed + name + extra


def _end(count: int, offset: int, size: int, comment: bytes) -> bytes:
    records = b""
    far = offset >= ZIP64_FROM
    if far:
        records = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
        records += struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    offset32 = LIMIT32 if far else offset
    return (
        records + struct.pack("<4sHHHHIIH", END_SIGNATURE, 0, 0, count, count, size, offset32, len(comment)) + comment
    )
