"""`webtensorc opt`: run one pass on a file of IR."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from webtensorc.cli.console import Console
from webtensorc.cli.options import verb


@verb("""
    $ webtensorc compile model.onnx --stop-after flow > flow.mlir
    $ webtensorc opt flow.mlir --pass "PASS{option=4}"
""")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--pass", "spec", required=True, metavar="SPEC", help="The pass: name{key=value}.")
@click.option("--target", default="host", show_default=True, metavar="SPEC", help="The target that the pass may ask.")
def command(console: Console, file: str, spec: str, target: str) -> None:
    """Run one pass on the IR in FILE (- for standard input) and print the IR that results."""
    from webtensorc.driver import run_pass

    text = sys.stdin.read() if file == "-" else _read(Path(file))
    result, changes = run_pass(text, spec, target)
    console.say(f"{spec}: {changes} changes")
    console.result({"pass": spec, "changes": changes, "ir": result}, result.rstrip("\n"))


def _read(path: Path) -> str:
    from webtensorc.errors import InvalidFileError

    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is not text"
        raise InvalidFileError(reason.lower(), file=str(path), doing="reading IR", hint="give MLIR as text") from None
