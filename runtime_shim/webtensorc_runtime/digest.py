"""SHA-256 of large buffers, piece by piece, on several threads."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator

PIECE = 16 << 20
"""Bytes per digest. Fixed by the bundle schema."""


def pieces(data: memoryview) -> Iterator[memoryview]:
    """`data` cut every `PIECE` bytes; an empty buffer is one empty piece."""
    for start in range(0, max(len(data), 1), PIECE):
        yield data[start : start + PIECE]


def sha256_pieces(data: memoryview) -> tuple[str, ...]:
    """SHA-256 of each piece of `data`, in hexadecimal."""
    return tuple(hashlib.sha256(piece).hexdigest() for piece in pieces(data))


class Background:
    """Independent jobs run on a few threads from construction on; `wait` returns when all are done.

    The jobs must release the interpreter lock for most of their time, as hashing does.
    """

    def __init__(self, jobs: list[Callable[[], None]]) -> None:
        self._jobs = iter(jobs)
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        count = min(len(jobs), os.cpu_count() or 1, 8)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Block until every job is done.

        Raises:
            BaseException: what the first failing job raised.
        """
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _work(self) -> None:
        while not self._errors:
            with self._lock:
                job = next(self._jobs, None)
            if job is None:
                return
            try:
                job()
            except BaseException as error:  # handed to the waiting thread
                self._errors.append(error)
