"""The command line. `main` is the console script; everything else is imported when a verb needs it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line with the process's arguments and exit with its code."""
    from webtensorc.cli.app import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End the process without tearing the interpreter down.

    Native libraries that a verb may have loaded leave threads behind, which now and then abort the process while it is
    torn down, after all the work is done (seen in one of some twenty runs of `verify`).
    """
    if workers := sys.modules.get("webtensorc.workers"):
        workers.end_idle()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
