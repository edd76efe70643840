"""Bytes to an MLIR module: text, bytecode and portable artifacts, with readable errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jaxlib.mlir import ir, passmanager
from jaxlib.mlir.dialects import chlo, sdy, stablehlo

from webtensorc import portable
from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.detect import Format

COMPOSITES_TO_CALLS = "func.func(stablehlo-legalize-composite-to-call)"
"""A pipeline: functions of CHLO, of which artifacts keep what they are made of, as calls of that."""


def context() -> Any:
    """A context with StableHLO, CHLO and Shardy (attributes only), their passes registered."""
    stablehlo.register_stablehlo_passes()
    made = portable.context()
    chlo.register_dialect(made)
    sdy.register_dialect(made)
    made.enable_multithreading(False)
    return made


def run_passes(module: Any, pipeline: str) -> None:
    """Run a textual pass pipeline, given without its `builtin.module(...)`."""
    passmanager.PassManager.parse(f"builtin.module({pipeline})").run(module.operation)


def read_file(path: Path) -> bytes:
    """The bytes of `path`; what goes wrong is the file's fault."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidFileError(f"the file cannot be read: {error.strerror or error}", file=str(path)) from None


def check(data: bytes, form: Format, file: str | None, doing: str) -> None:
    """Raise InvalidFileError if `data`, which nobody vouches for, cannot be read; survives crashes of the reader."""
    if form is Format.MLIR_TEXT:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _rejected(data, form, [f"byte {error.start} is not UTF-8"], file, doing) from None
        return
    from webtensorc.frontends.stablehlo import trial

    notes = trial.complaints(data, form)
    if notes is not None:
        raise _rejected(data, form, notes, file, doing)


def parse(data: bytes, form: Format, file: str | None, doing: str) -> Any:
    """Parse `data` in the current context and verify it; use `check` first on what came from a file.

    Raises:
        InvalidFileError: it is damaged or malformed (with MLIR's first complaint), or of a newer StableHLO.
        UnsupportedError: it has quantised types.
    """
    with _diagnostics() as complaints:
        try:
            if form is Format.PORTABLE_ARTIFACT:
                module = stablehlo.deserialize_portable_artifact(ir.Context.current, data)
            else:
                module = ir.Module.parse(data)
                if any(op.operation.name.startswith("vhlo.") for op in module.body):  # a portable artifact of old
                    version = stablehlo.get_current_version()
                    run_passes(module, f"vhlo-to-version{{target={version}}},vhlo-legalize-to-stablehlo")
            module.operation.verify()
        except (ir.MLIRError, ValueError) as error:
            complaints += _complaints(error)
            if any('`!"quant"' in text for text in complaints):
                raise UnsupportedError(
                    "quantised element types (`!quant.uniform`) are not implemented",
                    file=file,
                    doing=doing,
                    hint="write them as integers and scales: `stablehlo-opt --stablehlo-legalize-quant-to-math`",
                ) from None
            raise _rejected(data, form, complaints, file, doing) from None
    return module


@contextmanager
def _diagnostics() -> Iterator[list[str]]:
    """Collect what the context has to say instead of letting it print."""
    said: list[str] = []

    def note(diagnostic: Any) -> bool:
        said.append(_with_line(diagnostic.location, diagnostic.message))
        return True

    handler = ir.Context.current.attach_diagnostic_handler(note)
    try:
        yield said
    finally:
        handler.detach()


def _complaints(error: Exception) -> list[str]:
    found = getattr(error, "error_diagnostics", None) or ()
    return [_with_line(diagnostic.location, diagnostic.message) for diagnostic in found]


def _with_line(location: Any, message: str) -> str:
    match = re.match(r'loc\("[^"]*":(\d+):(\d+)', str(location))
    return f"line {match[1]}, column {match[2]}: {message}" if match and match[1] != "0" else message


def _rejected(data: bytes, form: Format, complaints: list[str], file: str | None, doing: str) -> InvalidFileError:
    notes = tuple(dict.fromkeys(re.sub(r"\s+", " ", text) for text in complaints))[:5]
    if form is Format.PORTABLE_ARTIFACT:
        match = re.match(rb"ML\xefR[^\0]*?StableHLO_v(\d+)\.(\d+)\.(\d+)", data[:64])
        current = tuple(map(int, stablehlo.get_current_version().split(".")))
        if match and tuple(map(int, match.groups())) > current:
            version = ".".join(group.decode() for group in match.groups())
            return InvalidFileError(
                f"the artifact was written for StableHLO {version}; this installation reads up to "
                f"{stablehlo.get_current_version()}",
                file=file,
                doing=doing,
                hint="write it for an older version, or update jaxlib",
            )
    return InvalidFileError(
        f"the {form.value} is damaged or malformed",
        file=file,
        doing=doing,
        notes=notes,
        hint="write it again; a truncated copy is the usual cause" if form is not Format.MLIR_TEXT else None,
    )
