"""The compile cache: files under a content-addressed key, shared by processes, bounded in size.

    ROOT/entries/<sha256 of the key>/entry.json    the key itself, and size and digest of every file
    ROOT/entries/<sha256 of the key>/<name>        the files
    ROOT/tmp/<random>/                             entries being written or removed

An entry appears and disappears by one rename, so two writers never see half of one; the loser's copy is dropped. The
hash only finds the folder: the key is stored and compared, and every file's digest is checked before it is handed out.
Standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
import uuid
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cache", "CacheWarning", "Entry", "default_root"]

DEFAULT_MAX_BYTES = 10 * 2**30

_INDEX = "entry.json"
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
_GRACE_SECONDS = 60.0
"""Entries used so recently are not evicted: somebody may be about to open their files."""
_ABANDONED_SECONDS = 24 * 3600.0


class CacheWarning(RuntimeWarning):
    """The cache cannot be used; compilation goes on without it."""


@dataclass(frozen=True)
class Entry:
    """Files found under a key.

    Attributes:
        files: path of each file by name, to be opened or mapped soon and never written to.
        digests: SHA-256 of each file by name, hexadecimal, checked on this hit.
    """

    files: Mapping[str, Path]
    digests: Mapping[str, str]

    def path(self, name: str) -> Path:
        """Where one file lies."""
        return self.files[name]

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        return self.files[name].read_bytes()


def default_root() -> Path:
    """`$WEBTENSORC_CACHE_DIR`, else `$XDG_CACHE_HOME/webtensorc`, else `~/.cache/webtensorc`."""
    if chosen := os.environ.get("WEBTENSORC_CACHE_DIR"):
        return Path(chosen)
    # The XDG Base Directory specification says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path("~/.cache")
    return _expanded(base) / "webtensorc"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no home directory is known
        return Path(f"/tmp/webtensorc-{os.getuid()}")


def _warn(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=4)


class Cache:
    """A directory of entries.

    Args:
        root: where it lies; made when first written to. `default_root()` if None.
        max_bytes: bound on the size of all files; the least recently used entries go first.
        warn: called with one line the first time the directory cannot be used, and then no more.

    No method raises `OSError`: a cache that cannot be read has no entries, one that cannot be written keeps none.
    """

    def __init__(
        self,
        root: Path | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        warn: Callable[[str], None] = _warn,
    ) -> None:
        self.root = root if root is not None else default_root()
        self.max_bytes = max_bytes
        self._warn: Callable[[str], None] | None = warn

    def get(self, key: Mapping[str, Any]) -> Entry | None:
        """The entry under a key that equals `key`, or None.

        An entry that is incomplete or fails a digest is removed and counts as none.
        """
        text = _canonical(key)
        folder = self._folder(text)
        try:
            index = _read_index(folder)
            if index["key"] != text:
                return None
            entry = _checked(folder, index)
        except FileNotFoundError:
            if folder.is_dir():
                self._remove(folder)
            return None
        except PermissionError as error:
            self._complain(error)
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self._remove(folder)
            return None
        with contextlib.suppress(OSError):  # a read-only cache is still worth reading
            os.utime(folder)
        return entry

    def put(self, key: Mapping[str, Any], files: Mapping[str, bytes | Path]) -> Entry | None:
        """Store files under a key and return the entry; None if that is not possible.

        Args:
            key: JSON-ready data.
            files: contents by name, or paths whose content is taken by hard link where the file system allows, else by
                copy; such a file must not be written to afterwards.

        If another process stored an equal key in the meantime, its entry is kept and returned.
        """
        for name in files:
            if not _NAME.fullmatch(name) or name == _INDEX:
                raise ValueError(f"not a file name for a cache entry: {name!r}")
        text = _canonical(key)
        folder = self._folder(text)
        draft = self.root / "tmp" / uuid.uuid4().hex
        try:
            if sum(_size_of(content) for content in files.values()) > self.max_bytes:
                return None
            draft.mkdir(parents=True)
            written = _write(draft, text, files)
            found = self._publish(draft, folder, text)
        except OSError as error:
            self._complain(error)
            return None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._evict(folder)
        return found or Entry({name: folder / name for name in written}, written)

    def clear(self) -> None:
        """Remove every entry."""
        for folder in self._entries():
            self._remove(folder)
        self._sweep(0.0)

    def size(self) -> int:
        """Bytes of all files of all entries."""
        return sum(map(_folder_size, self._entries()))

    def _folder(self, text: str) -> Path:
        return self.root / "entries" / _digest_text(text)

    def _entries(self) -> list[Path]:
        try:
            return [path for path in (self.root / "entries").iterdir() if path.is_dir()]
        except OSError:
            return []

    def _publish(self, draft: Path, folder: Path, text: str) -> Entry | None:
        """Rename `draft` to `folder`; if an intact equal entry is there already, leave it and return it."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(3):
            try:
                draft.rename(folder)
                return None
            except OSError:
                if not folder.is_dir() or attempt == 2:
                    raise
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                index = _read_index(folder)
                if index["key"] == text:
                    return _checked(folder, index)
            self._remove(folder)  # damaged, or another key with the same hash
        return None

    def _remove(self, folder: Path) -> None:
        """Make an entry vanish in one step, then free its space."""
        grave = self.root / "tmp" / uuid.uuid4().hex
        try:
            grave.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(grave)
        except FileNotFoundError:
            return  # somebody else removed it
        except OSError as error:
            self._complain(error)
            return
        shutil.rmtree(grave, ignore_errors=True)

    def _evict(self, keep: Path) -> None:
        sizes = {folder: _folder_size(folder) for folder in self._entries()}
        excess = sum(sizes.values()) - self.max_bytes
        if excess > 0:
            newest = time.time() - _GRACE_SECONDS
            for folder in sorted(sizes, key=_used):
                if excess <= 0:
                    break
                if folder != keep and _used(folder) < newest:
                    self._remove(folder)
                    excess -= sizes[folder]
        self._sweep(_ABANDONED_SECONDS)

    def _sweep(self, age: float) -> None:
        """Free what crashed writers left behind."""
        with contextlib.suppress(OSError):
            for path in (self.root / "tmp").iterdir():
                if _used(path) <= time.time() - age:
                    shutil.rmtree(path, ignore_errors=True)

    def _complain(self, error: OSError) -> None:
        if self._warn is not None:
            warn, self._warn = self._warn, None
            warn(f"the compile cache at {self.root} cannot be used ({error.strerror or error}); going on without it")


def _canonical(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _digest_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read_index(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / _INDEX).read_bytes())
    if not isinstance(found, dict):
        raise ValueError("not an index")
    return found


def _checked(folder: Path, index: Mapping[str, Any]) -> Entry:
    """The entry, after comparing every file with its recorded size and digest; ValueError where they differ."""
    files, digests = {}, {}
    for name, (size, digest) in index["files"].items():
        path = folder / name
        if path.stat().st_size != size or _digest_file(path) != digest:
            raise ValueError(f"{name} is damaged")
        files[name], digests[name] = path, digest
    return Entry(files, digests)


def _write(draft: Path, text: str, files: Mapping[str, bytes | Path]) -> dict[str, str]:
    """Fill `draft` and return the digests."""
    index: dict[str, tuple[int, str]] = {}
    for name, content in files.items():
        target = draft / name
        if isinstance(content, Path):
            _link_or_copy(content, target)
        else:
            target.write_bytes(content)
        index[name] = (target.stat().st_size, _digest_file(target))
    (draft / _INDEX).write_text(json.dumps({"key": text, "files": index}))
    return {name: digest for name, (_, digest) in index.items()}


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
        return
    except OSError:
        pass
    with source.open("rb") as reading, target.open("wb") as writing:
        remaining = os.fstat(reading.fileno()).st_size
        while remaining:
            try:
                copied = os.copy_file_range(reading.fileno(), writing.fileno(), remaining)
            except (OSError, AttributeError):  # another file system, or no such call here
                shutil.copyfileobj(reading, writing, 1 << 20)
                return
            if not copied:
                return
            remaining -= copied


def _digest_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _size_of(content: bytes | Path) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _folder_size(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            total += path.stat().st_size
    return total


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
