"""Opening a bundle: find the members of the ZIP where they lie, and refuse whatever was not written so.

Every byte of the file is covered: headers and directory must be the canonical ones (see `zip_layout`), the manifest
matches the digest in the archive comment, and every other member matches its digests in the manifest.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webtensorc_runtime import safetensors, zip_layout
from webtensorc_runtime.digest import PIECE, Background
from webtensorc_runtime.errors import InvalidFileError
from webtensorc_runtime.manifest import Manifest, check_schema
from webtensorc_runtime.zip_layout import LIMIT32, Entry, Layout

MANIFEST = "manifest.json"
GRAPH = "graph.mlirbc"

_COMMENT = re.compile(rb"webtensorc bundle schema=(\d{1,9}) reader=(\d{1,9}) manifest-sha256=([0-9a-f]{64})")
_MAX_COMMENT = 150
_MAX_MEMBERS = 100_000


@dataclass(frozen=True)
class Container:
    """An open bundle: its name for messages, its manifest, and each member's bytes, mapped and not copied."""

    file: str
    manifest: Manifest
    digest: str
    members: Mapping[str, memoryview]

    def verify_in_background(self) -> Background:
        """Start comparing every member with its digests; `wait()` on the result raises `InvalidFileError`."""
        return Background(
            [
                lambda name=name, index=index: self._check_piece(name, index)  # type: ignore[misc]
                for name, member in self.manifest.members.items()
                for index in range(len(member.sha256))
            ]
        )

    def _check_piece(self, name: str, index: int) -> None:
        piece = self.members[name][index * PIECE : (index + 1) * PIECE]
        if hashlib.sha256(piece).hexdigest() != self.manifest.members[name].sha256[index]:
            raise _damaged(self.file, "its content does not match the digest in the manifest", name)


def comment_for(manifest: Manifest, digest: str) -> bytes:
    """The archive comment: schema versions and the digest of `manifest.json`."""
    return (
        f"webtensorc bundle schema={manifest.schema} reader={manifest.oldest_reader} manifest-sha256={digest}".encode()
    )


def open_container(source: str | os.PathLike[str] | bytes | bytearray | memoryview | mmap.mmap) -> Container:
    """Open the bundle at a path (mapped) or in memory. Digests of members other than the manifest are not yet checked.

    Raises:
        InvalidFileError: no such file, not a bundle, truncated, damaged, unsafe, or of a schema not read here.
    """
    if isinstance(source, mmap.mmap):
        return _read(memoryview(source).toreadonly(), "<memory>")
    if isinstance(source, bytes | bytearray | memoryview):
        return _read(_aligned(source), "<memory>")
    return _read(_map(Path(source)), str(source))


def in_memory(size: int) -> mmap.mmap:
    """Memory for a bundle of `size` bytes: aligned, since weights are used in place, in large pages if there are any.

    Weights that are read once a call come from main memory. With pages of 4 KiB the processor must find out where each
    of them is; it then reads two thirds as much a second (measured, 21 GB/s and 32 with pages of 2 MiB).
    """
    size = max(size, 1)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory has small pages
    with contextlib.suppress(OSError):  # a kernel that was built without them
        mapped.madvise(mmap.MADV_HUGEPAGE)
    return mapped


def _aligned(source: bytes | bytearray | memoryview) -> memoryview:
    # A bytes object has no alignment.
    mapped = in_memory(len(source))
    mapped[: len(source)] = source
    return memoryview(mapped).toreadonly()[: len(source)]


def _map(path: Path) -> memoryview:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for its writer
            raise InvalidFileError("not a regular file", file=str(path), doing="reading the bundle")
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise InvalidFileError("the file is empty", file=str(path), doing="reading the bundle")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidFileError(f"cannot open: {reason}", file=str(path), doing="reading the bundle") from None


def _read(data: memoryview, file: str) -> Container:
    end, comment = _find_end(data, file)
    matched = _COMMENT.fullmatch(comment)
    if matched is None:
        raise _damaged(file, "it is a ZIP, but no webtensorc bundle, or another tool has rewritten it")
    schema, reader, digest = int(matched[1]), int(matched[2]), matched[3].decode()
    check_schema(schema, reader, file)
    try:
        entries = _directory(data, end, file)
    except (struct.error, IndexError):
        raise _damaged(file, "its directory of members is cut off") from None
    layout = zip_layout.plan_layout(entries, comment)
    _check_layout(data, layout, file)
    members = {p.entry.name: data[p.data_offset : p.data_offset + p.entry.size] for p in layout.members}
    if MANIFEST not in members:
        raise _damaged(file, "it has no manifest", MANIFEST)
    text = bytes(members[MANIFEST])
    if hashlib.sha256(text).hexdigest() != digest:
        raise _damaged(file, "its content does not match the digest in the archive comment", MANIFEST)
    manifest = Manifest.from_json(text, file)
    if (manifest.schema, manifest.oldest_reader) != (schema, reader):
        raise _damaged(file, "its schema differs from the one in the archive comment", MANIFEST)
    _check_table(manifest, members, file)
    return Container(file, manifest, digest, members)


def _find_end(data: memoryview, file: str) -> tuple[int, bytes]:
    window = max(0, len(data) - 22 - _MAX_COMMENT)
    tail = bytes(data[window:])
    at = tail.rfind(zip_layout.END_SIGNATURE)
    if at >= 0 and len(tail) - at >= 22:
        comment = tail[at + 22 :]
        if len(comment) == struct.unpack_from("<H", tail, at + 20)[0]:
            return window + at, comment
    if bytes(data[:4]) == b"PK\x03\x04":
        raise _damaged(file, "it is cut off or damaged: the end record of the archive is missing")
    raise InvalidFileError("not a webtensorc bundle", file=file, doing="reading the bundle")


def _directory(data: memoryview, end: int, file: str) -> list[Entry]:
    count, _, position = struct.unpack_from("<HII", data, end + 10)
    if position == LIMIT32:
        count, _, position = struct.unpack_from("<QQQ", data, end - 76 + 32)
    if count > _MAX_MEMBERS:
        raise _damaged(file, f"its directory claims {count} members")
    entries: dict[str, Entry] = {}
    for _ in range(count):
        fields = struct.unpack_from("<4sHHHHHHIIIHHHHHII", data, position)
        name_end = position + 46 + fields[10]
        name = _member_name(bytes(data[position + 46 : name_end]), file)
        _check_fields(fields, name, file)
        size = fields[9]
        if size == LIMIT32:
            size = struct.unpack_from("<Q", data, name_end + 4)[0]
        if size > len(data):
            raise _damaged(file, "its size is beyond the end of the file", name)
        if name.casefold() in entries:
            raise _damaged(file, "two members have this name", name)
        entries[name.casefold()] = Entry(name, size, fields[7])
        position = name_end + fields[11] + fields[12]
    return list(entries.values())


def _member_name(raw: bytes, file: str) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise _damaged(file, f"a member's name is not UTF-8: {raw[:40]!r}") from None
    parts = name.split("/")
    if "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts) or not name.isprintable():
        raise _damaged(file, f"a member's name is unsafe: {name[:80]!r}")
    return name


def _check_fields(fields: tuple[object, ...], name: str, file: str) -> None:
    if fields[0] != zip_layout.DIRECTORY_SIGNATURE:
        raise _damaged(file, "its directory of members is damaged")
    if int(fields[3]) & 1:  # type: ignore[call-overload]
        raise _damaged(file, "it is encrypted; members of a bundle never are", name)
    if fields[4] != 0 or fields[8] != fields[9]:
        raise _damaged(file, "it is compressed; members of a bundle are stored as they are", name)


def _check_layout(data: memoryview, layout: Layout, file: str) -> None:
    for placed in layout.members:
        if data[placed.header_offset : placed.data_offset] != placed.header:
            raise _damaged(file, "its header is damaged, or it is not where it must be", placed.entry.name)
    if len(data) != layout.size or data[layout.tail_offset :] != layout.tail:
        raise _damaged(file, "its directory is damaged, or members overlap or leave gaps")


def _check_table(manifest: Manifest, members: Mapping[str, memoryview], file: str) -> None:
    for name in members.keys() - manifest.members.keys() - {MANIFEST}:
        raise _damaged(file, "the manifest does not list it", name)
    for name in (GRAPH, safetensors.MEMBER):
        if name not in manifest.members:
            raise _damaged(file, "every bundle has this member; here it is missing", name)
    for name, member in manifest.members.items():
        if name not in members or len(members[name]) != member.size:
            raise _damaged(file, "it is missing, or its size differs from the manifest", name)
        if len(member.sha256) != max(1, -(-member.size // PIECE)):
            raise _damaged(file, "the manifest does not have a digest for every piece of it", name)
    for variant in manifest.variants:
        if variant.module not in manifest.members:
            raise _damaged(file, f"the module of variant {variant.label!r} is missing", variant.module)
    for each in manifest.sized_graphs:
        if each.graph not in manifest.members:
            raise _damaged(file, "the graph of variants for particular sizes is missing", each.graph)


def _damaged(file: str, message: str, member: str | None = None) -> InvalidFileError:
    return InvalidFileError(
        message,
        file=file,
        place=f"member {member}" if member else None,
        doing="reading the bundle",
        hint="copy or build the bundle again",
    )
