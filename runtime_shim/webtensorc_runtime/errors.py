"""Errors that a user sees: what happened, where, while doing what, and what to do about it.

The runtime defines the base class because it may import nothing of the compiler; the compiler adds its own kinds.
"""

from __future__ import annotations

from typing import ClassVar


class DiagnosticError(Exception):
    """An error with a place and a remedy, rendered the same way wherever it is raised.

    Args:
        message: what is wrong, one line, naming the thing (operator, dimension, member, option).
        file: the file that is at fault, as the user wrote its name.
        place: where in the file: a node, an input, a member, a line.
        doing: the activity that met the error, as a gerund phrase ("tracing the graph").
        hint: what the user can do next.
        notes: further lines, for example the full list of reasons.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 101

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        place: str | None = None,
        doing: str | None = None,
        hint: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.place = place
        self.doing = doing
        self.hint = hint
        self.notes = notes

    def as_dict(self) -> dict[str, object]:
        """The error as JSON-ready data, keys always present."""
        return {
            "kind": self.kind,
            "exit_code": self.exit_code,
            "message": self.message,
            "file": self.file,
            "place": self.place,
            "doing": self.doing,
            "hint": self.hint,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"error[{self.kind}]: {self.message}"]
        where = ": ".join(part for part in (self.file, self.place) if part)
        if where:
            lines.append(f"  --> {where}")
        if self.doing:
            lines.append(f"   |  while: {self.doing}")
        lines += [f"   |  {note}" for note in self.notes]
        if self.hint:
            lines += ["", f"hint: {self.hint}"]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__)


def _rebuild(cls: type[DiagnosticError], state: dict[str, object]) -> DiagnosticError:
    error = cls.__new__(cls, state["message"])
    error.__dict__.update(state)
    return error


class UsageError(DiagnosticError):
    """The request is wrong: an unknown name, a wrong shape, dtype or option value."""

    kind = "usage"
    exit_code = 2


class InvalidFileError(DiagnosticError):
    """The input file cannot be read, is not what it claims to be, or is unsafe to open."""

    kind = "invalid-file"
    exit_code = 3


class IncompatibleMachineError(DiagnosticError):
    """No module of the bundle can run here; the notes say why for each."""

    kind = "incompatible-machine"
    exit_code = 6


class FallbackWarning(UserWarning):
    """The device that was asked for cannot run the bundle, and the processor does instead, which the caller allowed."""
