"""What became of one case of a suite."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webtensorc.errors import CompilationError, UnsupportedError

STATUSES = ("pass", "fail", "unsupported", "crash", "not-run", "absent", "built")


class NotRunError(Exception):
    """The reference does not run the case on this machine, so there is nothing to compare with."""


class AbsentError(Exception):
    """This machine lacks what the case runs on; elsewhere it may do as expected."""


class BuiltError(AbsentError):
    """As its base, but the case compiles, and the device's own assembler accepts the code."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        case: the case's name, `group/name`.
        status: `pass`; `fail` (refused, or another result); `unsupported` (refused by the front end with a reason);
            `crash` (a process died or hung); `not-run` (the reference does not run it either); `absent` (this machine
            lacks the device, the emulator, ...); `built` (the same, but its code is accepted by an assembler).
        reason: why not `pass`; empty for `pass`.
        seconds: CPU time of this process and the compiler's, compilation and run together.
        wrong: of a case of several problems, those with wrong results and what is wrong; the others are right.
    """

    case: str
    status: str
    reason: str
    seconds: float
    wrong: Mapping[str, str] = field(default_factory=dict)


def attempt(case: str, function: Callable[[], None]) -> Outcome:
    """Run `function`, which raises unless the case passes, and tell apart what it raises."""
    started = cpu_seconds()
    status, reason = _attempt(function)
    return Outcome(case, status, " ".join(reason.split())[:600], round(cpu_seconds() - started, 3))


def _attempt(function: Callable[[], None]) -> tuple[str, str]:
    try:
        function()
    except NotRunError as error:
        return "not-run", str(error)
    except AbsentError as error:
        return "built" if isinstance(error, BuiltError) else "absent", str(error)
    except UnsupportedError as error:
        return "unsupported", str(error)
    except CompilationError as error:
        return ("crash" if "crashed" in error.message else "fail"), "; ".join((str(error), *error.notes[:2]))
    except AssertionError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return "fail", " | ".join(lines[:4])
    except Exception as error:
        return "fail", f"{type(error).__name__}: {error}"
    return "pass", ""


def cpu_seconds() -> float:
    """CPU seconds used so far by this process and its children, running ones included."""
    times = os.times()
    total = time.process_time() + times.children_user + times.children_system
    me = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        if fields[1] == me:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total
