"""The command line. `main` is the console script; everything else is imported when a verb needs it."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line with the process's arguments and exit with its code."""
    from webtensorc.cli.app import run

    sys.exit(run(sys.argv[1:]))
