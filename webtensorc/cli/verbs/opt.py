"""`webtensorc opt`: run passes on a file of IR, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console
from webtensorc.cli.options import verb


@verb("""
    $ webtensorc opt model.onnx --pass fold-constants > folded.mlir
    $ webtensorc compile model.onnx --stop-after stream > stream.mlir
    $ webtensorc opt stream.mlir --pass "plan-arena{node-limit=100}"
""")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option(
    "--pass",
    "specs",
    required=True,
    multiple=True,
    metavar="SPEC",
    shell_complete=options.complete_passes,
    help="name{key=value}. Repeatable.",
)
@click.option(
    "--target",
    default="host",
    show_default=True,
    metavar="SPEC",
    shell_complete=options.complete_targets,
    help="The target that passes may ask.",
)
def command(console: Console, file: str, specs: tuple[str, ...], target: str) -> None:
    """Run passes, in the order given, on FILE and print the IR that results.

    FILE is MLIR text of any phase (- for standard input), or a model, whose graph is taken.
    """
    from webtensorc.rewrite import run_passes

    found = run_passes(_source(file), specs, target)
    console.say(f"{', '.join(specs)}: {found.changes} changes")
    console.result({"passes": list(specs), "changes": found.changes, "ir": found.ir}, found.ir.rstrip("\n"))


def _source(file: str) -> str | Path:
    """MLIR text, or the path of a model."""
    if file == "-":
        return sys.stdin.read() + "\n"
    from webtensorc.frontends.detect import Format, detect

    path = Path(file)
    return path.read_text() + "\n" if detect(path) is Format.MLIR_TEXT else path
