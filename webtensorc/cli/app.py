"""The command group: finds the verbs by file name, prints versions, and turns every error into an exit code."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Sequence

import click
from click.shell_completion import shell_complete

from webtensorc.cli import failure, verbs
from webtensorc.cli.console import Console
from webtensorc.cli.options import FORMATS, Command

COMPLETION_VARIABLE = "_WEBTENSORC_COMPLETE"

EPILOG = """
\b
Examples:
  $ webtensorc compile model.onnx -o model.wtb
  $ webtensorc run model.wtb
  $ webtensorc verify model.onnx

stdout is data, stderr is talk. Exit codes: 0 ok, 1 the answer is no, 2 usage, 3 bad input file, 4 unsupported,
5 compilation failed, 6 the bundle does not fit this machine, 101 a bug of ours, 124 time limit, 130 interrupted.
"""


class Verbs(click.Group):
    """A group whose commands are the modules of `webtensorc.cli.verbs`, each imported when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The verbs, by name."""
        return sorted(module.name for module in pkgutil.iter_modules(verbs.__path__))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb called `name`; None when there is none.

        Raises:
            click.UsageError: no such verb, naming those that are close.
        """
        known = self.list_commands(context)
        if name not in known:
            raise click.NoSuchCommand(name, possibilities=known, ctx=context)
        command: Command = importlib.import_module(f"{verbs.__name__}.{name}").command
        return command


@click.group(
    cls=Verbs,
    name="webtensorc",
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--version", is_flag=True, help="Print the version of everything that matters, and stop.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="How results are printed; verbs take it too.")
@click.pass_context
def group(context: click.Context, version: bool, format_: str | None) -> int:
    """Compile a machine-learning model once and run it anywhere, without the compiler.

    ONNX, StableHLO or jax.export files go in; one bundle with a module for every target comes out.
    """
    if version:
        from webtensorc.cli.versions import versions

        found = versions()
        Console(format_ or "text").result(found, "\n".join(f"{name:<19} {number}" for name, number in found.items()))
        context.exit(0)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(0 if not context.args else 2)
    return 0


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        The exit code; see docs/reference/exit-codes.md.
    """
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        return shell_complete(group, {}, "webtensorc", COMPLETION_VARIABLE, instruction)
    with failure.reported(arguments) as outcome, group.make_context("webtensorc", list(arguments)) as context:
        outcome.code = group.invoke(context) or 0
    return outcome.code
