"""Ctrl-C and its like end the process from a thread of its own.

Python would raise `KeyboardInterrupt` wherever the main thread happens to be. In a callback of native code that
exception crashes the process or is swallowed, and while native code computes it waits. So these signals are blocked in
every thread, and one thread waits for them, cleans up, and ends the process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

from webtensorc.cli import console

_resting = threading.Event()
_PATIENCE = 0.2
"""Seconds that the main thread gets to reach a point where it can be put to rest; native code may never reach one."""

_LIMIT = 10.0
"""Seconds that cleaning up may take: the main thread may have been put to rest while it held a lock."""


def end_on_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP end the process with exit code 128 + their number, cleanly.

    What the process was started to ignore (`nohup`, a background job) it goes on to ignore.
    """
    if not hasattr(signal, "sigwait"):  # Windows: KeyboardInterrupt is what there is
        return
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    heard = {number for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    signal.signal(signal.SIGUSR1, _rest)
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)  # threads and processes started later inherit this
    threading.Thread(target=lambda: _end(signal.sigwait(heard)), daemon=True, name="signals").start()


def _rest(*_: object) -> None:
    _resting.set()
    threading.Event().wait()


def _end(number: int) -> NoReturn:
    code = 128 + number
    # Else it would see its worker die and its files vanish, and report that.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
    _resting.wait(_PATIENCE)
    threading.Timer(_LIMIT, os._exit, [code]).start()
    _clean_up("webtensorc.workers", "end_all")  # first: they write into the scratch folders
    _clean_up("webtensorc.scratch", "sweep")
    if sys.stderr.isatty():  # a progress bar may be showing, the cursor hidden
        sys.stderr.write("\r\033[K\033[?25h")
    console.error("interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}")
    os._exit(code)


def _clean_up(module: str, function: str) -> None:
    """Call what a module has for its cleaning up; one that is not imported, or only in part, has nothing to clean."""
    getattr(sys.modules.get(module), function, lambda: None)()
