"""The command line. `main` is the console script; everything else is imported when a verb needs it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line with the process's arguments and exit with its code."""
    _open_streams()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # XLA, inside JAX, tells of its devices on standard error
    from webtensorc.cli.interrupt import end_on_signals

    end_on_signals()
    from webtensorc.cli.app import run

    _leave(run(sys.argv[1:]))


def _open_streams() -> None:
    """Make standard output and error usable, whatever the process was started with.

    A stream that is closed leads nowhere, and a character that the terminal's encoding lacks (in a file's name, say) is
    escaped.
    """
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != descriptor:  # the next file opened would get this number and be printed into
                os.dup2(nowhere, descriptor)
            setattr(sys, name, open(descriptor, "w", closefd=False))  # noqa: SIM115 (lives as long as the process)
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _leave(code: int) -> NoReturn:
    """End the process without tearing the interpreter down.

    Native libraries that a verb may have loaded leave threads behind, which now and then abort the process while it is
    torn down, after all the work is done (seen in one of some twenty runs of `verify`).
    """
    if workers := sys.modules.get("webtensorc.workers"):
        workers.end_all()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
