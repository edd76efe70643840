"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from webtensorc_runtime.errors import DiagnosticError, InvalidFileError, UsageError

from webtensorc.cli import console

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

BROKEN_PIPE = 141
"""128 + SIGPIPE: the reader of standard output went away; nobody is left to be told more."""


@dataclass
class Outcome:
    """What a command line came to."""

    code: int = 0


@contextmanager
def reported(arguments: Sequence[str]) -> Iterator[Outcome]:
    """Report whatever the body raises, and put the exit code into the outcome."""
    outcome = Outcome()
    try:
        yield outcome
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        outcome.code = stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        console.error("interrupted: nothing was written")
        outcome.code = INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output again at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        outcome.code = BROKEN_PIPE
    except Exception as raised:
        diagnostic = _diagnose(raised, arguments)
        outcome.code = diagnostic.exit_code
        console.error(str(diagnostic))
        if _wants_json(arguments):
            with contextlib.suppress(OSError):  # that standard output cannot be written to may be what failed
                console.Console("json").result({"error": diagnostic.as_dict()}, "")


def _diagnose(raised: Exception, arguments: Sequence[str]) -> DiagnosticError:
    """The diagnostic that tells the user about `raised`."""
    if isinstance(raised, click.ClickException):
        return _usage(raised)
    if isinstance(raised, DiagnosticError):
        if raised.exit_code == 101 and getattr(raised, "reproducer", None) is None:
            return _bug(raised, arguments)
        return raised
    from webtensorc.errors import OutOfResourcesError

    if exhausted := OutOfResourcesError.of(raised):
        return exhausted
    if isinstance(raised, OSError) and raised.filename is not None and not isinstance(raised, ChildProcessError):
        return InvalidFileError(f"{(raised.strerror or str(raised)).lower()}", file=_name(raised))
    return _bug(raised, arguments)


def _name(raised: OSError) -> str | None:
    return None if raised.filename is None else os.fsdecode(raised.filename)


def _usage(raised: click.ClickException) -> UsageError:
    """click's complaint in our words, naming what is close to a misspelt word."""
    possibilities = getattr(raised, "possibilities", None)
    message = raised.message if possibilities else raised.format_message()
    message = message.rstrip(".").replace("\n", " ")
    context = getattr(raised, "ctx", None)
    path = context.command_path if context else "webtensorc"
    hint = f"`{path} --help` shows what there is"
    if possibilities:
        hint = f"did you mean {' or '.join(f'`{word}`' for word in possibilities)}?"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _bug(raised: Exception, arguments: Sequence[str]) -> DiagnosticError:
    """A bug of ours: write down what is needed to look into it."""
    from webtensorc.cli import crash
    from webtensorc.errors import InternalError

    message = raised.message if isinstance(raised, DiagnosticError) else f"{type(raised).__name__}: {raised}"
    doing = raised.doing if isinstance(raised, DiagnosticError) else "running `webtensorc " + " ".join(arguments) + "`"
    notes = raised.notes if isinstance(raised, DiagnosticError) else ()
    try:
        folder: Path | None = crash.write(raised, arguments)
    except OSError:
        folder = None
    hint = f"this is a bug of webtensorc; please report it with the folder {folder}"
    error = InternalError(message, doing=doing, notes=notes, hint=hint if folder else "this is a bug of webtensorc")
    error.reproducer = folder
    return error


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON; parsing may have failed, so this looks at the words."""
    asked = [b for a, b in itertools.pairwise(arguments) if a == "--format"]
    asked += [a.removeprefix("--format=") for a in arguments if a.startswith("--format=")]
    return bool(asked) and asked[-1] == "json"
