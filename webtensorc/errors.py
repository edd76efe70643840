"""The compiler's errors. Each kind has one exit code; see docs/reference/exit-codes.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


class InternalError(DiagnosticError):
    """A bug of ours."""

    kind = "internal"
    exit_code = 101
    reproducer: Path | None = None


class TimeLimitError(DiagnosticError):
    """The time limit that the user set ran out."""

    kind = "time-limit"
    exit_code = 124
