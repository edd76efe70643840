"""`webtensorc compile`: a model in, a bundle out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, short, size, table
from webtensorc.cli.options import verb
from webtensorc.phase import Phase

if TYPE_CHECKING:
    from webtensorc.driver import Compilation, Request


@verb("""
    $ webtensorc compile model.onnx -o model.wtb
    $ webtensorc compile model.onnx -o model.wtb --target x86-64-v3 --target x86-64-v4
    $ webtensorc compile model.wtb --target aarch64 -o more.wtb
    $ webtensorc compile model.onnx --stop-after flow > model.flow.mlir
""")
@click.argument("model", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(), help="The bundle to write. Default: MODEL with the ending .wtb, here."
)
@options.targets()
@options.shapes
@options.optimization
@click.option(
    "--prepack",
    is_flag=True,
    help="Store weights once more, as GPUs read them: a larger bundle that loads faster there.",
)
@click.option("--dump-ir", type=click.Path(file_okay=False), help="Write the IR after every step into this folder.")
@click.option("--time", "show_times", is_flag=True, help="Print how long each step took and how much it changed.")
@click.option("--no-cache", is_flag=True, help="Neither read nor fill the compile cache.")
@click.option(
    "--stop-after",
    type=click.Choice([each.value for each in Phase]),
    help="Print the first target's IR after this phase; no bundle.",
)
@click.option("--timeout", type=options.Number(0, min_open=True), help="Give up after this many seconds (exit 124).")
def command(
    console: Console,
    model: str,
    output: str | None,
    dump_ir: str | None,
    show_times: bool,
    no_cache: bool,
    stop_after: str | None,
    timeout: float | None,
    **what: Any,
) -> None:
    """Compile MODEL for one or more targets into one bundle.

    MODEL is an ONNX file, StableHLO (text, bytecode or portable artifact), a jax.export file, or a bundle, to whose
    targets those given are added; without options its own level and passes stay.
    """
    from webtensorc.cache import Cache
    from webtensorc.cli import building
    from webtensorc.driver import Request
    from webtensorc.extend import extended
    from webtensorc.plan import Options

    targets = what["targets"]
    chosen = Options(
        what["optimization_level"], what["passes"], what["disabled_passes"], what["precise"], what["prepack"]
    )
    if Path(model).is_file() and building.is_bundle(model):
        targets = extended(model, targets)
    request = Request(
        model,
        targets,
        what["dims"],
        what["input_shapes"],
        chosen,
        cache=None if no_cache else Cache(warn=console.say),
        dump_dir=options.output_folder(Path(dump_ir)) if dump_ir else None,
        timeout=timeout,
    )
    if stop_after:
        _print_ir(console, request, stop_after)
    else:
        _write_bundle(console, request, _destination(model, output), show_times)


def _destination(model: str, output: str | None) -> Path:
    """Where the bundle goes, refused early if it cannot be written there."""
    path = options.output_file(Path(output) if output else Path(Path(model).stem + ".wtb"))
    if path.exists() and Path(model).exists() and path.samefile(model):
        raise click.UsageError(f"-o would replace the model `{model}` itself")
    return path


def _print_ir(console: Console, request: Request, stop_after: str) -> None:
    from webtensorc.driver import lower

    text = lower(request, Phase(stop_after))
    console.result({"target": request.plans()[0].target, "phase": stop_after, "ir": text}, text.rstrip("\n"))


def _write_bundle(console: Console, request: Request, path: Path, show_times: bool) -> None:
    from webtensorc.cli.building import compile_request

    started = time.monotonic()
    compilation = compile_request(console, request)
    compilation.bundle.save(path)
    data = {**_facts(path), "cached": list(compilation.cached), "seconds": round(time.monotonic() - started, 3)}
    data["warnings"] = list(compilation.warnings)
    if show_times or console.is_json:
        data["steps"] = dict(compilation.records)
    if console.verbose:
        console.detail(f"{data['seconds']} s in all")
    console.result(data, _text(data) + (f"\n\n{_times(compilation)}" if show_times else ""))


def _facts(path: Path) -> dict[str, Any]:
    from webtensorc_runtime.container import open_container

    manifest = open_container(path).manifest
    return {
        "bundle": str(path),
        "bytes": path.stat().st_size,
        "variants": [
            {
                "target": each.label,
                "device": each.device,
                "features": list(each.features),
                "mode": each.mode,
                "module_bytes": manifest.members[each.module].size,
            }
            for each in manifest.variants
        ],
    }


def _text(data: dict[str, Any]) -> str:
    rows = [
        (short(each["target"]), size(each["module_bytes"]), each["mode"], len(each["features"]))
        for each in data["variants"]
    ]
    return f"{data['bundle']}: {size(data['bytes'])}\n\n{table(('target', 'module', 'mode', 'features'), rows)}"


def _times(compilation: Compilation) -> str:
    rows = [
        (
            short(label),
            each["step"],
            each["family"] or "-",
            each["seconds"],
            "-" if each["changes"] is None else each["changes"],
        )
        for label, records in compilation.records.items()
        for each in records
    ]
    return table(("part", "step", "family", "seconds", "changes"), rows)
