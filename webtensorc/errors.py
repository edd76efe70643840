"""The compiler's errors. Each kind has one exit code; see docs/reference/exit-codes.md."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from webtensorc_runtime.errors import (
    DiagnosticError,
    IncompatibleMachineError,
    InvalidFileError,
    UsageError,
)

__all__ = [
    "CompilationError",
    "DiagnosticError",
    "IncompatibleMachineError",
    "InternalError",
    "InvalidFileError",
    "OutOfResourcesError",
    "TimeLimitError",
    "Unsupported",
    "UnsupportedError",
    "UsageError",
]


@dataclass(frozen=True)
class Unsupported:
    """One thing this version cannot compile, and every node that needs it."""

    operator: str
    reason: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.nodes[:5]) + (", ..." if len(self.nodes) > 5 else "")
        return f"{self.operator} (x{len(self.nodes)}): {self.reason} [{shown}]"


class UnsupportedError(DiagnosticError):
    """The model is valid but needs what this version lacks; `items` lists all of it at once."""

    kind = "unsupported"
    exit_code = 4

    def __init__(self, message: str, items: tuple[Unsupported, ...] = (), **where: str | None) -> None:
        super().__init__(message, notes=tuple(map(str, items)), **where)
        self.items = items


class CompilationError(DiagnosticError):
    """The native compiler refused, crashed or hung; `reproducer` is the folder that shows it again."""

    kind = "compilation"
    exit_code = 5
    reproducer: Path | None = None


class OutOfResourcesError(DiagnosticError):
    """There was no memory, or no space on a disk: no bug."""

    kind = "out-of-resources"
    exit_code = 5

    FULL_DISK: ClassVar[tuple[int, ...]] = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    FREE_SPACE: ClassVar[str] = "free some space, or set TMPDIR to a folder that has some"

    @classmethod
    def of(cls, error: BaseException) -> OutOfResourcesError | None:
        """What `error` says if it is of this kind, else None."""
        if isinstance(error, MemoryError):
            return cls("there is not enough memory", hint="close other programs or use a smaller batch")
        if isinstance(error, OSError) and error.errno in cls.FULL_DISK:
            file = None if error.filename is None else os.fsdecode(error.filename)
            hint = f"{cls.FREE_SPACE}; no partial file was left behind"
            return cls(f"the disk is full: {(error.strerror or str(error)).lower()}", file=file, hint=hint)
        return None


class InternalError(DiagnosticError):
    """A bug of ours."""

    kind = "internal"
    exit_code = 101
    reproducer: Path | None = None


class TimeLimitError(DiagnosticError):
    """The time limit that the user set ran out."""

    kind = "time-limit"
    exit_code = 124
