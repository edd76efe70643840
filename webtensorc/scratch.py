"""Files that must not outlive their purpose: scratch folders, and files half written beside the one they will replace.

Context managers remove them however their body ends. `sweep` removes what there is at once, for a process that is told
to end and does not return to those bodies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_present: set[Path] = set()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new private folder where temporary files go (`TMPDIR`).

    Raises:
        OSError: it cannot be made.
    """
    path = Path(tempfile.gettempdir()) / f"webtensorc-{os.urandom(8).hex()}"
    with _present_while(path):
        path.mkdir(mode=0o700)
        yield path


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write a file at, which then becomes `target` in one step; if the body raises, `target` is as it was.

    Where `target` is a symbolic link, the file that it leads to is replaced.

    Raises:
        OSError: the file cannot be written, or `target` is something else than a file (a device, a pipe, a folder).
    """
    target = target.resolve()
    if target.exists() and not target.is_file():
        raise OSError(0, "it is not a regular file", str(target))
    partial = target.with_name(f".{target.name[:80]}.{os.urandom(6).hex()}.partial")
    with _present_while(partial):
        yield partial
        partial.replace(target)


def sweep() -> None:
    """Remove everything that is present now."""
    for path in list(_present):
        _remove(path)


@contextlib.contextmanager
def _present_while(path: Path) -> Iterator[None]:
    _present.add(path)  # before it exists: a signal may come at any moment
    try:
        yield
    finally:
        _remove(path)
        _present.discard(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
