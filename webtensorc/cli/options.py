"""Options that several verbs share, and the parameter types that read them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from webtensorc.cli.console import Console

if TYPE_CHECKING:
    from webtensorc.sizes import Sizes

FORMATS = ("text", "json")

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose epilog, the examples, is printed as written."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples without wrapping them."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.strip().splitlines():
                    formatter.write(f"  {line.strip()}\n")


def verb(examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function the command of its module: with `--format`, `-q`, `-v` and examples in the help.

    The function gets a `Console` as its first argument and returns an exit code or None.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def with_console(format_: str | None, quiet: bool, verbose: bool, **arguments: Any) -> Any:
            chosen = format_ or click.get_current_context().find_root().params.get("format_") or "text"
            return function(Console(chosen, quiet=quiet, verbose=verbose), **arguments)

        for option in (
            click.option("-v", "--verbose", is_flag=True, help="Say more about what is going on."),
            click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
            click.option("--format", "format_", type=click.Choice(FORMATS), help="How the result is printed."),
        ):
            with_console = option(with_console)
        name = function.__module__.rpartition(".")[2]
        made: click.Command = click.command(name, cls=Command, epilog=examples)(with_console)
        return made

    return decorate


class Number(click.FloatRange):
    """A number within bounds; not NaN, which every comparison would let through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number, or fail with click's error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


LARGEST_SIZE = 2**63 - 1
"""Of a dimension: MLIR's sizes are signed 64-bit integers."""


def _size(text: str) -> int | None:
    """A dimension's size, or None where `text` is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_SIZE else None


class _Dimension(click.ParamType["tuple[str, Sizes]"]):
    name = "NAME=SIZES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Sizes]:
        from webtensorc import sizes
        from webtensorc.errors import UsageError

        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        name, equals, text = value.rpartition("=")
        if not (equals and name):
            self.fail(f"`{value}` is not NAME=N, for example batch=1 or batch=1..64", param, ctx)
        try:
            return name, sizes.parse(text)
        except UsageError as error:
            self.fail(f"`{value}` is not NAME=N or another form of sizes: {error.message}; {error.hint}", param, ctx)


class _InputShape(click.ParamType[tuple[str, tuple[int, ...]]]):
    name = "NAME:AxBxC"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int, ...]]:
        name, colon, shape = value.rpartition(":")
        sizes = [_size(part) for part in shape.split("x")] if shape else []
        if not (colon and name and None not in sizes):
            self.fail(f"`{value}` is not NAME:AxBxC, for example x:1x3x224x224", param, ctx)
        return name, tuple(size for size in sizes if size is not None)


def collect(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs of a repeated option as a mapping.

    Raises:
        click.UsageError: one name is given two values.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise click.UsageError(f"{option} gives `{name}` two values: {found[name]} and {value}")
    return found


def output_file(path: Path) -> Path:
    """`path`, refused before any work is done if no file can be written there.

    Raises:
        click.UsageError: it is a folder, a device or standard output, or there is no folder to hold it.
    """
    if str(path) == "-":
        raise click.UsageError("the result is written to a file, not to standard output; `./-` is a file of that name")
    if path.is_dir():
        raise click.UsageError(f"`{path}` is a folder; name the file to write")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"`{path}` is not a regular file")
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder `{path.parent}` to write `{path.name}` into")
    return path


def output_folder(path: Path) -> Path:
    """`path`, made if need be.

    Raises:
        click.UsageError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"cannot make the folder `{path}`: {(error.strerror or str(error)).lower()}") from None
    return path


def _mapping(option: str) -> Callable[[click.Context, click.Parameter, Any], dict[str, Any]]:
    return lambda context, parameter, pairs: collect(option, pairs)


def _complete_devices(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    from webtensorc_runtime.device import CHOICES

    return [name for name in CHOICES if name.startswith(start)]


def complete_targets(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """The targets whose names begin so, for the shell."""
    from webtensorc import registry

    names = [name for each in registry.target_classes().values() for name in each.names()]
    return [name for name in names if name.startswith(start)]


def complete_passes(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """The passes whose names begin so, for the shell."""
    from webtensorc import registry

    return [name for name in registry.entries("webtensorc.passes") if name.startswith(start)]


def shapes(function: F) -> F:
    """`--dim` and `--input-shape`: pin what the model leaves open."""
    function = click.option(
        "--input-shape",
        "input_shapes",
        multiple=True,
        type=_InputShape(),
        callback=_mapping("--input-shape"),
        help="Fix the shape of one input. Repeatable.",
    )(function)
    return click.option(
        "--dim",
        "dims",
        multiple=True,
        type=_Dimension(),
        callback=_mapping("--dim"),
        help="Fix a named dimension (batch=1), bound it (batch=1..64), for multiples only (height=32..640:32), or have "
        "variants for sizes (batch=1,8,1..64). Repeatable.",
    )(function)


def targets(default: tuple[str, ...] = ("host",), *, several: bool = True) -> Callable[[F], F]:
    """`--target`, repeatable if `several`."""

    def check(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
        if len(given) > 1 and not several:
            raise click.UsageError("one --target at a time: this verb runs the model")
        return given

    return click.option(
        "--target",
        "targets",
        multiple=True,
        default=default,
        metavar="SPEC",
        shell_complete=complete_targets,
        callback=check,
        help="What to compile for; `webtensorc targets` lists them."
        + (" Repeatable." if several else "")
        + (f" Default: {', '.join(default)}." if default else ""),
    )


def optimization(function: F) -> F:
    """`-O`, `--precise`, `--pass` and `--disable-pass`."""
    for option in (
        click.option(
            "--disable-pass",
            "disabled_passes",
            multiple=True,
            metavar="NAME",
            shell_complete=complete_passes,
            help="Leave a pass out. Repeatable.",
        ),
        click.option(
            "--pass",
            "passes",
            multiple=True,
            metavar="SPEC",
            shell_complete=complete_passes,
            help="Add a pass, or set its options: name{key=value}. Repeatable.",
        ),
        click.option(
            "--precise",
            is_flag=True,
            help="Leave the model's algebra as it is: no Winograd, no scales folded into weights, no TF32.",
        ),
        click.option(
            "-O",
            "optimization_level",
            type=click.IntRange(0, 3),
            help="How hard to optimise. Default: 3, or what a bundle was compiled with.",
        ),
    ):
        function = option(function)
    return function


def seed(function: F) -> F:
    """`--seed` of the random inputs."""
    return click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of random inputs.")(
        function
    )


def execution(function: F) -> F:
    """`--device` and `--threads`."""
    function = click.option("--threads", type=click.IntRange(1), help="Threads to use at most. Default: all cores.")(
        function
    )
    return click.option(
        "--device",
        shell_complete=_complete_devices,
        help="Device to run on; `auto` prefers a GPU, `fastest` measures. Default: the processor.",
    )(function)


def tolerance(function: F) -> F:
    """`--rtol` and `--atol`."""
    absolute = click.option("--atol", type=Number(0), help="Absolute tolerance. Default: by dtype, float32 1e-6.")
    relative = click.option(
        "--rtol",
        type=Number(0),
        help="Tolerance relative to the output's largest value. Default: by dtype, float32 1e-4.",
    )
    return relative(absolute(function))
