"""Calls that go on while their caller does something else: one thread for each module that is used so."""

from __future__ import annotations

import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_lock = threading.Lock()
_queues: weakref.WeakKeyDictionary[Any, tuple[int, ThreadPoolExecutor]] = weakref.WeakKeyDictionary()


def queue(module: Any) -> ThreadPoolExecutor:
    """The module's own thread, made when it is first needed; a forked child makes its own. It ends with the module."""
    with _lock:
        process, made = _queues.get(module, (0, None))
        if made is None or process != os.getpid():
            made = ThreadPoolExecutor(1, thread_name_prefix="webtensorc")
            _queues[module] = os.getpid(), made
        return made
