"""`webtensorc inspect`: what is in a bundle, or in a model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options, schedules
from webtensorc.cli.console import Console, short, size, table
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    from webtensorc_runtime.container import Container
    from webtensorc_runtime.manifest import Variant

    from webtensorc.sizes import Sizes


@verb("""
    $ webtensorc inspect model.wtb
    $ webtensorc inspect model.wtb --memory --schedule --target x86-64-v3
    $ webtensorc inspect model.wtb --target x86-64-v3 --svg memory.svg
    $ webtensorc inspect model.onnx --format json
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path())
@options.targets(default=())
@click.option("--plan", "show_plan", is_flag=True, help="Show the plan of each variant.")
@click.option("--memory", "show_memory", is_flag=True, help="Show the memory of each variant.")
@click.option("--svg", type=click.Path(), help="Draw the memory of one variant over time into this file.")
@click.option("--schedule", "show_schedule", is_flag=True, help="Show the commands of one call, and predicted times.")
@options.shapes
def command(
    console: Console,
    model: str,
    targets: tuple[str, ...],
    show_plan: bool,
    show_memory: bool,
    svg: str | None,
    show_schedule: bool,
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
) -> None:
    """Show what BUNDLE holds (every digest is checked), or the signature and operations of MODEL."""
    from webtensorc.cli import building

    if not building.is_bundle(model):
        if svg is not None:
            raise click.UsageError("--svg draws the memory of a compiled model: give a bundle")
        _inspect_model(console, model, dims, input_shapes)
        return
    building.check_shapes(model, dims, input_shapes)
    from webtensorc_runtime.container import open_container

    container = open_container(model)
    container.verify_in_background().wait()
    chosen = _chosen(container, targets)
    if svg is not None:
        _draw(options.output_file(Path(svg)), chosen, model)
    text = [_bundle_text(container, model)]
    for each in chosen:
        text += [f"{each.label}\n{each.plan}"] if show_plan else []
        with _reading_a_report(each, model):
            text += [f"{each.label}: memory\n{_memory(each)}"] if show_memory else []
            text += [f"{each.label}: schedule\n{schedules.commands(each.report)}"] if show_schedule else []
    console.result(_bundle_data(container, model, chosen), "\n\n".join(text))


def _draw(path: Path, chosen: list[Variant], model: str) -> None:
    """Write the drawing that `--svg` asks for.

    Raises:
        click.UsageError: there are several variants, or theirs is no memory of static size.
    """
    from webtensorc import scratch
    from webtensorc.lifetimes import pictures
    from webtensorc.schedule import Schedule

    if len(chosen) != 1:
        names = ", ".join(each.label for each in chosen)
        raise click.UsageError(f"--svg draws one variant: name one with --target, of {names}")
    with _reading_a_report(chosen[0], model):
        drawn = pictures(Schedule.from_json(chosen[0].report["schedule"]))
    if len(drawn) != 1:
        raise click.UsageError(f"variant `{chosen[0].label}` has {len(drawn)} arenas of static size; --svg draws one")
    with scratch.replacing(path) as partial:
        partial.write_text(drawn[0].svg())


def _chosen(container: Container, targets: tuple[str, ...]) -> list[Variant]:
    """The variants that `--target` names, or all.

    Raises:
        click.UsageError: the bundle has no such variant.
    """
    variants = {each.label: each for each in container.manifest.variants}
    for target in targets:
        if target not in variants:
            raise click.UsageError(f"the bundle has no variant `{target}`; it has {', '.join(variants)}")
    return [variants[target] for target in targets or variants]


def _bundle_data(container: Container, path: str, chosen: list[Variant]) -> dict[str, Any]:
    manifest = container.manifest
    return {
        "kind": "bundle",
        "file": path,
        "name": manifest.name,
        "schema": manifest.schema,
        "oldest_reader": manifest.oldest_reader,
        "digest": container.digest,
        "inputs": [vars(spec) for spec in manifest.inputs],
        "outputs": [vars(spec) for spec in manifest.outputs],
        "dims": [vars(each) for each in manifest.dims],
        "constraints": [str(each) for each in manifest.constraints],
        "versions": dict(manifest.versions),
        "members": {name: vars(member) for name, member in manifest.members.items()},
        "variants": [vars(each) for each in chosen],
    }


def _bundle_text(container: Container, path: str) -> str:
    manifest = container.manifest
    members = [(name, size(member.size), member.sha256[0][:16]) for name, member in manifest.members.items()]
    variants = [
        (short(each.label), each.device, each.mode, size(manifest.members[each.module].size), len(each.features))
        for each in manifest.variants
    ]
    return "\n".join(
        [
            f"{path}: bundle of {manifest.name}, schema {manifest.schema}, digests match",
            *_signature(manifest),
            "",
            table(("variant", "device", "mode", "module", "features"), variants),
            *(f"  {each.label} needs {' '.join(each.features) or 'nothing special'}" for each in manifest.variants),
            "",
            table(("member", "size", "sha256"), members),
            "",
            "built with " + ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
        ]
    )


def _signature(of: Any) -> list[str]:
    dims = [f"  where  {', '.join(map(str, (*of.dims, *of.constraints)))}"] if of.dims else []
    return [f"  input  {spec}" for spec in of.inputs] + [f"  output {spec}" for spec in of.outputs] + dims


@contextmanager
def _reading_a_report(variant: Variant, path: str) -> Iterator[None]:
    """What cannot be made sense of in a variant's report is the file's fault.

    Raises:
        InvalidFileError: the report is not one that this version writes.
    """
    from webtensorc.errors import InvalidFileError

    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        message = f"its report cannot be read: {type(error).__name__}: {error}"
        raise InvalidFileError(message, file=path, place=f"variant {variant.label}", doing="reading a report") from None


def _memory(variant: Variant) -> str:
    from webtensorc.lifetimes import pictures
    from webtensorc.schedule import Schedule

    schedule = Schedule.from_json(variant.report["schedule"])
    sizes: Counter[str] = Counter()
    for resource in schedule.resources:
        sizes[resource.kind] += resource.size or 0
    rows = [(kind, size(count)) for kind, count in sorted(sizes.items())]
    rows += [
        ("arena of one call", schedules.amount(schedule.arena_bytes)),
        ("max-live lower bound", schedules.amount(schedule.max_live())),
    ]
    rows += [(name, str(value)) for name, value in sorted(_scalars(variant.report).items())]
    parts = [table(("memory", "amount"), rows)]
    for picture in pictures(schedule):
        part = f"{picture.size / max(1, picture.bound):.3f} times the lower bound"
        parts += [f"{picture.name}: {size(picture.size)}, {part}", picture.text()]
        parts += [table(("buffer", "bytes", "offset", "from step", "to step"), picture.rows())]
    return "\n\n".join(parts)


def _scalars(report: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if isinstance(value, (bool, int, float, str))}


def _inspect_model(
    console: Console, path: str, dims: dict[str, Sizes], input_shapes: dict[str, tuple[int, ...]]
) -> None:
    from webtensorc import portable
    from webtensorc.frontends import load_model

    model = load_model(path, dims=dims, input_shapes=input_shapes)
    counts = Counter(re.findall(r"\b(?:stablehlo|chlo|func)\.(?!return|func\b)\w+", portable.to_text(model.graph)))
    weights = [(name, array.dtype.name, list(array.shape), array.nbytes) for name, array in model.weights.items()]
    data = {
        "kind": "model",
        "file": path,
        "name": model.name,
        "inputs": [vars(spec) for spec in model.inputs],
        "outputs": [vars(spec) for spec in model.outputs],
        "dims": [vars(each) for each in model.dims],
        "constraints": [str(each) for each in model.constraints],
        "operations": dict(counts.most_common()),
        "weights": [dict(zip(("name", "dtype", "shape", "bytes"), each, strict=True)) for each in weights],
    }
    text = [
        f"{path}: model {model.name}, {len(weights)} weights of {size(sum(each[3] for each in weights))}",
        *_signature(model),
        "",
        table(("operation", "count"), counts.most_common()),
    ]
    console.result(data, "\n".join(text))
